// SPDX-License-Identifier: Apache-2.0
// The tests' own reader and writer, against the examples of the RFC: a judge must be judged too.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Random } from './random.ts';
import { generateSession } from './sessions.ts';
import { encodeFrame, encodeFrames, FrameReader, frame, pad, Type, unpadded } from './wire.ts';
import { encodeInteger, type Field, HpackReader, HpackWriter } from './wire-hpack.ts';
import { huffmanDecode, huffmanEncode } from './wire-huffman.ts';

test('RFC 7541 appendix C.4: three requests with Huffman coding', () => {
  const reader = new HpackReader();
  const request: Field[] = [
    [':method', 'GET'],
    [':scheme', 'http'],
    [':path', '/'],
    [':authority', 'www.example.com'],
  ];
  assert.deepEqual(reader.read(Buffer.from('828684418cf1e3c2e5f23a6ba0ab90f4ff', 'hex')), request);
  assert.deepEqual(reader.read(Buffer.from('828684be5886a8eb10649cbf', 'hex')), [
    ...request,
    ['cache-control', 'no-cache'],
  ]);
  assert.deepEqual(reader.read(Buffer.from('828785bf408825a849e95ba97d7f8925a849e95bb8e8b4bf', 'hex')), [
    [':method', 'GET'],
    [':scheme', 'https'],
    [':path', '/index.html'],
    [':authority', 'www.example.com'],
    ['custom-key', 'custom-value'],
  ]);
});

test('RFC 7541 appendix C.1: integers', () => {
  assert.deepEqual([...encodeInteger(10, 5, 0)], [0x0a]);
  assert.deepEqual([...encodeInteger(1337, 5, 0)], [0x1f, 0x9a, 0x0a]);
  assert.deepEqual([...encodeInteger(42, 8, 0)], [0x2a]);
});

test('each byte survives Huffman coding, and bad padding does not', () => {
  const all = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte));
  assert.deepEqual(huffmanDecode(huffmanEncode(all)), all);
  assert.throws(() => huffmanDecode(Buffer.from([0x18])), /padding/);
  assert.throws(() => huffmanDecode(Buffer.from([0xff, 0xff, 0xff, 0xff])), /EOS/);
});

test('what the HPACK writer writes in any representation, the reader reads', () => {
  const random = new Random(1);
  const writer = new HpackWriter();
  const reader = new HpackReader();
  for (let block = 0; block < 200; block++) {
    const fields = Array.from(
      { length: 5 },
      (): Field => [`x-${random.integer(0, 40)}`, random.bytes(30).toString('latin1')],
    );
    const kinds = ['indexed', 'incremental', 'plain', 'never'] as const;
    const bytes = writer.block(fields, () => ({
      kind: random.pick(kinds),
      huffmanName: random.chance(50),
      huffmanValue: random.chance(50),
      nameIndex: random.chance(50),
    }));
    assert.deepEqual(reader.read(bytes), fields);
  }
});

test('frames come back from bytes cut anywhere', () => {
  const frames = generateSession(new Random(2));
  const bytes = encodeFrames(frames);
  const reader = new FrameReader();
  const read = Array.from(bytes).flatMap((byte) => reader.push(Buffer.from([byte])));
  assert.equal(reader.pendingBytes, 0);
  assert.deepEqual(read.map(encodeFrame), frames.map(encodeFrame));
});

test('padding goes on and off', () => {
  const data = frame(Type.DATA, 0, 1, Buffer.from('abc'));
  assert.deepEqual(unpadded(pad(data, 7)), data.payload);
  assert.equal(unpadded({ ...data, flags: 0x8, payload: Buffer.from([3, 0]) }), undefined);
});
