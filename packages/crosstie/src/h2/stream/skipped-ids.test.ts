// SPDX-License-Identifier: Apache-2.0

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SkippedIds } from './skipped-ids.ts';

test('ids in order skip nothing', () => {
  const skipped = new SkippedIds();
  for (let id = 1, last = 0; id < 100; last = id, id += 2) skipped.note(last, id);
  for (let id = 0; id < 100; id++) assert.equal(skipped.has(id), false);
});

test('what was jumped over is known, what was used is not in it', () => {
  const skipped = new SkippedIds();
  skipped.note(0, 5);
  skipped.note(5, 11);
  const found = Array.from({ length: 8 }, (_, i) => i * 2 + 1).filter((id) => skipped.has(id));
  assert.deepEqual(found, [1, 3, 7, 9]);
});

test('sixteen jumps are remembered, the oldest forgotten', () => {
  const skipped = new SkippedIds();
  for (let i = 0; i < 17; i++) skipped.note(i * 4 + 1, i * 4 + 5);
  assert.deepEqual([skipped.has(3), skipped.has(7), skipped.has(67)], [false, true, true]);
});
