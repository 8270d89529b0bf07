// SPDX-License-Identifier: Apache-2.0

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encodeDataHead, parseData } from './data.ts';
import { ErrorCode } from './error.ts';
import { Flag, FrameType, parseFrameHead } from './head.ts';

for (const endStream of [false, true]) {
  test(`DATA comes back as it was encoded, END_STREAM ${endStream}`, () => {
    const out = Buffer.alloc(12);
    const at = encodeDataHead(out, 0, 5, 3, endStream);
    const head = { length: 0, type: 0, flags: 0, streamId: 0 };
    parseFrameHead(out, 0, head);
    assert.deepEqual(head, { length: 3, type: FrameType.DATA, flags: endStream ? Flag.END_STREAM : 0, streamId: 5 });
    const span = { start: 0, end: 0 };
    parseData(head, out, at, span);
    assert.deepEqual(span, { start: 9, end: 12 });
  });
}

test('padding is no data', () => {
  const span = { start: 0, end: 0 };
  parseData({ length: 4, type: 0, flags: Flag.PADDED, streamId: 1 }, Buffer.from('02aa0000', 'hex'), 0, span);
  assert.deepEqual(span, { start: 1, end: 2 });
});

test('DATA on stream 0', () => {
  // §6.1: "If a DATA frame is received whose Stream Identifier field is 0x00, the recipient MUST respond with a connection
  // error of type PROTOCOL_ERROR."
  const parse = () =>
    parseData({ length: 0, type: 0, flags: 0, streamId: 0 }, Buffer.alloc(0), 0, { start: 0, end: 0 });
  assert.throws(parse, { name: 'ConnectionError', code: ErrorCode.PROTOCOL_ERROR });
});
