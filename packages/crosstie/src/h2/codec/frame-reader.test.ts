// SPDX-License-Identifier: Apache-2.0

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encodeFrameHead, type FrameHead, FrameType, typeAndFlags } from '../frame/index.ts';
import { FrameReader } from './frame-reader.ts';

const ENDLESS = { isOver: () => false };

function frameOf(streamId: number, payload: string, type: number = FrameType.DATA): Buffer {
  const out = Buffer.alloc(9 + payload.length);
  encodeFrameHead(out, 0, payload.length, typeAndFlags(type, 0), streamId);
  out.write(payload, 9, 'latin1');
  return out;
}

/** Writes down heads and frames; drops the payload of unknown frames. */
class Recorder {
  readonly heads: number[] = [];
  readonly frames: string[] = [];

  onFrameHead(head: FrameHead): boolean {
    this.heads.push(head.streamId);
    return head.type === FrameType.DATA;
  }

  onFrame(head: FrameHead, bytes: Buffer, at: number): void {
    this.frames.push(`${head.streamId}:${bytes.toString('latin1', at, at + head.length)}`);
  }
}

/** Three frames of which the second is dropped, and the dropped one's payload looks like frames. */
const DIALOGUE = Buffer.concat([
  frameOf(1, 'hello'),
  frameOf(3, frameOf(99, 'x').toString('latin1').repeat(3), 0xfe),
  frameOf(5, ''),
  frameOf(7, 'y'.repeat(2_000)),
  frameOf(9, 'bye'),
]);
const EXPECTED = ['1:hello', '5:', `7:${'y'.repeat(2_000)}`, '9:bye'];

test('frames that lie whole in the buffer are handed on where they lie', () => {
  const recorder = new Recorder();
  const bytes = Buffer.from(DIALOGUE);
  let seen: Buffer | undefined;
  const reader = new FrameReader({
    onFrameHead: (head) => recorder.onFrameHead(head),
    onFrame: (head, buffer, at) => {
      recorder.onFrame(head, buffer, at);
      seen = buffer;
    },
  });
  assert.equal(reader.read(bytes, 0, ENDLESS), bytes.length);
  assert.deepEqual(recorder.frames, EXPECTED);
  assert.deepEqual(recorder.heads, [1, 3, 5, 7, 9]);
  assert.equal(seen, bytes);
  assert.equal(reader.heldBytes, 0);
});

for (const size of [1, 2, 8, 9, 10, 13, 1_000, 2_030]) {
  test(`reads of ${size} bytes give the same frames, each head once`, () => {
    const recorder = new Recorder();
    const reader = new FrameReader(recorder);
    for (let from = 0; from < DIALOGUE.length; from += size) {
      const piece = Buffer.from(DIALOGUE.subarray(from, from + size));
      assert.equal(reader.read(piece, 0, ENDLESS), piece.length);
      piece.fill(0xdb);
    }
    assert.deepEqual(recorder.frames, EXPECTED);
    assert.deepEqual(recorder.heads, [1, 3, 5, 7, 9]);
    assert.equal(reader.heldBytes, 0);
  });
}

test('every single cut gives the same frames', () => {
  for (let cut = 1; cut < DIALOGUE.length; cut++) {
    const recorder = new Recorder();
    const reader = new FrameReader(recorder);
    reader.read(DIALOGUE.subarray(0, cut), 0, ENDLESS);
    reader.read(DIALOGUE.subarray(cut), 0, ENDLESS);
    assert.deepEqual(recorder.frames, EXPECTED, `cut at ${cut}`);
  }
});

test('a turn that is over stops behind a frame, and reading goes on there', () => {
  const recorder = new Recorder();
  const reader = new FrameReader(recorder);
  const bytes = Buffer.concat([frameOf(1, 'a'), frameOf(3, 'b'), frameOf(5, 'c')]);
  const once = { isOver: () => true };
  let at = reader.read(bytes, 0, once);
  assert.deepEqual([at, recorder.frames.length], [10, 1]);
  // The same when the frame had been cut.
  at = reader.read(bytes.subarray(0, 15), at, once);
  assert.deepEqual([at, recorder.frames.length], [15, 1]);
  at = reader.read(bytes, at, once);
  assert.deepEqual([at, recorder.frames.length], [20, 2]);
  assert.equal(reader.read(bytes, at, once), 30);
  assert.deepEqual(recorder.frames, ['1:a', '3:b', '5:c']);
});

test('a frame that is only announced does not cost what it announces', () => {
  const reader = new FrameReader(new Recorder());
  const bytes = frameOf(1, 'z'.repeat(16_384));
  reader.read(bytes.subarray(0, 20), 0, ENDLESS);
  assert.ok(reader.heldBytes <= 512, `${reader.heldBytes} bytes for 20`);
  reader.read(bytes.subarray(20, 2_000), 0, ENDLESS);
  assert.ok(reader.heldBytes <= 4_000, `${reader.heldBytes} bytes for 2,000`);
  reader.clear();
  assert.equal(reader.heldBytes, 0);
});

test('a frame of any size may be cut, and its bytes are right while it is handed on', () => {
  const recorder = new Recorder();
  const reader = new FrameReader(recorder);
  const payloads = [16_384, 3_000, 100_000, 16_384].map((length, i) => String.fromCharCode(97 + i).repeat(length));
  const bytes = Buffer.concat(payloads.map((payload, i) => frameOf(i * 2 + 1, payload)));
  for (let from = 0; from < bytes.length; from += 7_001)
    reader.read(Buffer.from(bytes.subarray(from, from + 7_001)), 0, ENDLESS);
  assert.deepEqual(
    recorder.frames.map((text) => text.slice(0, 3) + text.length),
    payloads.map((payload, i) => `${i * 2 + 1}:${payload[0]}${payload.length + 2}`),
  );
  assert.equal(new Set(recorder.frames[2].slice(2)).size, 1);
});

test('an error of the sink comes out, and nothing behind it is read', () => {
  const failing = new FrameReader({
    onFrameHead: () => {
      throw new Error('too large');
    },
    onFrame: () => assert.fail('the frame was read'),
  });
  assert.throws(() => failing.read(frameOf(1, 'a'), 0, ENDLESS), /too large/);
});
