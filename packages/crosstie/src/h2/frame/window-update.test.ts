// SPDX-License-Identifier: Apache-2.0

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ErrorCode } from './error.ts';
import { FrameType, parseFrameHead } from './head.ts';
import { encodeWindowUpdate, parseWindowUpdate, WINDOW_UPDATE_FRAME_BYTES } from './window-update.ts';

const parse = (payload: string, streamId: number) => {
  const bytes = Buffer.from(payload, 'hex');
  return parseWindowUpdate({ length: bytes.length, type: FrameType.WINDOW_UPDATE, flags: 0, streamId }, bytes, 0);
};

for (const [streamId, increment] of [
  [0, 1],
  [0x7fffffff, 0x7fffffff],
]) {
  test(`WINDOW_UPDATE of ${increment} comes back as it was encoded`, () => {
    const out = Buffer.alloc(WINDOW_UPDATE_FRAME_BYTES);
    assert.equal(encodeWindowUpdate(out, 0, streamId, increment), WINDOW_UPDATE_FRAME_BYTES);
    const head = { length: 0, type: 0, flags: 0, streamId: 0 };
    parseFrameHead(out, 0, head);
    assert.deepEqual(head, { length: 4, type: FrameType.WINDOW_UPDATE, flags: 0, streamId });
    assert.equal(parseWindowUpdate(head, out, 9), increment);
  });
}

test('the reserved bit of the increment is ignored', () => {
  assert.equal(parse('80000005', 1), 5);
});

test('an increment of 0', () => {
  // §6.9: "A receiver MUST treat the receipt of a WINDOW_UPDATE frame with a flow-control window increment of 0 as a stream
  // error of type PROTOCOL_ERROR"; raised to the connection (CVE-2025-8671).
  for (const streamId of [0, 1]) {
    for (const payload of ['00000000', '80000000']) {
      assert.throws(() => parse(payload, streamId), { name: 'ConnectionError', code: ErrorCode.PROTOCOL_ERROR });
    }
  }
});

test('WINDOW_UPDATE of another length than 4', () => {
  // §6.9: "A WINDOW_UPDATE frame with a length other than 4 octets MUST be treated as a connection error of type
  // FRAME_SIZE_ERROR."
  for (const payload of ['', '000001', '0000000001']) {
    assert.throws(() => parse(payload, 1), { name: 'ConnectionError', code: ErrorCode.FRAME_SIZE_ERROR });
  }
});
