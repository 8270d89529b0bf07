// SPDX-License-Identifier: Apache-2.0
/** WINDOW_UPDATE: more bytes may be sent, on a stream or on the connection (RFC 9113 §6.9). */

import { ConnectionError } from './error.ts';
import { encodeFrameHead, type FrameHead, FrameType, readUint32, typeAndFlags, writeUint32 } from './head.ts';

const LENGTH = 4;
const WINDOW_UPDATE = typeAndFlags(FrameType.WINDOW_UPDATE, 0);
export const WINDOW_UPDATE_FRAME_BYTES = 13;

/** Returns the increment, 1 to 2^31-1. */
export function parseWindowUpdate(head: FrameHead, bytes: Uint8Array, at: number): number {
  // §6.9: a length other than 4 is a connection error of type FRAME_SIZE_ERROR.
  if (head.length !== LENGTH) throw new ConnectionError('FRAME_SIZE_ERROR', `WINDOW_UPDATE of ${head.length} bytes`);
  const increment = readUint32(bytes, at) & 0x7fffffff;
  // §6.9: an increment of 0 is a stream or connection PROTOCOL_ERROR; raised to the connection (§5.4.1), so that a peer
  // cannot make us reset the stream of a handler that goes on working (CVE-2025-8671).
  if (increment === 0) throw new ConnectionError('PROTOCOL_ERROR', `WINDOW_UPDATE of 0 on stream ${head.streamId}`);
  return increment;
}

export function encodeWindowUpdate(out: Uint8Array, at: number, streamId: number, increment: number): number {
  return writeUint32(out, encodeFrameHead(out, at, LENGTH, WINDOW_UPDATE, streamId), increment);
}
