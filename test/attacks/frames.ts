// SPDX-License-Identifier: Apache-2.0
// Frames in bulk: what an attacker writes, as bytes, without an object per frame.

import {
  data,
  END_STREAM,
  encodeFields,
  frame,
  headers,
  raw,
  request,
  type Script,
  type ScriptFields,
} from '../../packages/crosstie/src/testing/index.ts';

/** HPACK of a request to the echo, plain literals: it changes no table and is good for any number of streams. */
export const REQUEST_BLOCK = encodeFields(
  Object.entries(request('POST', '/echo') as Readonly<Record<string, string>>) as [string, string][],
);

/** Stream ids of a client in order, from `first` on. */
export function* streamIds(count: number, first = 1): Generator<number> {
  for (let i = 0; i < count; i++) yield first + 2 * i;
}

/** The words of one step as one word: a long attack is one line in the transcript. */
export function burst(words: Iterable<Script>): Script {
  return raw(Buffer.concat([...words].map((word) => word.encode())));
}

export function repeat(count: number, word: Script): Script {
  const bytes = Buffer.from(word.encode());
  return raw(Buffer.concat(new Array<Buffer>(count).fill(bytes)));
}

/** A request whose body is to follow. */
export function open(streamId: number): Script {
  return headers(streamId, REQUEST_BLOCK);
}

/** A request without a body. */
export function whole(streamId: number): Script {
  return headers(streamId, REQUEST_BLOCK, END_STREAM);
}

/** A request with further fields, in the order given. */
export function requestWith(streamId: number, fields: readonly (readonly [string, string])[], flags = 0): Script {
  const base = Object.entries(request('POST', '/echo')) as [string, string][];
  const all: ScriptFields = [...base, ...fields];
  return headers(streamId, all, flags);
}

/** DATA of `bytes` equal bytes in frames of `frameBytes`. */
export function bulkData(streamId: number, bytes: number, frameBytes = 16_384): Script {
  const full = Buffer.from(data(streamId, Buffer.alloc(frameBytes, 'x')).encode());
  const parts = new Array<Uint8Array>(Math.floor(bytes / frameBytes)).fill(full);
  const rest = bytes % frameBytes;
  if (rest > 0) parts.push(data(streamId, Buffer.alloc(rest, 'x')).encode());
  return raw(Buffer.concat(parts));
}

/** A frame of any type with `bytes` zeros. */
export function anyFrame(type: number, bytes: number, streamId = 0, flags = 0): Script {
  return frame({ type, streamId, flags, payload: Buffer.alloc(bytes) });
}

/** An HPACK literal with incremental indexing and a new name: the entry that a bomb refers to. */
export function inserted(name: string, value: string): Buffer {
  return encodeFields([[name, value]], 'indexed');
}

/** The indexed representation of the newest dynamic entry, `count` times: a byte each (RFC 7541 §6.1). */
export function references(count: number): Buffer {
  return Buffer.alloc(count, 0x80 | 62);
}
