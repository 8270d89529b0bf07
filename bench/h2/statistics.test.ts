// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { estimateMedian, intervalConfidence, median, quantile } from './statistics.ts';

test('median of an odd and an even number of values', () => {
  assert.equal(median([3, 1, 2]), 2);
  assert.equal(median([4, 1, 2, 3]), 2.5);
  assert.throws(() => median([]), /no values/);
});

test('quantiles lie between their neighbours', () => {
  assert.equal(quantile([10, 20, 30, 40, 50], 0.25), 20);
  assert.equal(quantile([0, 100], 0.99), 99);
  assert.equal(quantile([7], 0.99), 7);
});

test('confidence is that of the binomial distribution', () => {
  assert.equal(intervalConfidence(5, 0), 1 - 2 / 32);
  assert.equal(intervalConfidence(8, 1), 1 - (2 * 9) / 256);
  assert.equal(intervalConfidence(1, 0), 0);
});

test('five values: the interval is the whole spread', () => {
  const { low, high, confidence } = estimateMedian([12, 9, 11, 10, 8]);
  assert.deepEqual([low, high, confidence], [8, 12, 0.9375]);
});

test('more values: as much is cut from each end as the confidence allows', () => {
  const eight = estimateMedian([1, 10, 11, 12, 13, 14, 15, 100]);
  // One cut from each end of eight leaves 92.97 %, short of 93.
  assert.deepEqual([eight.low, eight.high], [1, 100]);
  const nine = estimateMedian([1, 10, 11, 12, 13, 14, 15, 16, 100]);
  assert.deepEqual([nine.low, nine.high, nine.min, nine.max], [10, 16, 1, 100]);
});
