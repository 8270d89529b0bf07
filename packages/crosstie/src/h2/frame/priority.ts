// SPDX-License-Identifier: Apache-2.0
/** PRIORITY: deprecated (RFC 9113 §5.3.2), checked as RFC 7540 §6.3 asked and then ignored. */

import { ConnectionError } from './error.ts';
import { encodeFrameHead, type FrameHead, FrameType, readUint32, typeAndFlags, writeUint32 } from './head.ts';

export const PRIORITY_BYTES = 5;
const PRIORITY = typeAndFlags(FrameType.PRIORITY, 0);

/** Both faults are stream errors by RFC 7540; raised to the connection (§5.4.1): a peer must not make us reset for it. */
export function parsePriority(head: FrameHead, bytes: Uint8Array, at: number): void {
  // §6.3: on stream 0x00, a connection error of type PROTOCOL_ERROR.
  if (head.streamId === 0) throw new ConnectionError('PROTOCOL_ERROR', 'PRIORITY on stream 0');
  // §6.3: a length other than 5 is a FRAME_SIZE_ERROR.
  if (head.length !== PRIORITY_BYTES) throw new ConnectionError('FRAME_SIZE_ERROR', `PRIORITY of ${head.length} bytes`);
  ensureNotSelfDependent(head.streamId, bytes, at);
}

/** RFC 7540 §5.3.1: a stream cannot depend on itself: PROTOCOL_ERROR. */
export function ensureNotSelfDependent(streamId: number, bytes: Uint8Array, at: number): void {
  if ((readUint32(bytes, at) & 0x7fffffff) === streamId) {
    throw new ConnectionError('PROTOCOL_ERROR', `stream ${streamId} depends on itself`);
  }
}

/** `weight`: 1 to 256. Never sent by the engine; for peers played in tests. */
export function encodePriority(
  out: Uint8Array,
  at: number,
  streamId: number,
  dependsOn: number,
  weight: number,
): number {
  const body = encodeFrameHead(out, at, PRIORITY_BYTES, PRIORITY, streamId);
  out[writeUint32(out, body, dependsOn)] = weight - 1;
  return body + PRIORITY_BYTES;
}
