// SPDX-License-Identifier: Apache-2.0
// Time stepped by hand: the Clock port for tests. Nothing happens until `advance` or `runDeferred` is called, so a test
// of a ten-second limit takes no time and cannot fail on a slow machine.

import type { Clock, Timer } from '../core/index.ts';
import { registerClock } from './leak-registry.ts';

/** A timer that has neither fired nor been cleared. */
export interface PendingTimer {
  readonly dueAtMs: number;
  readonly delayMs: number;
}

interface FakeTimer extends PendingTimer {
  readonly callback: () => void;
}

/** More callbacks than this without time passing is an endless loop, not a test (chosen by us). */
const MAX_CALLBACKS_PER_STEP = 100_000;

export class FakeClock implements Clock {
  #nowMs: number;
  #timers = new Set<FakeTimer>();
  #deferred: (() => void)[] = [];

  /** `startMs`: what `now()` says first; not 0, so that code which takes 0 for "never" is found out. */
  constructor(startMs = 1_000_000) {
    this.#nowMs = startMs;
    registerClock(this);
  }

  now(): number {
    return this.#nowMs;
  }

  setTimer(callback: () => void, delayMs: number): Timer {
    if (!(delayMs >= 0)) throw new RangeError(`a timer of ${delayMs} ms: the delay must be a number, 0 or more`);
    const timer: FakeTimer = { callback, delayMs, dueAtMs: this.#nowMs + delayMs };
    this.#timers.add(timer);
    return timer;
  }

  clearTimer(timer: Timer): void {
    this.#timers.delete(timer as FakeTimer);
  }

  defer(callback: () => void): void {
    this.#deferred.push(callback);
  }

  /** Soonest first. */
  get pendingTimers(): readonly PendingTimer[] {
    return [...this.#timers].sort((a, b) => a.dueAtMs - b.dueAtMs);
  }

  get deferredCount(): number {
    return this.#deferred.length;
  }

  /**
   * Lets `ms` pass: fires the timers due in that time in order, each at its own `now()`, those they set included. What
   * they defer runs before the next timer. Promise continuations run later: `await settle(clock)` after this.
   */
  advance(ms: number): void {
    if (!(ms >= 0)) throw new RangeError(`advance by ${ms} ms: time does not go back`);
    const endMs = this.#nowMs + ms;
    for (let fired = 0; ; fired++) {
      if (fired > MAX_CALLBACKS_PER_STEP) throw new Error('the timers set each other without end');
      const next = this.#nextTimer();
      if (next === undefined || next.dueAtMs > endMs) break;
      this.#nowMs = next.dueAtMs;
      this.#timers.delete(next);
      next.callback();
      this.runDeferred();
    }
    this.#nowMs = endMs;
  }

  /** Runs what was deferred, and what that defers, until nothing is left. Returns how many callbacks ran. */
  runDeferred(): number {
    let ran = 0;
    while (this.#deferred.length > 0) {
      const turn = this.#deferred;
      this.#deferred = [];
      for (const callback of turn) callback();
      ran += turn.length;
      if (ran > MAX_CALLBACKS_PER_STEP) throw new Error('the deferred callbacks defer each other without end');
    }
    return ran;
  }

  /** The earliest due; of two due together, the one set first (a Set keeps the order of insertion). */
  #nextTimer(): FakeTimer | undefined {
    let next: FakeTimer | undefined;
    for (const timer of this.#timers) if (next === undefined || timer.dueAtMs < next.dueAtMs) next = timer;
    return next;
  }
}
