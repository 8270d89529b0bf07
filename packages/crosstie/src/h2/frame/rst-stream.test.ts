// SPDX-License-Identifier: Apache-2.0

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ErrorCode } from './error.ts';
import { FrameType, parseFrameHead } from './head.ts';
import { encodeRstStream, parseRstStream } from './rst-stream.ts';

const parse = (streamId: number, payload: string) => {
  const bytes = Buffer.from(payload, 'hex');
  return parseRstStream({ length: bytes.length, type: FrameType.RST_STREAM, flags: 0, streamId }, bytes, 0);
};

for (const code of [ErrorCode.NO_ERROR, ErrorCode.CANCEL, 0xffffffff]) {
  test(`RST_STREAM with code ${code} comes back as it was encoded`, () => {
    const out = Buffer.alloc(13);
    assert.equal(encodeRstStream(out, 0, 9, code), 13);
    const head = { length: 0, type: 0, flags: 0, streamId: 0 };
    parseFrameHead(out, 0, head);
    assert.deepEqual(head, { length: 4, type: FrameType.RST_STREAM, flags: 0, streamId: 9 });
    // §7: "Unknown or unsupported error codes MUST NOT trigger any special behavior."
    assert.equal(parseRstStream(head, out, 9), code);
  });
}

test('RST_STREAM on stream 0', () => {
  // §6.4: "If a RST_STREAM frame is received with a stream identifier of 0x00, the recipient MUST treat this as a
  // connection error of type PROTOCOL_ERROR."
  assert.throws(() => parse(0, '00000008'), { name: 'ConnectionError', code: ErrorCode.PROTOCOL_ERROR });
});

test('RST_STREAM of another length than 4', () => {
  // §6.4: "[...] MUST be treated as a connection error of type FRAME_SIZE_ERROR."
  for (const payload of ['', '000008', '0000000008']) {
    assert.throws(() => parse(1, payload), { name: 'ConnectionError', code: ErrorCode.FRAME_SIZE_ERROR });
  }
});
