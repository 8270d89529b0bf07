// SPDX-License-Identifier: Apache-2.0
// Integers (RFC 7541 §5.1): the low bits of a first byte, its prefix, and if they are all ones, groups of seven bits.

import { HpackError } from './error.ts';

/**
 * Bytes of the longest integer we take, its first one included. RFC 7541 §5.1 asks for a limit; five bytes reach
 * 2^28 + 126, far above any length or index that the other limits allow, and stay exact in 32-bit arithmetic.
 */
export const MAX_INTEGER_BYTES = 5;

const LAST_SHIFT = 7 * (MAX_INTEGER_BYTES - 2);

/** Where the integer read last ends. A second result as a field: an object per integer would be garbage. */
export const integerCursor = { end: 0 };

/** Reads an integer whose prefix is all ones. `prefixMask` is the prefix's value; `at` is the byte behind it. */
export function readLongInteger(block: Buffer, at: number, end: number, prefixMask: number): number {
  let value = prefixMask;
  for (let shift = 0; shift <= LAST_SHIFT; shift += 7) {
    if (at >= end) throw new HpackError('the header block ends inside an integer');
    const byte = block[at++];
    value += (byte & 0x7f) << shift;
    if (byte < 0x80) {
      integerCursor.end = at;
      return value;
    }
  }
  throw new HpackError(`an integer takes more than ${MAX_INTEGER_BYTES} bytes`);
}

/** Writes `value` with a prefix of `prefixMask` under the bits of `pattern`; returns the position behind it. */
export function writeInteger(pattern: number, prefixMask: number, value: number, out: Buffer, at: number): number {
  if (value < prefixMask) {
    out[at] = pattern | value;
    return at + 1;
  }
  out[at++] = pattern | prefixMask;
  let rest = value - prefixMask;
  for (; rest >= 0x80; rest >>>= 7) out[at++] = (rest & 0x7f) | 0x80;
  out[at] = rest;
  return at + 1;
}
