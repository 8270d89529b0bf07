// SPDX-License-Identifier: Apache-2.0
// All waits of a connection on one timer. A deadline that is met leaves the timer running; when it fires, it looks for
// what is really due. A connection without a wait has no timer.

import type { Clock, Timer } from '../../core/index.ts';

export type DeadlineName =
  | 'preface'
  | 'settings-ack'
  | 'header-block'
  | 'send-stall'
  | 'go-away-flush'
  | 'age'
  | 'idle'
  | 'drain-ping'
  | 'drain';

export class Deadlines {
  readonly #clock: Clock;
  readonly #onExpired: (name: DeadlineName) => void;
  readonly #due = new Map<DeadlineName, number>();
  #timer: Timer | undefined = undefined;
  #timerDueMs = Infinity;

  constructor(clock: Clock, onExpired: (name: DeadlineName) => void) {
    this.#clock = clock;
    this.#onExpired = onExpired;
  }

  has(name: DeadlineName): boolean {
    return this.#due.has(name);
  }

  set(name: DeadlineName, delayMs: number): void {
    const dueMs = this.#clock.now() + delayMs;
    this.#due.set(name, dueMs);
    if (dueMs < this.#timerDueMs) this.#arm(dueMs, delayMs);
  }

  clear(name: DeadlineName): void {
    this.#due.delete(name);
    if (this.#due.size === 0) this.#disarm();
  }

  clearAll(): void {
    this.#due.clear();
    this.#disarm();
  }

  #arm(dueMs: number, delayMs: number): void {
    this.#disarm();
    this.#timerDueMs = dueMs;
    this.#timer = this.#clock.setTimer(() => this.#fire(), delayMs);
  }

  #disarm(): void {
    if (this.#timer !== undefined) this.#clock.clearTimer(this.#timer);
    this.#timer = undefined;
    this.#timerDueMs = Infinity;
  }

  #fire(): void {
    this.#timer = undefined;
    this.#timerDueMs = Infinity;
    const now = this.#clock.now();
    for (const [name, dueMs] of [...this.#due]) {
      // An earlier one may have ended the connection and cleared the rest.
      if (dueMs > now || this.#due.get(name) !== dueMs) continue;
      this.#due.delete(name);
      this.#onExpired(name);
    }
    const nextMs = Math.min(...this.#due.values());
    if (nextMs < this.#timerDueMs) this.#arm(nextMs, nextMs - now);
  }
}
