// SPDX-License-Identifier: Apache-2.0

import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  encodeFrameHead,
  type FrameHead,
  FrameType,
  parseFrameHead,
  readUint32,
  typeAndFlags,
  writeUint32,
} from './head.ts';

const blank = (): FrameHead => ({ length: 0, type: 0, flags: 0, streamId: 0 });

const HEADS: readonly FrameHead[] = [
  { length: 0, type: 0, flags: 0, streamId: 0 },
  { length: 1, type: FrameType.HEADERS, flags: 0x25, streamId: 1 },
  { length: 0xffffff, type: 0xff, flags: 0xff, streamId: 0x7fffffff },
  { length: 0x010203, type: 0x80, flags: 0x80, streamId: 0x01020304 },
];

for (const head of HEADS) {
  test(`a head comes back as it was encoded: ${JSON.stringify(head)}`, () => {
    const out = Buffer.alloc(12, 0xee);
    const end = encodeFrameHead(out, 2, head.length, typeAndFlags(head.type, head.flags), head.streamId);
    assert.equal(end, 11);
    assert.deepEqual([out[0], out[1], out[11]], [0xee, 0xee, 0xee]);
    const parsed = blank();
    parseFrameHead(out, 2, parsed);
    assert.deepEqual(parsed, head);
  });
}

test('the reserved bit is ignored', () => {
  // §4.1: "The reserved bit [...] MUST be ignored when receiving."
  const head = blank();
  parseFrameHead(Buffer.from('000000010180000001', 'hex'), 0, head);
  assert.equal(head.streamId, 1);
  parseFrameHead(Buffer.from('0000000101ffffffff', 'hex'), 0, head);
  assert.equal(head.streamId, 0x7fffffff);
});

test('32-bit integers have no sign', () => {
  const bytes = Buffer.alloc(6);
  assert.equal(writeUint32(bytes, 1, 0xfedcba98), 5);
  assert.equal(bytes.toString('hex'), '00fedcba9800');
  assert.equal(readUint32(bytes, 1), 0xfedcba98);
});
