// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ByteReceiver } from '../core/index.ts';
import { createMemoryChannels } from './memory-channel.ts';
import { nextTurn } from './settle.ts';

/** Writes down what it is told. */
class Notes implements ByteReceiver {
  readonly events: string[] = [];
  readonly kept: Uint8Array[] = [];
  onBytes(bytes: Uint8Array): void {
    this.kept.push(bytes);
    this.events.push(Buffer.from(bytes).toString('latin1'));
  }
  onWritable(): void {
    this.events.push('(writable)');
  }
  onEnd(): void {
    this.events.push('(end)');
  }
  onClose(error: Error | undefined): void {
    this.events.push(error === undefined ? '(close)' : `(close: ${error.message})`);
  }
}

function openPair(options: Parameters<typeof createMemoryChannels>[0] = {}) {
  const [near, far] = createMemoryChannels(options);
  const [nearNotes, farNotes] = [new Notes(), new Notes()];
  near.open(nearNotes);
  far.open(farNotes);
  return { near, far, nearNotes, farNotes };
}

const bytes = (text: string) => Buffer.from(text, 'latin1');
const ignore = () => {};

test('bytes arrive in order, never inside write, and the buffer is overwritten afterwards', async () => {
  const { near, farNotes } = openPair({ record: true });
  assert.equal(near.write([bytes('ab'), bytes('c')], ignore), true);
  assert.deepEqual(farNotes.events, []);
  await nextTurn();
  assert.deepEqual(farNotes.events, ['ab', 'c']);
  assert.deepEqual([...farNotes.kept[0]], [0xdb, 0xdb]);
  assert.equal(Buffer.from(near.writtenBytes).toString(), 'abc');
});

test('bytes written before the other end is opened wait for it', async () => {
  const [near, far] = createMemoryChannels();
  near.open(new Notes());
  near.write([bytes('early')], ignore);
  await nextTurn();
  const notes = new Notes();
  far.open(notes);
  assert.deepEqual(notes.events, []);
  await nextTurn();
  assert.deepEqual(notes.events, ['early']);
});

test('chunkBytes 1 shows every boundary', async () => {
  const { near, far, farNotes } = openPair({ chunkBytes: 1 });
  near.write([bytes('abc')], ignore);
  await nextTurn();
  assert.deepEqual(farNotes.events, ['a', 'b', 'c']);
  far.chunkBytes = 2;
  near.write([bytes('defgh')], ignore);
  await nextTurn();
  assert.deepEqual(farNotes.events.slice(3), ['de', 'fg', 'h']);
});

test('segments are released once, when taken; a change before that reaches the other end', async () => {
  const { near, farNotes } = openPair();
  near.allow(1);
  let released = 0;
  const segment = bytes('xy');
  near.write([segment], () => released++);
  await nextTurn();
  assert.equal(released, 0);
  segment[1] = 'z'.charCodeAt(0);
  near.allow(Number.POSITIVE_INFINITY);
  await nextTurn();
  assert.equal(released, 1);
  assert.deepEqual(farNotes.events, ['x', 'z']);
});

test('releaseAtOnce releases before write returns, and has its own copy', async () => {
  const { near, farNotes } = openPair({ releaseAtOnce: true });
  let released = 0;
  const segment = bytes('xy');
  near.write([segment], () => released++);
  assert.equal(released, 1);
  segment.fill(0);
  await nextTurn();
  assert.deepEqual(farNotes.events, ['xy']);
});

test('write returns false from the high-water mark on, and onWritable follows when all was taken', async () => {
  const { near, nearNotes } = openPair({ highWaterBytes: 4 });
  near.allow(0);
  assert.equal(near.write([bytes('abc')], ignore), true);
  assert.equal(near.write([bytes('d')], ignore), false);
  assert.equal(near.bufferedBytes, 4);
  await nextTurn();
  assert.deepEqual(nearNotes.events, []);
  near.allow(100);
  await nextTurn();
  assert.deepEqual(nearNotes.events, ['(writable)']);
  assert.equal(near.bufferedBytes, 0);
});

test('a paused end gets nothing until it resumes', async () => {
  const { near, far, farNotes } = openPair();
  far.pause();
  near.write([bytes('a')], ignore);
  await nextTurn();
  assert.deepEqual(farNotes.events, []);
  far.resume();
  await nextTurn();
  assert.deepEqual(farNotes.events, ['a']);
});

test('FIN comes after the bytes; the other side may still write; both FINs close both ends in good order', async () => {
  const { near, far, nearNotes, farNotes } = openPair();
  near.write([bytes('last')], ignore);
  near.end();
  await nextTurn();
  assert.deepEqual(farNotes.events, ['last', '(end)']);
  far.write([bytes('answer')], ignore);
  far.end();
  await nextTurn();
  assert.deepEqual(nearNotes.events, ['answer', '(end)', '(close)']);
  assert.deepEqual(farNotes.events, ['last', '(end)', '(close)']);
});

test('destroy drops what was not taken, releases it, and the other end learns it as from a closed socket', async () => {
  const { near, far, nearNotes, farNotes } = openPair();
  let released = 0;
  near.write([bytes('lost')], () => released++);
  near.destroy();
  await nextTurn();
  assert.equal(released, 1);
  assert.deepEqual(nearNotes.events, ['(close)']);
  assert.deepEqual(farNotes.events, ['(end)']);
  assert.equal(far.write([bytes('x')], ignore), false);
  await nextTurn();
  assert.deepEqual(farNotes.events, ['(end)', '(close: write EPIPE: the other end is gone)']);
});

test('destroy with an error resets the other end', async () => {
  const { near, nearNotes, farNotes } = openPair();
  near.destroy(new Error('boom'));
  await nextTurn();
  assert.deepEqual(nearNotes.events, ['(close: boom)']);
  assert.deepEqual(farNotes.events, ['(close: read ECONNRESET: the other end reset the connection)']);
});

test('a channel has one receiver', () => {
  const { near } = openPair();
  assert.throws(() => near.open(new Notes()), /open\(\) was called twice/);
});
