// SPDX-License-Identifier: Apache-2.0
/** CONTINUATION: the rest of a field block that did not fit its HEADERS (RFC 9113 §6.10). */

import { encodeFrameHead, FrameType, typeAndFlags } from './head.ts';

const CONTINUATION = typeAndFlags(FrameType.CONTINUATION, 0);

/** The head alone; the fragment of `length` bytes stands behind it. `flags`: END_HEADERS on the last. */
export function encodeContinuationHead(
  out: Uint8Array,
  at: number,
  streamId: number,
  length: number,
  flags: number,
): number {
  return encodeFrameHead(out, at, length, CONTINUATION | flags, streamId);
}
