// SPDX-License-Identifier: Apache-2.0

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ErrorCode } from './error.ts';
import { Flag, FrameType, parseFrameHead } from './head.ts';
import { encodeSettings, encodeSettingsAck, parseSettings, Setting, type SettingPair } from './settings.ts';

function parsePayload(payload: string, flags = 0, streamId = 0): SettingPair[] {
  const bytes = Buffer.from(payload, 'hex');
  return parseSettings({ length: bytes.length, type: FrameType.SETTINGS, flags, streamId }, bytes, 0);
}

function parsePairs(...pairs: SettingPair[]): SettingPair[] {
  const out = Buffer.alloc(9 + pairs.length * 6);
  assert.equal(encodeSettings(out, 0, pairs), out.length);
  const head = { length: 0, type: 0, flags: 0, streamId: 0 };
  parseFrameHead(out, 0, head);
  assert.deepEqual(head, { length: out.length - 9, type: FrameType.SETTINGS, flags: 0, streamId: 0 });
  return parseSettings(head, out, 9);
}

test('SETTINGS come back as they were encoded, in order, unknown and repeated ones too', () => {
  const pairs: SettingPair[] = [
    [Setting.INITIAL_WINDOW_SIZE, 1],
    [Setting.HEADER_TABLE_SIZE, 0xffffffff],
    [0xfffe, 7],
    [Setting.INITIAL_WINDOW_SIZE, 0x7fffffff],
    [Setting.CROSSTIE, 0xdeadbeef],
  ];
  assert.deepEqual(parsePairs(...pairs), pairs);
  assert.deepEqual(parsePairs(), []);
});

test('the smallest and largest legal values', () => {
  const pairs: SettingPair[] = [
    [Setting.ENABLE_PUSH, 0],
    [Setting.ENABLE_PUSH, 1],
    [Setting.INITIAL_WINDOW_SIZE, 0],
    [Setting.MAX_FRAME_SIZE, 16_384],
    [Setting.MAX_FRAME_SIZE, 16_777_215],
  ];
  assert.deepEqual(parsePairs(...pairs), pairs);
});

/** §6.5.2, each value just out of its range. */
const ILLEGAL: readonly (readonly [keyof typeof Setting, number, keyof typeof ErrorCode])[] = [
  ['ENABLE_PUSH', 2, 'PROTOCOL_ERROR'],
  ['INITIAL_WINDOW_SIZE', 0x80000000, 'FLOW_CONTROL_ERROR'],
  ['MAX_FRAME_SIZE', 16_383, 'PROTOCOL_ERROR'],
  ['MAX_FRAME_SIZE', 16_777_216, 'PROTOCOL_ERROR'],
];

for (const [name, value, code] of ILLEGAL) {
  test(`${name} of ${value} is a connection error of type ${code}`, () => {
    assert.throws(() => parsePairs([Setting[name], value]), { name: 'ConnectionError', code: ErrorCode[code] });
  });
}

test('an ACK is empty', () => {
  const out = Buffer.alloc(9);
  assert.equal(encodeSettingsAck(out, 0), 9);
  assert.equal(out.toString('hex'), '000000040100000000');
  assert.deepEqual(parsePayload('', Flag.ACK), []);
  // §6.5: "Receipt of a SETTINGS frame with the ACK flag set and a length field value other than 0 MUST be treated as a
  // connection error of type FRAME_SIZE_ERROR."
  const error = { name: 'ConnectionError', code: ErrorCode.FRAME_SIZE_ERROR };
  assert.throws(() => parsePayload('000400000001', Flag.ACK), error);
});

test('SETTINGS of a length that is no multiple of 6', () => {
  // §6.5: "[...] MUST be treated as a connection error of type FRAME_SIZE_ERROR."
  for (const payload of ['00', '0004000000', '00040000000100']) {
    assert.throws(() => parsePayload(payload), { name: 'ConnectionError', code: ErrorCode.FRAME_SIZE_ERROR });
  }
});

test('SETTINGS on a stream', () => {
  // §6.5: "If an endpoint receives a SETTINGS frame whose Stream Identifier field is anything other than 0x00, the endpoint
  // MUST respond with a connection error of type PROTOCOL_ERROR."
  const error = { name: 'ConnectionError', code: ErrorCode.PROTOCOL_ERROR };
  assert.throws(() => parsePayload('', 0, 1), error);
  assert.throws(() => parsePayload('', Flag.ACK, 1), error);
});
