// SPDX-License-Identifier: Apache-2.0

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BandwidthEstimator, MAX_ESTIMATED_WINDOW_BYTES } from './bandwidth-estimator.ts';

function createEstimator(windowBytes: number) {
  const answers: (() => void)[] = [];
  const windows: number[] = [];
  const estimator = new BandwidthEstimator(
    { measureRoundTrip: (onAnswer) => answers.push(onAnswer), widen: (bytes) => windows.push(bytes) },
    windowBytes,
  );
  /** One sample: the first bytes start it, the answer ends it. */
  const sample = (...pieces: number[]) => {
    for (const bytes of pieces) estimator.receive(bytes);
    assert.equal(answers.length, 1, 'one PING at a time');
    answers.pop()?.();
  };
  return { estimator, answers, windows, sample };
}

test('a window that was filled within a round trip is doubled', () => {
  const { windows, sample } = createEstimator(3_000);
  sample(1_000, 999);
  assert.deepEqual(windows, []);
  sample(1_000, 1_000);
  sample(2_000, 2_000);
  sample(6_000, 2_000);
  assert.deepEqual(windows, [6_000, 12_000, 24_000]);
});

test('bytes before the sample do not count', () => {
  const { windows, sample, estimator, answers } = createEstimator(3_000);
  sample(1_999);
  sample(1_999);
  assert.deepEqual(windows, []);
  estimator.receive(1);
  assert.equal(answers.length, 1);
});

test('no window grows beyond 16 MiB, and then nothing is measured any more', () => {
  const { windows, sample, estimator, answers } = createEstimator(MAX_ESTIMATED_WINDOW_BYTES - 1);
  sample(MAX_ESTIMATED_WINDOW_BYTES);
  assert.deepEqual(windows, [MAX_ESTIMATED_WINDOW_BYTES]);
  estimator.receive(MAX_ESTIMATED_WINDOW_BYTES);
  assert.equal(answers.length, 0);
});
