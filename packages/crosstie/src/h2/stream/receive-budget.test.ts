// SPDX-License-Identifier: Apache-2.0

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeClock } from '../../testing/index.ts';
import { type BudgetHolder, type CreditWaiter, ReceiveBudget } from './receive-budget.ts';

function createBudget(limitBytes = 800) {
  const clock = new FakeClock();
  return { clock, budget: new ReceiveBudget({ clock, limitBytes, stallMs: 1_000 }) };
}

class Holder implements BudgetHolder {
  heldBytes = 0;
  readonly evictions: string[] = [];
  readonly #budget: ReceiveBudget;

  constructor(budget: ReceiveBudget, heldBytes = 0) {
    this.#budget = budget;
    budget.join(this);
    this.hold(heldBytes);
  }

  hold(bytes: number): void {
    this.heldBytes += bytes;
    this.#budget.charge(bytes);
  }

  evict(reason: string): void {
    this.evictions.push(reason);
    this.#budget.release(this.heldBytes);
    this.heldBytes = 0;
    this.#budget.leave(this);
  }
}

class Waiter implements CreditWaiter {
  asked = 0;
  retryCredit(): void {
    this.asked++;
  }
}

/** Held bytes of 800, and what is left of a window of 1,000. */
const GEARS: readonly (readonly [held: number, window: number, isWithholding: boolean])[] = [
  [0, 1_000, false],
  [200, 1_000, false],
  [201, 998, false],
  [450, 500, false],
  [575, 250, false],
  [700, 0, true],
  [800, 0, true],
  [900, 0, true],
];

for (const [held, window, isWithholding] of GEARS) {
  test(`with ${held} of 800 bytes held a window of 1,000 is ${window}`, () => {
    const { budget } = createBudget();
    budget.charge(held);
    assert.equal(budget.scaleWindow(1_000), window);
    assert.equal(budget.isWithholding, isWithholding);
    budget.release(held);
    assert.equal(budget.scaleWindow(1_000), 1_000);
  });
}

test('the first that waits is the favoured one, until it is forgotten', () => {
  const { budget } = createBudget();
  const [first, second] = [new Waiter(), new Waiter()];
  assert.equal(budget.isFavoured(first), false);
  budget.wait(first);
  budget.wait(second);
  budget.wait(first);
  assert.deepEqual([budget.isFavoured(first), budget.isFavoured(second)], [true, false]);
  budget.forget(first);
  assert.deepEqual([budget.isFavoured(first), budget.isFavoured(second)], [false, true]);
  budget.forget(second);
});

test('with memory short only the favoured one is asked again, with room all are, once', () => {
  const { budget } = createBudget();
  const waiters = [new Waiter(), new Waiter(), new Waiter()];
  for (const waiter of waiters) budget.wait(waiter);
  budget.charge(750);
  budget.settle();
  assert.deepEqual(
    waiters.map(({ asked }) => asked),
    [1, 0, 0],
  );
  budget.release(300);
  budget.settle();
  budget.settle();
  assert.deepEqual(
    waiters.map(({ asked }) => asked),
    [2, 1, 1],
  );
});

test('beyond the limit the largest holder goes, then the next, until it fits', () => {
  const { budget } = createBudget();
  const [small, large, largest] = [new Holder(budget, 100), new Holder(budget, 800), new Holder(budget, 900)];
  budget.settle();
  assert.deepEqual(
    [small, large, largest].map(({ evictions }) => evictions.length),
    [0, 1, 1],
  );
  assert.deepEqual(largest.evictions, ['receive_memory_exhausted']);
  assert.deepEqual([budget.evictions, budget.heldBytes], [2, 100]);
});

test('exactly at the limit nobody goes', () => {
  const { budget } = createBudget();
  const holder = new Holder(budget, 800);
  budget.settle();
  assert.deepEqual(holder.evictions, []);
});

test('memory that no connection holds cannot be evicted, and does not hang', () => {
  const { budget } = createBudget();
  const holder = new Holder(budget);
  budget.charge(2_000);
  budget.settle();
  assert.deepEqual(holder.evictions, []);
});

test('credit withheld and nothing consumed: after the stall time the largest holder goes', () => {
  const { budget, clock } = createBudget();
  const [small, large] = [new Holder(budget, 300), new Holder(budget, 450)];
  budget.wait(new Waiter());
  clock.advance(999);
  assert.deepEqual(
    [small, large].map(({ evictions }) => evictions),
    [[], []],
  );
  clock.advance(1);
  assert.deepEqual(
    [small, large].map(({ evictions }) => evictions),
    [[], ['receive_memory_stalled']],
  );
});

test('as long as something is consumed nobody goes', () => {
  const { budget, clock } = createBudget();
  const holder = new Holder(budget, 750);
  const waiter = new Waiter();
  budget.wait(waiter);
  for (let i = 0; i < 5; i++) {
    clock.advance(500);
    budget.release(1);
    budget.charge(1);
    clock.advance(500);
  }
  assert.deepEqual(holder.evictions, []);
  assert.ok(waiter.asked > 0, 'and the favoured one is asked again');
  clock.advance(1_000);
  assert.equal(holder.evictions.length, 1);
});

test('without a waiter there is no timer', () => {
  const { budget, clock } = createBudget();
  assert.equal(clock.pendingTimers.length, 0);
  const waiter = new Waiter();
  budget.wait(waiter);
  budget.wait(new Waiter());
  assert.equal(clock.pendingTimers.length, 1);
  budget.settle();
  clock.advance(1_000);
  assert.equal(clock.pendingTimers.length, 0);
});

test('a waiter that is denied again while it is asked waits on', () => {
  const { budget } = createBudget();
  let asked = 0;
  const denied: CreditWaiter = {
    retryCredit: () => {
      asked++;
      budget.wait(denied);
    },
  };
  budget.wait(denied);
  budget.settle();
  assert.deepEqual([asked, budget.isFavoured(denied)], [1, true]);
  budget.forget(denied);
});
