// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeClock } from './fake-clock.ts';

test('timers fire in order of time, each at its own now, and those set meanwhile fire too', () => {
  const clock = new FakeClock(0);
  const fired: string[] = [];
  clock.setTimer(() => fired.push(`b@${clock.now()}`), 20);
  clock.setTimer(() => {
    fired.push(`a@${clock.now()}`);
    clock.setTimer(() => fired.push(`c@${clock.now()}`), 5);
  }, 10);
  clock.advance(14);
  assert.deepEqual(fired, ['a@10']);
  assert.deepEqual(
    clock.pendingTimers.map((timer) => timer.dueAtMs),
    [15, 20],
  );
  clock.advance(6);
  assert.deepEqual(fired, ['a@10', 'c@15', 'b@20']);
  assert.equal(clock.now(), 20);
  assert.equal(clock.pendingTimers.length, 0);
});

test('two timers due together fire in the order in which they were set', () => {
  const clock = new FakeClock();
  const fired: number[] = [];
  clock.setTimer(() => fired.push(1), 5);
  clock.setTimer(() => fired.push(2), 5);
  clock.advance(5);
  assert.deepEqual(fired, [1, 2]);
});

test('a cleared timer does not fire, and clearing it again is allowed', () => {
  const clock = new FakeClock();
  const timer = clock.setTimer(() => assert.fail('cleared'), 5);
  clock.clearTimer(timer);
  clock.clearTimer(timer);
  clock.advance(10);
});

test('deferred callbacks run only when told, with those they defer', () => {
  const clock = new FakeClock();
  const ran: number[] = [];
  clock.defer(() => {
    ran.push(1);
    clock.defer(() => ran.push(2));
  });
  assert.deepEqual(ran, []);
  assert.equal(clock.deferredCount, 1);
  assert.equal(clock.runDeferred(), 2);
  assert.deepEqual(ran, [1, 2]);
});

test('callbacks without end are an error, not a hang', () => {
  const clock = new FakeClock();
  let isOver = false;
  const defer = () => {
    if (!isOver) clock.defer(defer);
  };
  const setTimer = () => {
    if (!isOver) clock.setTimer(setTimer, 0);
  };
  defer();
  assert.throws(() => clock.runDeferred(), /defer each other without end/);
  setTimer();
  assert.throws(() => clock.advance(1), /without end/);
  isOver = true;
  clock.advance(1);
});
