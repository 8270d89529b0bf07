// SPDX-License-Identifier: Apache-2.0
// Free slabs are shared by the process, so these tests say what each leaves behind: nothing lent, nothing in flight.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { borrowSlab, releaseSlab, returnSlab, SLAB_BYTES, type Slab } from './slab.ts';

/** As a batch does: the slab goes to a socket with `bytes` more in it. */
function send(slab: Slab, bytes: number): void {
  slab.inFlight++;
  returnSlab(slab, slab.position + bytes);
}

test('the rest of a slab is lent while its beginning is in flight', () => {
  const first = borrowSlab(100);
  send(first, 100);
  const second = borrowSlab(100);
  assert.equal(second, first);
  assert.equal(second.position, 100, 'behind what the socket still reads');
  send(second, 50);
  releaseSlab(first);
  assert.equal(borrowSlab(1).position, 150, 'one of two batches is still in flight');
  returnSlab(first, 150);
  releaseSlab(first);
});

test('a slab begins anew when all its batches have been written', () => {
  const slab = borrowSlab(100);
  send(slab, 60_000);
  releaseSlab(slab);
  const again = borrowSlab(100);
  assert.deepEqual([again === slab, again.position, again.inFlight], [true, 0, 0]);
  returnSlab(again, 0);
});

test('a slab that is lent is not lent twice, even when its older batch has been written', () => {
  const slab = borrowSlab(10);
  send(slab, 10);
  const borrowed = borrowSlab(10);
  releaseSlab(slab);
  const other = borrowSlab(10);
  assert.notEqual(other, borrowed);
  assert.equal(borrowed.position, 10, 'nor does its position move under the borrower');
  returnSlab(other, 0);
  returnSlab(borrowed, 10);
});

test('a rest below 4 KiB is not lent before all has been written', () => {
  const slab = borrowSlab(1);
  send(slab, SLAB_BYTES - slab.position - 4_095);
  const other = borrowSlab(1);
  assert.notEqual(other, slab);
  returnSlab(other, 0);
  releaseSlab(slab);
  assert.equal(slab.position, 0);
});

test('a batch too large for the rest gets another slab, and the first comes back', () => {
  const slab = borrowSlab(1);
  send(slab, 60_000);
  const other = borrowSlab(20_000);
  assert.notEqual(other, slab);
  assert.ok(other.bytes.length - other.position >= 20_000);
  returnSlab(other, 0);
  releaseSlab(slab);
  const both = [borrowSlab(1), borrowSlab(1)];
  assert.ok(both.includes(slab) && both.includes(other));
  for (const each of both) returnSlab(each, 0);
});

test('what no slab can hold gets a buffer of its own, which is not kept', () => {
  const large = borrowSlab(SLAB_BYTES + 1);
  assert.equal(large.bytes.length, SLAB_BYTES + 1);
  send(large, SLAB_BYTES + 1);
  releaseSlab(large);
  const next = borrowSlab(SLAB_BYTES);
  assert.equal(next.bytes.length, SLAB_BYTES);
  returnSlab(next, 0);
});

test('no more than 16 free slabs are kept', () => {
  const slabs = Array.from({ length: 20 }, () => borrowSlab(1));
  assert.equal(new Set(slabs).size, 20);
  for (const slab of slabs) returnSlab(slab, 0);
  const again = Array.from({ length: 20 }, () => borrowSlab(1));
  assert.equal(again.filter((slab) => slabs.includes(slab)).length, 16);
  for (const slab of again) returnSlab(slab, 0);
});
