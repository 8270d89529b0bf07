// SPDX-License-Identifier: Apache-2.0

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TokenBucket } from './token-bucket.ts';

const takeAll = (bucket: TokenBucket, nowMs: number): number => {
  let taken = 0;
  while (bucket.take(nowMs)) taken++;
  return taken;
};

test('the burst, and no more', () => {
  const bucket = new TokenBucket(3, 1, 0);
  assert.equal(takeAll(bucket, 0), 3);
  assert.equal(bucket.take(999), false);
  assert.equal(bucket.take(1_000), true, 'parts of a token add up, refused takes in between or not');
  assert.equal(bucket.take(1_000), false);
});

test('it refills at its rate, never beyond the burst', () => {
  const bucket = new TokenBucket(10, 5, 1_000);
  takeAll(bucket, 1_000);
  assert.equal(takeAll(bucket, 2_000), 5);
  assert.equal(takeAll(bucket, 3_600_000), 10);
});

test('a burst of 0 gives nothing, ever', () => {
  const bucket = new TokenBucket(0, 100, 0);
  assert.equal(bucket.take(1e9), false);
});

test('without a rate the burst is all there is', () => {
  const bucket = new TokenBucket(2, 0, 0);
  assert.equal(takeAll(bucket, 0) + takeAll(bucket, 1e12), 2);
});
