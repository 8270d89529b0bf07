// SPDX-License-Identifier: Apache-2.0
/** PUSH_PROMISE: refused. Clients here send ENABLE_PUSH = 0, servers never push (RFC 9113 §6.6, §8.4). */

import { ConnectionError } from './error.ts';
import { encodeFrameHead, Flag, type FrameHead, FrameType, typeAndFlags, writeUint32 } from './head.ts';

const PUSH_PROMISE = typeAndFlags(FrameType.PUSH_PROMISE, Flag.END_HEADERS);

export function parsePushPromise(head: FrameHead): never {
  // §8.4: a client cannot push; §6.6: after ENABLE_PUSH = 0 was acknowledged, a connection error of type PROTOCOL_ERROR.
  throw new ConnectionError('PROTOCOL_ERROR', `PUSH_PROMISE on stream ${head.streamId}, but push is off`);
}

/** The head and the promised id; a field block of `blockBytes` stands behind. For peers played in tests. */
export function encodePushPromiseHead(
  out: Uint8Array,
  at: number,
  streamId: number,
  promised: { readonly streamId: number; readonly blockBytes: number },
): number {
  return writeUint32(out, encodeFrameHead(out, at, 4 + promised.blockBytes, PUSH_PROMISE, streamId), promised.streamId);
}
