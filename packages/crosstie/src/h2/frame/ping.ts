// SPDX-License-Identifier: Apache-2.0
/** PING: one round trip on the connection, never on a stream (RFC 9113 §6.7). */

import { ConnectionError } from './error.ts';
import { encodeFrameHead, Flag, type FrameHead, FrameType, typeAndFlags } from './head.ts';

export const PING_BYTES = 8;
const PING = typeAndFlags(FrameType.PING, 0);
const PING_ACK = typeAndFlags(FrameType.PING, Flag.ACK);

/** The eight opaque bytes stay at `at` of the read buffer. */
export function parsePing(head: FrameHead): { readonly ack: boolean } {
  // §6.7: on a stream other than 0x00, a connection error of type PROTOCOL_ERROR.
  if (head.streamId !== 0) throw new ConnectionError('PROTOCOL_ERROR', `PING on stream ${head.streamId}`);
  // §6.7: with a length other than 8, a connection error of type FRAME_SIZE_ERROR.
  if (head.length !== PING_BYTES) throw new ConnectionError('FRAME_SIZE_ERROR', `PING of ${head.length} bytes`);
  return (head.flags & Flag.ACK) !== 0 ? ACK : REQUEST;
}

const ACK = { ack: true } as const;
const REQUEST = { ack: false } as const;

/** `opaque` holds the eight bytes from `from` on. */
export function encodePing(
  out: Uint8Array,
  at: number,
  ping: { ack: boolean; opaque: Uint8Array; from: number },
): number {
  const body = encodeFrameHead(out, at, PING_BYTES, ping.ack ? PING_ACK : PING, 0);
  for (let i = 0; i < PING_BYTES; i++) out[body + i] = ping.opaque[ping.from + i];
  return body + PING_BYTES;
}
