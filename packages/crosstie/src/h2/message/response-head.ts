// SPDX-License-Identifier: Apache-2.0
// A decoded field block → the head of a response, or why it is malformed (RFC 9113 §8.3.2).

import { HeaderFields, type ResponseHead } from '../../exchange/index.ts';
import type { FieldBlock } from '../../hpack/index.ts';
import { faultOfField, parseContentLength } from './field-rules.ts';
import { type Malformed, malformed } from './request-head.ts';

export interface ParsedResponse {
  readonly kind: 'response';
  readonly head: ResponseHead;
  /** -1 when not announced. */
  readonly contentLength: number;
  readonly listBytes: number;
}

const STATUS = /^[1-9][0-9]{2}$/;

export function parseResponse(block: FieldBlock): ParsedResponse | Malformed {
  if (block.malformed !== undefined) return malformed(block.malformed);
  const all = block.fields;
  // §8.3.2: exactly one :status, and §8.3: before all other fields; no other pseudo-header field.
  if (all.length === 0 || all[0] !== ':status') return malformed(':status is missing');
  if (!STATUS.test(all[1])) return malformed(':status is not a status');
  const status = Number(all[1]);
  // §8.6: HTTP/2 has no 101 (Switching Protocols).
  if (status === 101) return malformed(':status 101');
  const flat = all.slice(2);
  let contentLength = -1;
  for (let i = 0; i < flat.length; i += 2) {
    if (flat[i].startsWith(':')) return malformed(`pseudo-header field ${flat[i]} in a response`);
    const fault = faultOfField(flat[i], flat[i + 1]);
    if (fault !== undefined) return malformed(fault);
    if (flat[i] !== 'content-length') continue;
    const length = parseContentLength(flat[i + 1]);
    if (length < 0) return malformed('content-length is not a number of bytes');
    if (contentLength >= 0) return malformed('two content-length fields');
    contentLength = length;
  }
  // RFC 9110 §8.6: no content-length in 1xx and 204.
  if (contentLength >= 0 && (status < 200 || status === 204)) return malformed(`content-length with status ${status}`);
  const head = { status, fields: new HeaderFields(flat, block.neverIndexed) };
  return { kind: 'response', head, contentLength, listBytes: block.listBytes };
}
