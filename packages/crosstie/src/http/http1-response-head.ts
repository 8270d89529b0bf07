// SPDX-License-Identifier: Apache-2.0
// A neutral response head → status and fields of HTTP/1.1. `OutgoingHeaders` has checked names and values: a CR LF in one
// would be a second response. What HTTP/1.1 itself decides (connection, framing) is left out, never passed through.

import type { OutgoingHeaders, PreparedHeaders } from '../exchange/index.ts';

export interface Http1ResponseHead {
  readonly status: number;
  /** name, value, … without content-length. */
  readonly fields: readonly string[];
  /** The content-length that was among the fields. */
  readonly contentLength: number | undefined;
}

const STATUS = /^[1-9][0-9]{2}$/;

/** RFC 9110 §7.6.1 and RFC 9112 §6: the connection's and the framing's own. */
const OURS: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

const preparedHeads = new WeakMap<PreparedHeaders, Http1ResponseHead>();

/** Throws a TypeError for a status or a length that is none: the caller's mistake, and nothing is sent. */
export function translateResponseHead(headers: OutgoingHeaders): Http1ResponseHead {
  const { prepared, flat } = headers;
  if (prepared === undefined) return translate(flat);
  let head = preparedHeads.get(prepared);
  if (head === undefined) {
    head = translate(prepared.flat);
    preparedHeads.set(prepared, head);
  }
  if (flat.length === 0) return head;
  const more = translate(flat);
  return {
    status: head.status,
    fields: [...head.fields, ...more.fields],
    contentLength: more.contentLength ?? head.contentLength,
  };
}

export function translateTrailers(trailers: OutgoingHeaders): readonly string[] {
  return translateResponseHead(trailers).fields;
}

function translate(flat: readonly string[]): Http1ResponseHead {
  let status = 200;
  let contentLength: number | undefined;
  const fields: string[] = [];
  for (let i = 0; i < flat.length; i += 2) {
    const name = flat[i];
    const value = flat[i + 1];
    if (name === ':status') status = parseStatus(value);
    else if (name === 'content-length') contentLength = parseLength(value);
    else if (!OURS.has(name)) fields.push(name, value);
  }
  return { status, fields, contentLength };
}

function parseStatus(value: string): number {
  // RFC 9110 §15: three digits, the first of them 1 to 5. Others are sent as they are, as over HTTP/2.
  if (!STATUS.test(value)) throw new TypeError(`:status ${JSON.stringify(value)} is not a three-digit number`);
  return Number(value);
}

function parseLength(value: string): number {
  const length = Number(value);
  if (!/^[0-9]+$/.test(value) || !Number.isSafeInteger(length)) {
    throw new TypeError(`content-length ${JSON.stringify(value)} is not a number of bytes`);
  }
  return length;
}
