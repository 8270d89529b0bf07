// SPDX-License-Identifier: Apache-2.0
/** GOAWAY: no new streams; those above `lastStreamId` were not processed (RFC 9113 §6.8). */

import { ConnectionError } from './error.ts';
import { encodeFrameHead, type FrameHead, FrameType, readUint32, typeAndFlags, writeUint32 } from './head.ts';

export interface GoAwayFrame {
  readonly lastStreamId: number;
  readonly code: number;
  /** Debug data as text, cut at 256 bytes: it is the peer's, for logs only. */
  readonly debug: string;
}

const FIXED_BYTES = 8;
const MAX_DEBUG_BYTES = 256; // Chosen by us: a sentence fits.
const GOAWAY = typeAndFlags(FrameType.GOAWAY, 0);

export function parseGoAway(head: FrameHead, bytes: Buffer, at: number): GoAwayFrame {
  // §6.8: on a stream other than 0x00, a connection error of type PROTOCOL_ERROR.
  if (head.streamId !== 0) throw new ConnectionError('PROTOCOL_ERROR', `GOAWAY on stream ${head.streamId}`);
  // §4.2: too small to contain mandatory frame data is a FRAME_SIZE_ERROR.
  if (head.length < FIXED_BYTES) throw new ConnectionError('FRAME_SIZE_ERROR', `GOAWAY of ${head.length} bytes`);
  const debugEnd = at + Math.min(head.length, FIXED_BYTES + MAX_DEBUG_BYTES);
  return {
    lastStreamId: readUint32(bytes, at) & 0x7fffffff,
    code: readUint32(bytes, at + 4),
    debug: bytes.toString('latin1', at + FIXED_BYTES, debugEnd),
  };
}

/** Bytes that `encodeGoAway` writes at most. */
export const MAX_GO_AWAY_BYTES = 9 + FIXED_BYTES + MAX_DEBUG_BYTES;

export function encodeGoAway(out: Buffer, at: number, frame: GoAwayFrame): number {
  const debug = Buffer.from(frame.debug, 'latin1').subarray(0, MAX_DEBUG_BYTES);
  const body = encodeFrameHead(out, at, FIXED_BYTES + debug.length, GOAWAY, 0);
  writeUint32(out, body, frame.lastStreamId);
  writeUint32(out, body + 4, frame.code);
  debug.copy(out, body + FIXED_BYTES);
  return body + FIXED_BYTES + debug.length;
}
