// SPDX-License-Identifier: Apache-2.0
// The nine bytes before every frame (RFC 9113 §4.1).

/** RFC 9113 §6. */
export const FrameType = {
  DATA: 0x0,
  HEADERS: 0x1,
  PRIORITY: 0x2,
  RST_STREAM: 0x3,
  SETTINGS: 0x4,
  PUSH_PROMISE: 0x5,
  PING: 0x6,
  GOAWAY: 0x7,
  WINDOW_UPDATE: 0x8,
  CONTINUATION: 0x9,
} as const;

/** Flags mean what their frame type says; ACK and END_STREAM share a bit. */
export const Flag = {
  ACK: 0x1,
  END_STREAM: 0x1,
  END_HEADERS: 0x4,
  PADDED: 0x8,
  PRIORITY: 0x20,
} as const;

export const FRAME_HEAD_BYTES = 9;

/** The initial and smallest legal SETTINGS_MAX_FRAME_SIZE (§6.5.2). */
export const MIN_MAX_FRAME_BYTES = 16_384;
export const MAX_MAX_FRAME_BYTES = 16_777_215;

/** One record per connection, overwritten by each frame: nothing is allocated per frame. */
export interface FrameHead {
  length: number;
  type: number;
  flags: number;
  streamId: number;
}

/** Where the interesting part of a payload lies in the read buffer; overwritten by each frame like the head. */
export interface PayloadSpan {
  start: number;
  end: number;
}

export function parseFrameHead(bytes: Uint8Array, at: number, head: FrameHead): void {
  head.length = (bytes[at] << 16) | (bytes[at + 1] << 8) | bytes[at + 2];
  head.type = bytes[at + 3];
  head.flags = bytes[at + 4];
  // §4.1: the reserved bit MUST be ignored when receiving.
  head.streamId = ((bytes[at + 5] & 0x7f) << 24) | (bytes[at + 6] << 16) | (bytes[at + 7] << 8) | bytes[at + 8];
}

/** Writes a frame head and returns where the payload begins. */
export function encodeFrameHead(
  out: Uint8Array,
  at: number,
  length: number,
  typeAndFlags: number,
  streamId: number,
): number {
  out[at] = length >>> 16;
  out[at + 1] = length >>> 8;
  out[at + 2] = length;
  out[at + 3] = typeAndFlags >>> 8;
  out[at + 4] = typeAndFlags;
  out[at + 5] = streamId >>> 24;
  out[at + 6] = streamId >>> 16;
  out[at + 7] = streamId >>> 8;
  out[at + 8] = streamId;
  return at + FRAME_HEAD_BYTES;
}

/** A frame's type and flags as the two bytes they are on the wire. */
export function typeAndFlags(type: number, flags: number): number {
  return (type << 8) | flags;
}

export function readUint32(bytes: Uint8Array, at: number): number {
  return ((bytes[at] << 24) | (bytes[at + 1] << 16) | (bytes[at + 2] << 8) | bytes[at + 3]) >>> 0;
}

export function writeUint32(out: Uint8Array, at: number, value: number): number {
  out[at] = value >>> 24;
  out[at + 1] = value >>> 16;
  out[at + 2] = value >>> 8;
  out[at + 3] = value;
  return at + 4;
}
