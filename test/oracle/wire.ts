// SPDX-License-Identifier: Apache-2.0
// HTTP/2 frames as tests write and read them. Shares no code with the engine: a mistake must be made twice to hide.
// It writes whatever it is told, legal or not.

/** RFC 9113 §3.4: the client connection preface. */
export const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'latin1');

export const FRAME_HEAD_LENGTH = 9;

/** RFC 9113 §6. */
export const Type = {
  DATA: 0,
  HEADERS: 1,
  PRIORITY: 2,
  RST_STREAM: 3,
  SETTINGS: 4,
  PUSH_PROMISE: 5,
  PING: 6,
  GOAWAY: 7,
  WINDOW_UPDATE: 8,
  CONTINUATION: 9,
} as const;

export const Flag = { END_STREAM: 0x1, ACK: 0x1, END_HEADERS: 0x4, PADDED: 0x8, PRIORITY: 0x20 } as const;

/** RFC 9113 §6.5.2. */
export const Setting = {
  HEADER_TABLE_SIZE: 1,
  ENABLE_PUSH: 2,
  MAX_CONCURRENT_STREAMS: 3,
  INITIAL_WINDOW_SIZE: 4,
  MAX_FRAME_SIZE: 5,
  MAX_HEADER_LIST_SIZE: 6,
} as const;

/** RFC 9113 §7, in the order of their codes. */
export const ERROR_NAMES = [
  'NO_ERROR',
  'PROTOCOL_ERROR',
  'INTERNAL_ERROR',
  'FLOW_CONTROL_ERROR',
  'SETTINGS_TIMEOUT',
  'STREAM_CLOSED',
  'FRAME_SIZE_ERROR',
  'REFUSED_STREAM',
  'CANCEL',
  'COMPRESSION_ERROR',
  'CONNECT_ERROR',
  'ENHANCE_YOUR_CALM',
  'INADEQUATE_SECURITY',
  'HTTP_1_1_REQUIRED',
] as const;

export function errorName(code: number): string {
  return ERROR_NAMES[code] ?? `0x${code.toString(16)}`;
}

export interface Frame {
  readonly type: number;
  readonly flags: number;
  readonly streamId: number;
  readonly payload: Buffer;
  /** The length field when it lies; the length of the payload otherwise. */
  readonly claimedLength?: number;
}

const NO_BYTES = Buffer.alloc(0);

export function frame(type: number, flags: number, streamId: number, payload: Buffer = NO_BYTES): Frame {
  return { type, flags, streamId, payload };
}

export function encodeFrame(frame: Frame): Buffer {
  const bytes = Buffer.alloc(FRAME_HEAD_LENGTH + frame.payload.length);
  bytes.writeUIntBE((frame.claimedLength ?? frame.payload.length) & 0xffffff, 0, 3);
  bytes[3] = frame.type;
  bytes[4] = frame.flags;
  bytes.writeUInt32BE(frame.streamId >>> 0, 5);
  frame.payload.copy(bytes, FRAME_HEAD_LENGTH);
  return bytes;
}

export function encodeFrames(frames: readonly Frame[]): Buffer {
  return Buffer.concat(frames.map(encodeFrame));
}

/** Cuts a byte stream into frames; what is not yet complete waits. */
export class FrameReader {
  #pending: Buffer = NO_BYTES;

  push(bytes: Uint8Array): Frame[] {
    this.#pending = Buffer.concat([this.#pending, bytes]);
    const frames: Frame[] = [];
    while (this.#pending.length >= FRAME_HEAD_LENGTH) {
      const end = FRAME_HEAD_LENGTH + this.#pending.readUIntBE(0, 3);
      if (this.#pending.length < end) break;
      frames.push(parseFrame(this.#pending.subarray(0, end)));
      this.#pending = this.#pending.subarray(end);
    }
    return frames;
  }

  get pendingBytes(): number {
    return this.#pending.length;
  }
}

function parseFrame(bytes: Buffer): Frame {
  const payload = Buffer.from(bytes.subarray(FRAME_HEAD_LENGTH));
  return { type: bytes[3], flags: bytes[4], streamId: bytes.readUInt32BE(5) & 0x7fffffff, payload };
}

/** The payload without padding and priority fields; undefined when the frame is too short for what its flags claim. */
export function unpadded(frame: Frame): Buffer | undefined {
  let start = 0;
  let padding = 0;
  if (frame.flags & Flag.PADDED) {
    if (frame.payload.length < 1) return undefined;
    padding = frame.payload[0];
    start = 1;
  }
  if (frame.type === Type.HEADERS && frame.flags & Flag.PRIORITY) start += 5;
  if (start + padding > frame.payload.length) return undefined;
  return frame.payload.subarray(start, frame.payload.length - padding);
}

export function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value >>> 0);
  return bytes;
}

/** The payload of a SETTINGS frame. */
export function settingsPayload(entries: readonly (readonly [id: number, value: number])[]): Buffer {
  return Buffer.concat(entries.map(([id, value]) => Buffer.concat([Buffer.from([id >> 8, id & 0xff]), uint32(value)])));
}

export function readSettings(payload: Buffer): [id: number, value: number][] {
  const entries: [number, number][] = [];
  for (let at = 0; at + 6 <= payload.length; at += 6)
    entries.push([payload.readUInt16BE(at), payload.readUInt32BE(at + 2)]);
  return entries;
}

/** Adds padding of `length` bytes in front and behind, with the flag to say so. */
export function pad(unpaddedFrame: Frame, length: number): Frame {
  const payload = Buffer.concat([Buffer.from([length]), unpaddedFrame.payload, Buffer.alloc(length)]);
  return { ...unpaddedFrame, flags: unpaddedFrame.flags | Flag.PADDED, payload };
}
