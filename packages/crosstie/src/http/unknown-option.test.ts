// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DEFAULT_HTTP1_TIMEOUTS, resolveNumbers } from './listen-options.ts';
import { ensureKnownOptions, nearestName } from './unknown-option.ts';

test('a slip of the pen is told what was meant', () => {
  const known = ['port', 'host', 'path', 'limits', 'handshakeTimeoutMs'];
  for (const [wrong, right] of [
    ['prot', 'port'],
    ['Port', 'port'],
    ['hots', 'host'],
    ['limit', 'limits'],
    ['handshakeTimeout', 'handshakeTimeoutMs'],
    ['hand', 'handshakeTimeoutMs'],
    ['handshakTimeoutMs', 'handshakeTimeoutMs'],
  ]) {
    assert.equal(nearestName(wrong, known), right);
  }
  assert.equal(nearestName('compression', known), undefined);
});

test('an unknown option is an error that names it', () => {
  assert.throws(() => ensureKnownOptions('listen', { prot: 1 }, ['port']), {
    name: 'TypeError',
    message: 'unknown option prot of listen: did you mean port?',
  });
  assert.throws(() => ensureKnownOptions('listen', { zzz: 1 }, ['port', 'host']), /known are port, host/);
  ensureKnownOptions('listen', { port: 1 }, ['port']);
});

test('numbers get their defaults and are checked', () => {
  assert.equal(resolveNumbers('http1', undefined, DEFAULT_HTTP1_TIMEOUTS), DEFAULT_HTTP1_TIMEOUTS);
  assert.deepEqual(resolveNumbers('http1', { headersTimeoutMs: 5 }, DEFAULT_HTTP1_TIMEOUTS), {
    ...DEFAULT_HTTP1_TIMEOUTS,
    headersTimeoutMs: 5,
  });
  for (const bad of [-1, Number.NaN, '5' as unknown as number]) {
    assert.throws(() => resolveNumbers('http1', { headersTimeoutMs: bad }, DEFAULT_HTTP1_TIMEOUTS), RangeError);
  }
});
