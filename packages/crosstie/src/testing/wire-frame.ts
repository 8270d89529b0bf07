// SPDX-License-Identifier: Apache-2.0
// HTTP/2 frames as bytes (RFC 9113 §4.1), written for the scripted peer and on purpose not shared with the engine: a
// mistake made once in a common encoder and decoder would not show. It checks nothing, so that it can say anything.

/** RFC 9113 §6; the index is the frame type. */
export const FRAME_TYPES = [
  'DATA',
  'HEADERS',
  'PRIORITY',
  'RST_STREAM',
  'SETTINGS',
  'PUSH_PROMISE',
  'PING',
  'GOAWAY',
  'WINDOW_UPDATE',
  'CONTINUATION',
] as const;
export type FrameTypeName = (typeof FRAME_TYPES)[number];

/** RFC 9113 §7; the index is the error code. */
export const ERROR_CODES = [
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
export type ErrorCodeName = (typeof ERROR_CODES)[number];

/** RFC 9113 §6.5.2 and RFC 8441 §3; the index is the setting's identifier. */
export const SETTING_NAMES = [
  '(0)',
  'HEADER_TABLE_SIZE',
  'ENABLE_PUSH',
  'MAX_CONCURRENT_STREAMS',
  'INITIAL_WINDOW_SIZE',
  'MAX_FRAME_SIZE',
  'MAX_HEADER_LIST_SIZE',
  '(7)',
  'ENABLE_CONNECT_PROTOCOL',
] as const;

export const END_STREAM = 0x1;
export const ACK = 0x1;
export const END_HEADERS = 0x4;
export const PADDED = 0x8;
export const PRIORITY_FLAG = 0x20;

/** RFC 9113 §3.4: what a client sends before its first frame. */
export const PREFACE_BYTES: Uint8Array = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'latin1');

const HEAD_BYTES = 9;

/** A frame as it stands on the wire. */
export interface WireFrame {
  readonly type: number;
  readonly flags: number;
  readonly streamId: number;
  readonly payload: Buffer;
}

export interface FrameBytes {
  readonly type: number;
  readonly flags?: number;
  /** All 32 bits are written, so the reserved one can be set. */
  readonly streamId?: number;
  readonly payload?: Uint8Array;
  /** The length to claim, when it is not that of the payload. */
  readonly length?: number;
}

export function frameTypeName(type: number): string {
  return FRAME_TYPES[type] ?? `FRAME_0x${type.toString(16)}`;
}

export function errorCodeName(code: number): string {
  return ERROR_CODES[code] ?? `0x${code.toString(16)}`;
}

export function settingName(id: number): string {
  return SETTING_NAMES[id] ?? `0x${id.toString(16)}`;
}

export function encodeFrameBytes(frame: FrameBytes): Buffer {
  const payload = frame.payload ?? new Uint8Array(0);
  const head = Buffer.alloc(HEAD_BYTES);
  head.writeUIntBE(frame.length ?? payload.length, 0, 3);
  head[3] = frame.type;
  head[4] = frame.flags ?? 0;
  head.writeUInt32BE((frame.streamId ?? 0) >>> 0, 5);
  return Buffer.concat([head, payload]);
}

/** Cuts received bytes into frames, however they arrive. */
export class FrameCutter {
  #held: Buffer = Buffer.alloc(0);

  /** Bytes of a frame that is not complete yet. */
  get heldBytes(): number {
    return this.#held.length;
  }

  /** The frames completed by `bytes`; copies, so that they can be kept. */
  cut(bytes: Uint8Array): WireFrame[] {
    this.#held = Buffer.concat([this.#held, bytes]);
    const frames: WireFrame[] = [];
    for (;;) {
      const frame = this.#next();
      if (frame === undefined) return frames;
      frames.push(frame);
    }
  }

  /** The first `count` bytes, when so many are there: a client's preface. */
  takeBytes(count: number): Buffer | undefined {
    if (this.#held.length < count) return undefined;
    const taken = this.#held.subarray(0, count);
    this.#held = this.#held.subarray(count);
    return taken;
  }

  /** Holds bytes back without cutting them. */
  hold(bytes: Uint8Array): void {
    this.#held = Buffer.concat([this.#held, bytes]);
  }

  #next(): WireFrame | undefined {
    const held = this.#held;
    if (held.length < HEAD_BYTES) return undefined;
    const end = HEAD_BYTES + held.readUIntBE(0, 3);
    if (held.length < end) return undefined;
    this.#held = held.subarray(end);
    return {
      type: held[3],
      flags: held[4],
      // RFC 9113 §4.1: the reserved bit MUST be ignored when receiving.
      streamId: held.readUInt32BE(5) & 0x7fff_ffff,
      payload: held.subarray(HEAD_BYTES, end),
    };
  }
}
