// SPDX-License-Identifier: Apache-2.0
// A decoded field block after the body (RFC 9113 §8.1).

import { HeaderFields } from '../../exchange/index.ts';
import type { FieldBlock } from '../../hpack/index.ts';
import { faultOfField } from './field-rules.ts';
import { type Malformed, malformed } from './request-head.ts';

export interface ParsedTrailers {
  readonly kind: 'trailers';
  readonly fields: HeaderFields;
  readonly listBytes: number;
}

export function parseTrailers(block: FieldBlock): ParsedTrailers | Malformed {
  if (block.malformed !== undefined) return malformed(block.malformed);
  const flat = block.fields;
  for (let i = 0; i < flat.length; i += 2) {
    // §8.1: pseudo-header fields MUST NOT appear in trailers.
    if (flat[i].startsWith(':')) return malformed(`pseudo-header field ${flat[i]} in trailers`);
    const fault = faultOfField(flat[i], flat[i + 1]);
    if (fault !== undefined) return malformed(fault);
  }
  return { kind: 'trailers', fields: new HeaderFields(flat, block.neverIndexed), listBytes: block.listBytes };
}
