// SPDX-License-Identifier: Apache-2.0

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ErrorCode } from './error.ts';
import { encodeGoAway, type GoAwayFrame, MAX_GO_AWAY_BYTES, parseGoAway } from './go-away.ts';
import { FrameType, parseFrameHead } from './head.ts';

function roundTrip(frame: GoAwayFrame): GoAwayFrame {
  const out = Buffer.alloc(MAX_GO_AWAY_BYTES);
  const end = encodeGoAway(out, 0, frame);
  const head = { length: 0, type: 0, flags: 0, streamId: 0 };
  parseFrameHead(out, 0, head);
  assert.deepEqual(head, { length: end - 9, type: FrameType.GOAWAY, flags: 0, streamId: 0 });
  return parseGoAway(head, out, 9);
}

test('GOAWAY comes back as it was encoded', () => {
  const frames: readonly GoAwayFrame[] = [
    { lastStreamId: 0, code: ErrorCode.NO_ERROR, debug: '' },
    { lastStreamId: 0x7fffffff, code: 0xffffffff, debug: 'too_many_resets' },
  ];
  for (const frame of frames) assert.deepEqual(roundTrip(frame), frame);
});

test('debug data is cut at 256 bytes, sent and received', () => {
  const sent = roundTrip({ lastStreamId: 1, code: 2, debug: 'x'.repeat(300) });
  assert.equal(sent.debug, 'x'.repeat(256));
  const bytes = Buffer.alloc(8 + 300, 'y');
  const received = parseGoAway({ length: bytes.length, type: FrameType.GOAWAY, flags: 0, streamId: 0 }, bytes, 0);
  assert.equal(received.debug, 'y'.repeat(256));
});

test('the reserved bit of the last stream is ignored', () => {
  // §6.8: "The Reserved field [...] MUST be ignored when receiving"
  const bytes = Buffer.from('8000000100000000', 'hex');
  assert.equal(parseGoAway({ length: 8, type: FrameType.GOAWAY, flags: 0, streamId: 0 }, bytes, 0).lastStreamId, 1);
});

test('GOAWAY on a stream', () => {
  // §6.8: "An endpoint MUST treat a GOAWAY frame with a stream identifier other than 0x00 as a connection error of type
  // PROTOCOL_ERROR."
  const parse = () => parseGoAway({ length: 8, type: FrameType.GOAWAY, flags: 0, streamId: 1 }, Buffer.alloc(8), 0);
  assert.throws(parse, { name: 'ConnectionError', code: ErrorCode.PROTOCOL_ERROR });
});

test('GOAWAY of less than 8 bytes', () => {
  // §4.2: "too small to contain mandatory frame data"
  const parse = () => parseGoAway({ length: 7, type: FrameType.GOAWAY, flags: 0, streamId: 0 }, Buffer.alloc(8), 0);
  assert.throws(parse, { name: 'ConnectionError', code: ErrorCode.FRAME_SIZE_ERROR });
});
