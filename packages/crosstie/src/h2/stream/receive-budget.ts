// SPDX-License-Identifier: Apache-2.0
// Receive memory of the whole process: what peers have sent and nobody has consumed. Windows bound a stream and a
// connection, but 10,000 connections of 4 MiB would be 40 GB. So, as memory fills:
//
//   up to a quarter       full windows
//   up to seven eighths   windows shrink in proportion
//   beyond                only one stream, the favoured one, gets credit until its message is complete, then the next
//                         one: many half-sent messages cannot block each other for good
//   beyond the limit,     the connection that holds most is closed with ENHANCE_YOUR_CALM
//   or no progress

import type { Clock, Timer } from '../../core/index.ts';

/** A connection, as the budget sees it. */
export interface BudgetHolder {
  /** Bytes received and still held. */
  readonly heldBytes: number;
  /** Ends the connection with ENHANCE_YOUR_CALM and `reason`; frees what it holds. */
  evict(reason: string): void;
}

/** A stream that was denied credit. */
export interface CreditWaiter {
  /** The receive flow of its connection. */
  readonly flow: object;
  /** Asks again for what is due. */
  retryCredit(): void;
}

export interface ReceiveBudgetOptions {
  readonly clock: Clock;
  /** Bytes held by all connections together before the largest holder is closed. */
  readonly limitBytes: number;
  /** With credit withheld and nothing consumed for this long, the largest holder is closed too. */
  readonly stallMs: number;
}

const FULL_UP_TO = 1 / 4;
const WITHHOLD_FROM = 7 / 8;

export class ReceiveBudget {
  readonly limitBytes: number;
  /** Connections closed for memory. */
  evictions = 0;
  #heldBytes = 0;
  readonly #options: ReceiveBudgetOptions;
  readonly #holders = new Set<BudgetHolder>();
  /** In order of arrival; the first is the favoured one. */
  readonly #waiters = new Set<CreditWaiter>();
  #stallTimer: Timer | undefined = undefined;
  #releasedBytes = 0;

  constructor(options: ReceiveBudgetOptions) {
    this.#options = options;
    this.limitBytes = options.limitBytes;
  }

  get heldBytes(): number {
    return this.#heldBytes;
  }

  join(holder: BudgetHolder): void {
    this.#holders.add(holder);
  }

  leave(holder: BudgetHolder): void {
    this.#holders.delete(holder);
  }

  charge(bytes: number): void {
    this.#heldBytes += bytes;
  }

  release(bytes: number): void {
    this.#heldBytes -= bytes;
    this.#releasedBytes += bytes;
  }

  /** True while credit goes to one stream only. */
  get isWithholding(): boolean {
    return this.#heldBytes >= this.limitBytes * WITHHOLD_FROM;
  }

  /** How large a window of `fullBytes` may be now. */
  scaleWindow(fullBytes: number): number {
    return scaleWindow(fullBytes, this.#heldBytes / this.limitBytes);
  }

  /** True for the connection of the favoured stream. */
  favours(flow: object): boolean {
    const [first] = this.#waiters;
    return first?.flow === flow;
  }

  isFavoured(waiter: CreditWaiter): boolean {
    const [first] = this.#waiters;
    return first === waiter;
  }

  /** The waiter is asked again when memory has been released. */
  wait(waiter: CreditWaiter): void {
    this.#waiters.add(waiter);
    if (this.#stallTimer === undefined) this.#watchForStall();
  }

  forget(waiter: CreditWaiter): void {
    if (!this.#waiters.delete(waiter) || this.#waiters.size > 0) return;
    if (this.#stallTimer !== undefined) this.#options.clock.clearTimer(this.#stallTimer);
    this.#stallTimer = undefined;
  }

  /** After each read turn of a connection: closes the largest holder if the limit is passed, serves who waits. */
  settle(): void {
    while (this.#heldBytes > this.limitBytes && this.#evictLargest('receive_memory_exhausted')) {}
    if (this.#waiters.size > 0) this.#serveWaiters();
  }

  #serveWaiters(): void {
    if (this.isWithholding) {
      const [favoured] = this.#waiters;
      favoured.retryCredit();
      return;
    }
    for (const waiter of [...this.#waiters]) {
      this.forget(waiter);
      waiter.retryCredit();
    }
  }

  #evictLargest(reason: string): boolean {
    let largest: BudgetHolder | undefined;
    for (const holder of this.#holders)
      if (largest === undefined || holder.heldBytes > largest.heldBytes) largest = holder;
    if (largest === undefined || largest.heldBytes === 0) return false;
    this.evictions++;
    // What it holds is freed as it ends, perhaps not before this returns: it must not be picked twice.
    this.#holders.delete(largest);
    largest.evict(reason);
    return true;
  }

  #watchForStall(): void {
    const releasedBefore = this.#releasedBytes;
    this.#stallTimer = this.#options.clock.setTimer(() => {
      this.#stallTimer = undefined;
      if (this.#waiters.size === 0) return;
      if (this.isWithholding && this.#releasedBytes === releasedBefore) this.#evictLargest('receive_memory_stalled');
      this.settle();
      if (this.#waiters.size > 0) this.#watchForStall();
    }, this.#options.stallMs);
  }
}

/** The gears above: `fill` is held ÷ limit. */
export function scaleWindow(fullBytes: number, fill: number): number {
  if (fill <= FULL_UP_TO) return fullBytes;
  if (fill >= WITHHOLD_FROM) return 0;
  return Math.floor((fullBytes * (WITHHOLD_FROM - fill)) / (WITHHOLD_FROM - FULL_UP_TO));
}
