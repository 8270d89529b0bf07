// SPDX-License-Identifier: Apache-2.0
/** RST_STREAM: ends one stream at once (RFC 9113 §6.4). */

import { ConnectionError } from './error.ts';
import { encodeFrameHead, type FrameHead, FrameType, readUint32, typeAndFlags, writeUint32 } from './head.ts';

const LENGTH = 4;
const RST_STREAM = typeAndFlags(FrameType.RST_STREAM, 0);

/** Returns the error code. */
export function parseRstStream(head: FrameHead, bytes: Uint8Array, at: number): number {
  // §6.4: on stream 0x00, a connection error of type PROTOCOL_ERROR.
  if (head.streamId === 0) throw new ConnectionError('PROTOCOL_ERROR', 'RST_STREAM on stream 0');
  // §6.4: a length other than 4 is a connection error of type FRAME_SIZE_ERROR.
  if (head.length !== LENGTH) throw new ConnectionError('FRAME_SIZE_ERROR', `RST_STREAM of ${head.length} bytes`);
  return readUint32(bytes, at);
}

export function encodeRstStream(out: Uint8Array, at: number, streamId: number, code: number): number {
  return writeUint32(out, encodeFrameHead(out, at, LENGTH, RST_STREAM, streamId), code);
}
