// SPDX-License-Identifier: Apache-2.0

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ErrorCode } from './error.ts';
import { Flag, FrameType, parseFrameHead } from './head.ts';
import { encodeHeadersHead, parseHeaders } from './headers.ts';

function parse(payload: string, flags: number, streamId = 1): string {
  const bytes = Buffer.from(payload, 'hex');
  const span = { start: 0, end: 0 };
  parseHeaders({ length: bytes.length, type: FrameType.HEADERS, flags, streamId }, bytes, 0, span);
  return bytes.toString('hex', span.start, span.end);
}

test('the head of HEADERS comes back as it was encoded', () => {
  const out = Buffer.alloc(9);
  assert.equal(encodeHeadersHead(out, 0, 7, 300, Flag.END_STREAM | Flag.END_HEADERS), 9);
  const head = { length: 0, type: 0, flags: 0, streamId: 0 };
  parseFrameHead(out, 0, head);
  assert.deepEqual(head, { length: 300, type: FrameType.HEADERS, flags: 0x05, streamId: 7 });
});

test('the fragment stands behind the priority and before the padding', () => {
  assert.equal(parse('aabb', 0), 'aabb');
  assert.equal(parse('', 0), '');
  assert.equal(parse('00000000ffaabb', Flag.PRIORITY), 'aabb');
  assert.equal(parse('02' + 'aabb' + '0000', Flag.PADDED), 'aabb');
  assert.equal(parse('01' + '80000003ff' + 'aabb' + '00', Flag.PADDED | Flag.PRIORITY), 'aabb');
  assert.equal(parse('01' + '80000003ff' + '00', Flag.PADDED | Flag.PRIORITY), '');
});

test('HEADERS on stream 0', () => {
  // §6.2: "[...] whose Stream Identifier field is 0x00, the recipient MUST respond with a connection error of type
  // PROTOCOL_ERROR."
  assert.throws(() => parse('82', 0, 0), { name: 'ConnectionError', code: ErrorCode.PROTOCOL_ERROR });
});

test('HEADERS too short for its priority', () => {
  // §4.2: "too small to contain mandatory frame data"; "MUST be treated as a connection error" in a field block.
  const error = { name: 'ConnectionError', code: ErrorCode.FRAME_SIZE_ERROR };
  assert.throws(() => parse('00000000', Flag.PRIORITY), error);
  assert.throws(() => parse('', Flag.PRIORITY), error);
});

test('padding that leaves no room for the priority is an error of the padding', () => {
  // §6.2: "Padding that exceeds the size remaining for the field block fragment MUST be treated as a PROTOCOL_ERROR."
  const payload = '01' + '00000000ff'; // a pad length of 1, but nothing is left behind the priority
  assert.throws(() => parse(payload, Flag.PADDED | Flag.PRIORITY), {
    name: 'ConnectionError',
    code: ErrorCode.PROTOCOL_ERROR,
  });
});

test('HEADERS that depend on their own stream', () => {
  // RFC 7540 §5.3.1: "A stream cannot depend on itself."
  const error = { name: 'ConnectionError', code: ErrorCode.PROTOCOL_ERROR };
  assert.throws(() => parse('0000000310', Flag.PRIORITY, 3), error);
  assert.throws(() => parse('8000000310', Flag.PRIORITY, 3), error, 'exclusive or not');
});
