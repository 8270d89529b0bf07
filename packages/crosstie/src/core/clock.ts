// SPDX-License-Identifier: Apache-2.0
// The clock port: the only source of time for every layer, so that tests step it by hand.

/** What `setTimer` returns; only good for `clearTimer`. */
export type Timer = object;

/** Time as the layers see it. Implemented by `platform/node` and, stepped by hand, by `testing`. */
export interface Clock {
  /** Milliseconds since an arbitrary moment. Never goes back; only differences mean anything. */
  now(): number;
  /** Calls `callback` once, `delayMs` or a little more from now. A pending timer does not keep the process alive. */
  setTimer(callback: () => void, delayMs: number): Timer;
  /** Forgets the timer; a timer that has fired or been cleared already is left alone. */
  clearTimer(timer: Timer): void;
  /** Calls `callback` once, after the input that is ready now has been handled (`setImmediate` in Node). */
  defer(callback: () => void): void;
}
