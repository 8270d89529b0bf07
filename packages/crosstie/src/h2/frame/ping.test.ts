// SPDX-License-Identifier: Apache-2.0

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ErrorCode } from './error.ts';
import { Flag, FrameType, parseFrameHead } from './head.ts';
import { encodePing, parsePing } from './ping.ts';

const parse = (length: number, streamId: number, flags = 0) =>
  parsePing({ length, type: FrameType.PING, flags, streamId });

for (const ack of [false, true]) {
  test(`PING comes back as it was encoded, ACK ${ack}`, () => {
    const out = Buffer.alloc(18);
    assert.equal(encodePing(out, 1, { ack, opaque: Buffer.from('..abcdefgh..'), from: 2 }), 18);
    const head = { length: 0, type: 0, flags: 0, streamId: 0 };
    parseFrameHead(out, 1, head);
    assert.deepEqual(head, { length: 8, type: FrameType.PING, flags: ack ? Flag.ACK : 0, streamId: 0 });
    assert.equal(parsePing(head).ack, ack);
    assert.equal(out.toString('latin1', 10), 'abcdefgh');
  });
}

test('undefined flags change nothing', () => {
  // §4.1: "Flags that have no defined semantics for a particular frame type MUST be ignored".
  assert.equal(parse(8, 0, 0xfe).ack, false);
});

test('PING on a stream', () => {
  // §6.7: "If a PING frame is received with a Stream Identifier field value other than 0x00, the recipient MUST respond with
  // a connection error of type PROTOCOL_ERROR."
  assert.throws(() => parse(8, 1), { name: 'ConnectionError', code: ErrorCode.PROTOCOL_ERROR });
});

test('PING of another length than 8', () => {
  // §6.7: "Receipt of a PING frame with a length field value other than 8 MUST be treated as a connection error of type
  // FRAME_SIZE_ERROR."
  for (const length of [0, 7, 9]) {
    assert.throws(() => parse(length, 0), { name: 'ConnectionError', code: ErrorCode.FRAME_SIZE_ERROR });
  }
});
