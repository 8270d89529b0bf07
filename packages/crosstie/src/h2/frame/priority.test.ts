// SPDX-License-Identifier: Apache-2.0

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ErrorCode } from './error.ts';
import { FrameType, parseFrameHead } from './head.ts';
import { encodePriority, parsePriority } from './priority.ts';

const parse = (streamId: number, payload: string) => {
  const bytes = Buffer.from(payload, 'hex');
  parsePriority({ length: bytes.length, type: FrameType.PRIORITY, flags: 0, streamId }, bytes, 0);
};

test('PRIORITY as encoded is accepted', () => {
  const out = Buffer.alloc(14);
  assert.equal(encodePriority(out, 0, 5, 3, 256), 14);
  assert.equal(out.toString('hex'), '000005020000000005' + '00000003ff');
  const head = { length: 0, type: 0, flags: 0, streamId: 0 };
  parseFrameHead(out, 0, head);
  assert.doesNotThrow(() => parsePriority(head, out, 9));
});

test('PRIORITY on stream 0', () => {
  // §6.3: "If a PRIORITY frame is received with a stream identifier of 0x00, the recipient MUST respond with a connection
  // error of type PROTOCOL_ERROR."
  assert.throws(() => parse(0, '0000000110'), { name: 'ConnectionError', code: ErrorCode.PROTOCOL_ERROR });
});

test('PRIORITY of another length than 5', () => {
  // §6.3: "[...] MUST be treated as a stream error of type FRAME_SIZE_ERROR"; raised to the connection, see priority.ts.
  for (const payload of ['', '00000001', '000000011000']) {
    assert.throws(() => parse(3, payload), { name: 'ConnectionError', code: ErrorCode.FRAME_SIZE_ERROR });
  }
});

test('PRIORITY that depends on its own stream', () => {
  // RFC 7540 §5.3.1: "A stream cannot depend on itself."
  assert.throws(() => parse(3, '8000000310'), { name: 'ConnectionError', code: ErrorCode.PROTOCOL_ERROR });
});
