// SPDX-License-Identifier: Apache-2.0

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ErrorCode } from './error.ts';
import { Flag } from './head.ts';
import { stripPadding } from './padding.ts';

function strip(payload: string, flags: number): readonly [start: number, end: number] {
  const bytes = Buffer.from(payload, 'hex');
  const span = { start: -1, end: -1 };
  stripPadding({ length: bytes.length - 1, type: 0, flags, streamId: 1 }, bytes, 1, span);
  return [span.start, span.end];
}

test('without the flag the whole payload counts', () => {
  assert.deepEqual(strip('ee0102', 0), [1, 3]);
  assert.deepEqual(strip('ee', 0), [1, 1]);
});

test('pad length and padding are taken off', () => {
  assert.deepEqual(strip('ee02aabb0000', Flag.PADDED), [2, 4]);
  assert.deepEqual(strip('ee00aa', Flag.PADDED), [2, 3], 'a pad length of 0 pads by one byte');
  assert.deepEqual(strip('ee020000', Flag.PADDED), [2, 2], 'nothing but padding');
  assert.deepEqual(strip('ee00', Flag.PADDED), [2, 2]);
});

test('padding of the length of the payload or longer', () => {
  // §6.1: "If the length of the padding is the length of the frame payload or greater, the recipient MUST treat this as a
  // connection error (Section 5.4.1) of type PROTOCOL_ERROR."
  const error = { name: 'ConnectionError', code: ErrorCode.PROTOCOL_ERROR };
  assert.throws(() => strip('ee01', Flag.PADDED), error);
  assert.throws(() => strip('ee030000', Flag.PADDED), error);
  assert.throws(() => strip('eeff0000', Flag.PADDED), error);
});

test('no room for the pad length', () => {
  // §4.2: "too small to contain mandatory frame data"
  assert.throws(() => strip('ee', Flag.PADDED), { name: 'ConnectionError', code: ErrorCode.FRAME_SIZE_ERROR });
});
