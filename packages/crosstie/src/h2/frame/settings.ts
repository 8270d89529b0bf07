// SPDX-License-Identifier: Apache-2.0
/** SETTINGS: how its sender wants to be spoken to (RFC 9113 §6.5). */

import { ConnectionError } from './error.ts';
import {
  encodeFrameHead,
  Flag,
  type FrameHead,
  FrameType,
  MAX_MAX_FRAME_BYTES,
  MIN_MAX_FRAME_BYTES,
  readUint32,
  typeAndFlags,
  writeUint32,
} from './head.ts';

/** RFC 9113 §6.5.2, and one of our own. */
export const Setting = {
  HEADER_TABLE_SIZE: 0x1,
  ENABLE_PUSH: 0x2,
  MAX_CONCURRENT_STREAMS: 0x3,
  INITIAL_WINDOW_SIZE: 0x4,
  MAX_FRAME_SIZE: 0x5,
  MAX_HEADER_LIST_SIZE: 0x6,
  /**
   * Experimental range. Its sender is a Crosstie server; the value is the first 32 bits of SHA-256 of its audience
   * (0 → 1), or 0 for several audiences or none. A hint for wrong addresses, not authentication.
   */
  CROSSTIE: 0xfc05,
} as const;

export type SettingPair = readonly [id: number, value: number];

const ENTRY_BYTES = 6;
const MAX_WINDOW = 0x7fffffff;
const SETTINGS = typeAndFlags(FrameType.SETTINGS, 0);
const SETTINGS_ACK = typeAndFlags(FrameType.SETTINGS, Flag.ACK);

/** Returns the entries in order, checked; unknown ones included. An ACK has none. */
export function parseSettings(head: FrameHead, bytes: Uint8Array, at: number): SettingPair[] {
  // §6.5: on a stream other than 0x00, a connection error of type PROTOCOL_ERROR.
  if (head.streamId !== 0) throw new ConnectionError('PROTOCOL_ERROR', `SETTINGS on stream ${head.streamId}`);
  if ((head.flags & Flag.ACK) !== 0) {
    // §6.5: ACK with a length other than 0, a connection error of type FRAME_SIZE_ERROR.
    if (head.length !== 0) throw new ConnectionError('FRAME_SIZE_ERROR', `SETTINGS ACK of ${head.length} bytes`);
    return [];
  }
  // §6.5: a length that is no multiple of 6, a connection error of type FRAME_SIZE_ERROR.
  if (head.length % ENTRY_BYTES !== 0)
    throw new ConnectionError('FRAME_SIZE_ERROR', `SETTINGS of ${head.length} bytes`);
  const pairs: SettingPair[] = [];
  for (let entry = at; entry < at + head.length; entry += ENTRY_BYTES) {
    const id = (bytes[entry] << 8) | bytes[entry + 1];
    const value = readUint32(bytes, entry + 2);
    ensureSettingInRange(id, value);
    pairs.push([id, value]);
  }
  return pairs;
}

/** §6.5.2: the legal values; unknown settings MUST be ignored. */
function ensureSettingInRange(id: number, value: number): void {
  switch (id) {
    case Setting.ENABLE_PUSH:
      if (value > 1) throw new ConnectionError('PROTOCOL_ERROR', `SETTINGS_ENABLE_PUSH of ${value}`);
      return;
    case Setting.INITIAL_WINDOW_SIZE:
      if (value > MAX_WINDOW)
        throw new ConnectionError('FLOW_CONTROL_ERROR', `SETTINGS_INITIAL_WINDOW_SIZE of ${value}`);
      return;
    case Setting.MAX_FRAME_SIZE:
      if (value < MIN_MAX_FRAME_BYTES || value > MAX_MAX_FRAME_BYTES) {
        throw new ConnectionError('PROTOCOL_ERROR', `SETTINGS_MAX_FRAME_SIZE of ${value}`);
      }
      return;
  }
}

export function encodeSettings(out: Uint8Array, at: number, pairs: readonly SettingPair[]): number {
  let end = encodeFrameHead(out, at, pairs.length * ENTRY_BYTES, SETTINGS, 0);
  for (const [id, value] of pairs) {
    out[end] = id >>> 8;
    out[end + 1] = id;
    end = writeUint32(out, end + 2, value);
  }
  return end;
}

export function encodeSettingsAck(out: Uint8Array, at: number): number {
  return encodeFrameHead(out, at, 0, SETTINGS_ACK, 0);
}
