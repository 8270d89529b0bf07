// SPDX-License-Identifier: Apache-2.0

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DEFAULT_LIMITS, type H2Limits, LIMIT_REASONS, resolveLimits } from '../index.ts';

test('nothing given: the defaults; something given: that, and the defaults', () => {
  assert.deepEqual(resolveLimits(), DEFAULT_LIMITS);
  assert.deepEqual(resolveLimits({}), DEFAULT_LIMITS);
  assert.deepEqual(resolveLimits({ pings: 3 }), { ...DEFAULT_LIMITS, pings: 3 });
  assert.equal(resolveLimits({ concurrentStreams: 0 }).concurrentStreams, 0);
});

test('an unknown name is told, with the known ones', () => {
  const misspelt = { concurentStreams: 5 } as Partial<H2Limits>;
  assert.throws(() => resolveLimits(misspelt), {
    name: 'TypeError',
    message: /unknown limit concurentStreams; known: .*concurrentStreams/,
  });
});

test('names that every object has are unknown too', () => {
  for (const name of ['toString', 'constructor', '__proto__']) {
    const limits = Object.fromEntries([[name, 5]]) as Partial<H2Limits>;
    assert.throws(() => resolveLimits(limits), /unknown limit/, name);
  }
});

test('no limit works with what is no number from 0 up', () => {
  for (const value of [-1, Number.NaN, '5', null, undefined]) {
    const limits = { pings: value } as unknown as Partial<H2Limits>;
    assert.throws(() => resolveLimits(limits), { name: 'RangeError', message: /limit pings/ }, String(value));
  }
});

test('what SETTINGS could not say is refused', () => {
  // RFC 9113 §6.5.2: SETTINGS_MAX_FRAME_SIZE from 2^14 to 2^24-1, SETTINGS_INITIAL_WINDOW_SIZE up to 2^31-1.
  for (const limits of [
    { frameBytes: 16_383 },
    { frameBytes: 16_777_216 },
    { streamWindowBytes: 2 ** 31 },
    { connectionWindowBytes: 2 ** 31 },
  ]) {
    assert.throws(() => resolveLimits(limits), RangeError, JSON.stringify(limits));
  }
  for (const limits of [
    { frameBytes: 16_384 },
    { frameBytes: 16_777_215 },
    { streamWindowBytes: 2 ** 31 - 1, connectionWindowBytes: 2 ** 31 - 1 },
  ]) {
    assert.doesNotThrow(() => resolveLimits(limits));
  }
});

test('every reason is a word of its own', () => {
  const reasons = Object.values(LIMIT_REASONS);
  assert.equal(new Set(reasons).size, reasons.length);
  for (const reason of reasons) assert.match(reason, /^[a-z0-9_]+$/);
});

test('the defaults cannot be changed', () => {
  assert.ok(Object.isFrozen(DEFAULT_LIMITS));
});
