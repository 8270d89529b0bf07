// SPDX-License-Identifier: Apache-2.0

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeClock, nextTurn } from '../../testing/index.ts';
import { type BudgetHolder, type CreditWaiter, ReceiveBudget } from './receive-budget.ts';

/** Seven eighths are 1,400,000; nobody gets more than an eighth of what is left of them, nor less than 16,384. */
const LIMIT = 1_600_000;

function createBudget(limitBytes = LIMIT) {
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
    this.heldBytes = heldBytes;
    budget.charge(heldBytes);
  }

  evict(reason: string): void {
    this.evictions.push(reason);
    this.#budget.release(this.heldBytes);
    this.heldBytes = 0;
    this.#budget.leave(this);
  }
}

/** A stream that wants `wanted` bytes and waits again when it does not get all of them. */
class Waiter implements CreditWaiter {
  readonly flow = {};
  bodyBytes = 0;
  wanted: number;
  readonly credits: number[] = [];
  readonly evictions: string[] = [];
  readonly #budget: ReceiveBudget;

  constructor(budget: ReceiveBudget, wanted: number) {
    this.#budget = budget;
    this.wanted = wanted;
  }

  retryCredit(): void {
    const credit = this.#budget.creditFor(this, this.wanted);
    if (credit > 0) {
      this.credits.push(credit);
      this.#budget.promise(credit);
      this.wanted -= credit;
    }
    if (this.wanted > 0) this.#budget.wait(this);
  }

  evict(reason: string): void {
    this.evictions.push(reason);
    this.#budget.forget(this);
  }
}

/** Memory held, promised to streams under way, wanted: and what one stream gets that is not favoured. */
const SHARES: readonly (readonly [held: number, promised: number, wanted: number, credit: number])[] = [
  [0, 0, 1_000, 1_000],
  [0, 0, 1_000_000, 175_000],
  [600_000, 0, 1_000_000, 100_000],
  [0, 600_000, 1_000_000, 100_000],
  [600_000, 600_000, 1_000_000, 25_000],
  [600_000, 668_928, 1_000_000, 16_384],
  [600_000, 668_936, 1_000_000, 0],
  [600_000, 668_936, 16_000, 16_000],
  [1_400_000, 0, 1, 0],
  [2_000_000, 0, 1, 0],
];

for (const [held, promised, wanted, credit] of SHARES) {
  test(`with ${held} held and ${promised} promised, who wants ${wanted} gets ${credit}`, () => {
    const { budget } = createBudget();
    budget.charge(held);
    budget.promise(promised);
    assert.equal(budget.creditFor(new Waiter(budget, wanted), wanted), credit);
    assert.deepEqual([budget.heldBytes, budget.promisedBytes], [held, promised]);
    assert.equal(budget.isWithholding, held >= 1_400_000);
  });
}

test('the first that waits is the favoured one, and gets all it wants; then the next', async () => {
  const { budget } = createBudget();
  budget.charge(1_400_000);
  const [first, second] = [new Waiter(budget, 50_000), new Waiter(budget, 60_000)];
  first.retryCredit();
  second.retryCredit();
  await nextTurn();
  assert.deepEqual([first.credits, second.credits], [[50_000], []]);
  assert.deepEqual(
    [budget.isFavoured(first), budget.favours(first.flow), budget.favours(second.flow)],
    [true, true, false],
  );
  budget.forget(first);
  await nextTurn();
  assert.deepEqual(second.credits, [60_000]);
  budget.forget(second);
  assert.equal(budget.favours(second.flow), false);
});

test('the favoured one stays so, with what it wants later, until it is forgotten', async () => {
  const { budget } = createBudget();
  budget.charge(1_400_000);
  const [first, second] = [new Waiter(budget, 50_000), new Waiter(budget, 60_000)];
  first.retryCredit();
  second.retryCredit();
  await nextTurn();
  first.wanted = 20_000;
  first.retryCredit();
  await nextTurn();
  assert.deepEqual([first.credits, second.credits], [[50_000, 20_000], []]);
  for (const waiter of [first, second]) budget.forget(waiter);
});

test('when memory is freed all are served in order, as far as it goes', async () => {
  const { budget } = createBudget();
  budget.charge(1_400_000);
  const waiters = [40_000, 30_000, 20_000].map((wanted) => new Waiter(budget, wanted));
  for (const waiter of waiters) waiter.retryCredit();
  await nextTurn();
  budget.release(1_000_000);
  await nextTurn();
  assert.deepEqual(
    waiters.map(({ wanted }) => wanted),
    [0, 0, 0],
  );
  for (const waiter of waiters) budget.forget(waiter);
});

test('promises that are kept or given up make room, too', async () => {
  const { budget } = createBudget();
  budget.promise(1_400_000);
  const [first, second] = [new Waiter(budget, 30_000), new Waiter(budget, 30_000)];
  first.retryCredit();
  second.retryCredit();
  await nextTurn();
  assert.deepEqual(second.credits, []);
  budget.promise(-700_000);
  await nextTurn();
  assert.deepEqual(second.credits, [30_000]);
  for (const waiter of [first, second]) budget.forget(waiter);
});

test('beyond the limit the largest holder goes, then the next, until it fits', () => {
  const { budget } = createBudget(800);
  const [small, large, largest] = [new Holder(budget, 100), new Holder(budget, 800), new Holder(budget, 900)];
  budget.settle();
  assert.deepEqual(
    [small, large, largest].map(({ evictions }) => evictions),
    [[], ['receive_memory_exhausted'], ['receive_memory_exhausted']],
  );
  assert.deepEqual([budget.evictions, budget.heldBytes], [2, 100]);
});

test('exactly at the limit nobody goes', () => {
  const { budget } = createBudget(800);
  const holder = new Holder(budget, 800);
  budget.settle();
  assert.deepEqual(holder.evictions, []);
});

test('memory that no connection holds cannot be evicted, and does not hang', () => {
  const { budget } = createBudget(800);
  const holder = new Holder(budget);
  budget.charge(2_000);
  budget.settle();
  assert.deepEqual(holder.evictions, []);
});

test('a holder that frees its memory later is not evicted twice', () => {
  const { budget } = createBudget(800);
  let evictions = 0;
  budget.join({ heldBytes: 2_000, evict: () => evictions++ });
  budget.charge(2_000);
  budget.settle();
  budget.settle();
  assert.equal(evictions, 1);
});

test('a favoured stream that receives nothing loses its connection, and the next is favoured', async () => {
  const { budget, clock } = createBudget();
  budget.charge(1_400_000);
  const [first, second] = [new Waiter(budget, 50_000), new Waiter(budget, 50_000)];
  first.retryCredit();
  second.retryCredit();
  await nextTurn();
  clock.advance(999);
  assert.deepEqual(first.evictions, []);
  clock.advance(1);
  await nextTurn();
  assert.deepEqual([first.evictions, second.evictions], [['receive_memory_stalled'], []]);
  assert.deepEqual([budget.isFavoured(second), second.credits], [true, [50_000]]);
  clock.advance(1_000);
  assert.deepEqual(second.evictions, ['receive_memory_stalled']);
  assert.equal(clock.pendingTimers.length, 0);
});

test('a favoured stream that makes progress keeps its connection', async () => {
  const { budget, clock } = createBudget();
  budget.charge(1_400_000);
  const waiter = new Waiter(budget, 50_000);
  waiter.retryCredit();
  await nextTurn();
  for (let i = 0; i < 5; i++) {
    waiter.bodyBytes += 1;
    clock.advance(1_000);
  }
  assert.deepEqual(waiter.evictions, []);
  budget.forget(waiter);
});

test('with room in memory nobody goes, however long a stream waits for its peer', async () => {
  const { budget, clock } = createBudget();
  const waiter = new Waiter(budget, 50_000);
  budget.wait(waiter);
  clock.advance(10_000);
  await nextTurn();
  assert.deepEqual(waiter.evictions, []);
  budget.forget(waiter);
});

test('without a waiter there is no timer', () => {
  const { budget, clock } = createBudget();
  assert.equal(clock.pendingTimers.length, 0);
  const waiters = [new Waiter(budget, 1), new Waiter(budget, 1)];
  for (const waiter of waiters) budget.wait(waiter);
  assert.equal(clock.pendingTimers.length, 1);
  for (const waiter of waiters) budget.forget(waiter);
  assert.equal(clock.pendingTimers.length, 0);
});
