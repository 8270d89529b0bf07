// SPDX-License-Identifier: Apache-2.0

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeClock, nextTurn } from '../../testing/index.ts';
import { type BudgetHolder, type CreditRequest, ReceiveBudget } from './receive-budget.ts';

/** A quarter of it is for the favoured stream: 1,200,000 are for all. */
const LIMIT = 1_600_000;
const FULL = 1_000_000;

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

/** A stream under way that asks for what it owes its peer, and waits when it gets nothing. */
class Waiter implements CreditRequest {
  readonly flow = {};
  bodyBytes = 0;
  receiveWindow = 0;
  dueBytes: number;
  readonly credits: number[] = [];
  readonly evictions: string[] = [];
  readonly #budget: ReceiveBudget;

  constructor(budget: ReceiveBudget, dueBytes: number) {
    this.#budget = budget;
    this.dueBytes = dueBytes;
  }

  retryCredit(): void {
    if (this.dueBytes === 0) return;
    const credit = this.#budget.creditFor(this, FULL);
    if (credit === 0) {
      this.#budget.wait(this);
      return;
    }
    this.credits.push(credit);
    this.dueBytes -= credit;
    this.receiveWindow += credit;
    this.#budget.promise(credit);
  }

  evict(reason: string): void {
    this.evictions.push(reason);
    this.#budget.forget(this);
  }
}

/** Memory held and promised, owed to the stream, its window: and what it gets when it is not favoured. */
const CREDITS: readonly (readonly [held: number, promised: number, due: number, window: number, credit: number])[] = [
  [0, 0, 500_000, 0, 500_000],
  [0, 0, FULL, 0, FULL],
  [0, 0, FULL, 600_000, 400_000],
  [600_000, 0, FULL, 0, 500_000],
  [0, 600_000, FULL, 0, 500_000],
  [300_000, 600_000, FULL, 0, 250_000],
  [300_000, 600_000, FULL, 240_000, 0],
  [300_000, 600_000, 16_384, 0, 16_384],
  [300_000, 600_000, 16_383, 0, 0],
  [1_200_000, 0, FULL, 0, 0],
  [2_000_000, 0, FULL, 0, 0],
];

for (const [held, promised, due, window, credit] of CREDITS) {
  test(`${held} held, ${promised} promised: a window of ${window} with ${due} due gets ${credit}`, () => {
    const { budget } = createBudget();
    budget.charge(held);
    budget.promise(promised);
    const waiter = new Waiter(budget, due);
    waiter.receiveWindow = window;
    assert.equal(budget.creditFor(waiter, FULL), credit);
    assert.deepEqual([budget.heldBytes, budget.promisedBytes], [held, promised]);
    assert.equal(budget.isWithholding, held >= 1_400_000);
  });
}

test('a small window need not wait for a whole frame', () => {
  const { budget } = createBudget();
  assert.equal(budget.creditFor(new Waiter(budget, 5_000), 10_000), 5_000);
  assert.equal(budget.creditFor(new Waiter(budget, 4_999), 10_000), 0);
});

test('the first that waits is the favoured one, and gets all it asks for; then the next', async () => {
  const { budget } = createBudget();
  budget.charge(1_200_000);
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

test('the favoured one stays so, with what it asks for later, until it is forgotten', async () => {
  const { budget } = createBudget();
  budget.charge(1_200_000);
  const [first, second] = [new Waiter(budget, 50_000), new Waiter(budget, 60_000)];
  first.retryCredit();
  second.retryCredit();
  await nextTurn();
  first.dueBytes = 20_000;
  first.retryCredit();
  await nextTurn();
  assert.deepEqual([first.credits, second.credits], [[50_000, 20_000], []]);
  for (const waiter of [first, second]) budget.forget(waiter);
});

test('the favoured one, too, gets only what fits', async () => {
  const { budget } = createBudget();
  budget.charge(1_550_000);
  const waiter = new Waiter(budget, 400_000);
  waiter.retryCredit();
  await nextTurn();
  assert.deepEqual(waiter.credits, [50_000]);
  waiter.retryCredit();
  budget.release(100_000);
  await nextTurn();
  assert.deepEqual(waiter.credits, [50_000, 100_000]);
  budget.forget(waiter);
});

test('when memory is freed, or a promise given up, all are served in order', async () => {
  const frees = [
    (budget: ReceiveBudget) => budget.release(600_000),
    (budget: ReceiveBudget) => budget.promise(-600_000),
  ];
  for (const free of frees) {
    const { budget } = createBudget();
    budget.charge(600_000);
    budget.promise(600_000);
    const waiters = [40_000, 30_000, 20_000].map((due) => new Waiter(budget, due));
    for (const waiter of waiters) waiter.retryCredit();
    await nextTurn();
    free(budget);
    await nextTurn();
    assert.deepEqual(
      waiters.map(({ dueBytes }) => dueBytes),
      [0, 0, 0],
    );
    for (const waiter of waiters) budget.forget(waiter);
  }
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
  budget.charge(1_200_000);
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

test('a favoured stream that could get nothing is not to blame: the largest holder goes', async () => {
  const { budget, clock } = createBudget();
  const [small, large] = [new Holder(budget, 500_000), new Holder(budget, 1_100_000)];
  const waiter = new Waiter(budget, 50_000);
  waiter.retryCredit();
  await nextTurn();
  clock.advance(1_000);
  assert.deepEqual([waiter.evictions, small.evictions, large.evictions.length], [[], [], 1]);
  await nextTurn();
  assert.deepEqual(waiter.credits, [50_000]);
  budget.forget(waiter);
});

test('a favoured stream that makes progress keeps its connection', async () => {
  const { budget, clock } = createBudget();
  budget.charge(1_200_000);
  const waiter = new Waiter(budget, 50_000);
  waiter.retryCredit();
  await nextTurn();
  for (let i = 0; i < 5; i++) {
    waiter.bodyBytes += 1;
    clock.advance(1_000);
  }
  assert.deepEqual(waiter.evictions, []);
  assert.equal(clock.pendingTimers.length, 1, 'one timer, however long it takes');
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
