// SPDX-License-Identifier: Apache-2.0

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { borrowPartial, returnPartial } from './partial-buffer.ts';

const WHOLE = 9 + 16_384;

test('a frame that is merely announced gets little room', () => {
  assert.equal(borrowPartial(9, 9, WHOLE).length, 512);
  assert.equal(borrowPartial(600, 600, WHOLE).length, 600);
});

test('one of which an eighth is here gets room for all of it', () => {
  const buffer = borrowPartial(2_100, 2_100, WHOLE);
  assert.equal(buffer.length, WHOLE);
  returnPartial(buffer);
});

test('a buffer that was returned is lent again, to one at a time', () => {
  const first = borrowPartial(10_000, 10_000, WHOLE);
  returnPartial(first);
  const again = borrowPartial(3_000, 3_000, WHOLE);
  assert.equal(again, first);
  const other = borrowPartial(3_000, 3_000, WHOLE);
  assert.notEqual(other, first);
  returnPartial(again);
  returnPartial(other);
});

test('other sizes are not kept', () => {
  const small = borrowPartial(9, 9, WHOLE);
  returnPartial(small);
  const large = borrowPartial(50_000, 50_000, 100_000);
  assert.ok(large.length >= 50_000);
  returnPartial(large);
  assert.notEqual(borrowPartial(9, 9, WHOLE), small);
  const whole = borrowPartial(10_000, 10_000, WHOLE);
  assert.equal(whole.length, WHOLE);
  returnPartial(whole);
});

test('no more than 32 are kept', () => {
  const buffers = Array.from({ length: 40 }, () => borrowPartial(10_000, 10_000, WHOLE));
  assert.equal(new Set(buffers).size, 40);
  for (const buffer of buffers) returnPartial(buffer);
  const again = Array.from({ length: 40 }, () => borrowPartial(10_000, 10_000, WHOLE));
  assert.equal(again.filter((buffer) => buffers.includes(buffer)).length, 32);
  for (const buffer of again) returnPartial(buffer);
});
