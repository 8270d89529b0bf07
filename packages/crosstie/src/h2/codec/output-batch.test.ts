// SPDX-License-Identifier: Apache-2.0

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { OutputBatch } from './output-batch.ts';
import { SLAB_BYTES } from './slab.ts';

function encode(batch: OutputBatch, text: string): void {
  batch.reserve(text.length);
  batch.position += batch.bytes.write(text, batch.position, 'latin1');
}

function textOf(segments: readonly Uint8Array[]): string {
  return Buffer.concat(segments).toString('latin1');
}

test('what was encoded leaves as one segment', () => {
  const batch = new OutputBatch();
  assert.equal(batch.byteLength, 0);
  encode(batch, 'abc');
  encode(batch, 'def');
  assert.equal(batch.byteLength, 6);
  const { segments, release } = batch.take();
  assert.deepEqual([segments.length, textOf(segments), batch.byteLength], [1, 'abcdef', 0]);
  release();
});

test('chained payloads stand where they were chained, and are not copied', () => {
  const batch = new OutputBatch();
  const [one, two] = [Buffer.from('-one-'), Buffer.from('-two-')];
  batch.chain(one);
  encode(batch, 'a');
  batch.chain(two);
  encode(batch, 'b');
  assert.equal(batch.byteLength, 12);
  const { segments, release } = batch.take();
  assert.equal(textOf(segments), '-one-a-two-b');
  assert.deepEqual([segments[0], segments[2]], [one, two]);
  assert.equal(segments[0].buffer, one.buffer);
  release();
});

test('two payloads in a row make no empty segment between them', () => {
  const batch = new OutputBatch();
  encode(batch, 'a');
  batch.chain(Buffer.from('b'));
  batch.chain(Buffer.from('c'));
  const { segments, release } = batch.take();
  assert.deepEqual(segments.map(String), ['a', 'b', 'c']);
  release();
});

test('room is in one piece: a batch goes on in a second slab, in order', () => {
  const batch = new OutputBatch();
  encode(batch, 'a'.repeat(40_000));
  encode(batch, 'b'.repeat(40_000));
  encode(batch, 'c'.repeat(SLAB_BYTES + 1));
  encode(batch, 'd');
  assert.equal(batch.byteLength, 80_000 + SLAB_BYTES + 2);
  const { segments, release } = batch.take();
  assert.match(textOf(segments), /^a{40000}b{40000}c{65537}d$/);
  release();
});

test('a batch in flight is never overwritten by the next ones, nor by those of other connections', () => {
  const [here, there] = [new OutputBatch(), new OutputBatch()];
  const flights: { segments: Uint8Array[]; release: () => void; text: string }[] = [];
  for (let i = 0; i < 100; i++) {
    const batch = i % 3 === 0 ? there : here;
    const text = String.fromCharCode(33 + (i % 90)).repeat(1 + ((i * 977) % 9_000));
    encode(batch, text);
    flights.push({ ...batch.take(), text });
    // Sockets finish in an order of their own.
    const done = i % 4 === 3 ? flights.splice((i * 7) % flights.length, 1) : [];
    for (const flight of done) flight.release();
    for (const flight of flights) assert.ok(textOf(flight.segments) === flight.text, `batch in flight changed at ${i}`);
  }
  for (const flight of flights) flight.release();
});

test('two connections that fill their batches at the same time do not share a slab', () => {
  const [here, there] = [new OutputBatch(), new OutputBatch()];
  for (let i = 0; i < 10; i++) {
    encode(here, 'h');
    encode(there, 't');
  }
  assert.notEqual(here.bytes, there.bytes);
  const taken = [here.take(), there.take()];
  assert.deepEqual(
    taken.map(({ segments }) => textOf(segments)),
    ['hhhhhhhhhh', 'tttttttttt'],
  );
  for (const { release } of taken) release();
});

test('an empty batch has nothing to write, and clear leaves none', () => {
  const batch = new OutputBatch();
  assert.deepEqual(batch.take().segments, []);
  encode(batch, 'abc');
  batch.chain(Buffer.from('d'));
  batch.clear();
  assert.equal(batch.byteLength, 0);
  const { segments, release } = batch.take();
  assert.deepEqual(segments, []);
  release();
});

test('memory goes round: released slabs are lent again', () => {
  const batch = new OutputBatch();
  const buffers = new Set<ArrayBufferLike>();
  for (let i = 0; i < 50; i++) {
    encode(batch, 'x'.repeat(60_000));
    const { segments, release } = batch.take();
    buffers.add(segments[0].buffer);
    release();
  }
  assert.equal(buffers.size, 1);
});
