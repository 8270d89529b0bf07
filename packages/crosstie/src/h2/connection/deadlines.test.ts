// SPDX-License-Identifier: Apache-2.0

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeClock } from '../../testing/index.ts';
import { type DeadlineName, Deadlines } from './deadlines.ts';

function createDeadlines(onExpired: (name: DeadlineName) => void = () => {}) {
  const clock = new FakeClock();
  const startMs = clock.now();
  const expired: string[] = [];
  const deadlines = new Deadlines(clock, (name) => {
    expired.push(`${name} at ${clock.now() - startMs}`);
    onExpired(name);
  });
  return { clock, deadlines, expired };
}

test('each expires at its own time, on one timer', () => {
  const { clock, deadlines, expired } = createDeadlines();
  deadlines.set('preface', 100);
  deadlines.set('settings-ack', 300);
  deadlines.set('header-block', 200);
  assert.equal(clock.pendingTimers.length, 1);
  clock.advance(1_000);
  assert.deepEqual(expired, ['preface at 100', 'header-block at 200', 'settings-ack at 300']);
  assert.equal(clock.pendingTimers.length, 0);
});

test('a deadline that is met does not expire, and one set anew counts from then', () => {
  const { clock, deadlines, expired } = createDeadlines();
  deadlines.set('preface', 100);
  deadlines.set('settings-ack', 100);
  clock.advance(50);
  deadlines.clear('preface');
  deadlines.set('settings-ack', 100);
  clock.advance(50);
  assert.deepEqual(expired, []);
  clock.advance(50);
  assert.deepEqual(expired, ['settings-ack at 150']);
});

test('an earlier one set later is not late', () => {
  const { clock, deadlines, expired } = createDeadlines();
  deadlines.set('settings-ack', 10_000);
  deadlines.set('header-block', 10);
  clock.advance(10);
  assert.deepEqual(expired, ['header-block at 10']);
  deadlines.clearAll();
});

test('has tells whether it is set', () => {
  const { clock, deadlines } = createDeadlines();
  assert.equal(deadlines.has('drain'), false);
  deadlines.set('drain', 10);
  assert.equal(deadlines.has('drain'), true);
  clock.advance(10);
  assert.equal(deadlines.has('drain'), false);
});

test('without a deadline there is no timer', () => {
  const { clock, deadlines } = createDeadlines();
  deadlines.set('preface', 100);
  deadlines.clear('preface');
  assert.equal(clock.pendingTimers.length, 0);
  deadlines.set('preface', 100);
  deadlines.set('drain', 50);
  deadlines.clearAll();
  assert.equal(clock.pendingTimers.length, 0);
});

test('the first to expire may end it all', () => {
  const { clock, deadlines, expired } = createDeadlines(() => deadlines.clearAll());
  deadlines.set('preface', 100);
  deadlines.set('settings-ack', 100);
  clock.advance(1_000);
  assert.deepEqual(expired, ['preface at 100']);
  assert.equal(clock.pendingTimers.length, 0);
});

test('one that sets itself again when it expires', () => {
  const { clock, deadlines, expired } = createDeadlines((name) => {
    if (expired.length < 3) deadlines.set(name, 10);
  });
  deadlines.set('send-stall', 10);
  clock.advance(100);
  assert.deepEqual(expired, ['send-stall at 10', 'send-stall at 20', 'send-stall at 30']);
});
