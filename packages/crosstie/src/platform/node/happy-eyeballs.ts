// SPDX-License-Identifier: Apache-2.0
// One name, several addresses: try them one after the other, a quarter of a second apart, and keep the first that
// answers (RFC 8305). An attempt that is slow goes on while the next one runs; Node's own `autoSelectFamily` gives each
// address up after 250 ms instead, and so never reaches a server that is far away.

import type { Clock, Timer } from '../../core/index.ts';

export interface Address {
  readonly address: string;
  readonly family: 4 | 6;
}

export interface RaceOptions<T> {
  readonly clock: Clock;
  /** RFC 8305 §5, "Connection Attempt Delay": 250 ms is its recommendation. */
  readonly staggerMs: number;
  /** Ends the race; it rejects with the signal's reason. */
  readonly signal: AbortSignal;
  /** What a loser came back with after all. */
  readonly discard: (value: T) => void;
}

/**
 * Tries one address. `onReached`: the host has answered and only the handshake above is left; no further address is
 * started then, so that a slow server does not get a second handshake from each of its clients. `signal`: lost, stop.
 */
export type Dial<T> = (address: Address, signal: AbortSignal, onReached: () => void) => Promise<T>;

export interface FailedAttempt {
  readonly address: Address;
  readonly error: unknown;
}

/** All addresses failed. */
export class RaceError extends Error {
  readonly attempts: readonly FailedAttempt[];

  constructor(attempts: readonly FailedAttempt[]) {
    super('every address failed');
    this.name = 'RaceError';
    this.attempts = attempts;
  }
}

/** RFC 8305 §4: families take turns, in the resolver's order (RFC 6724) within each, its first choice first. */
export function interleaveFamilies(addresses: readonly Address[]): Address[] {
  const first = addresses.filter(({ family }) => family === addresses[0].family);
  const second = addresses.filter(({ family }) => family !== addresses[0].family);
  const result: Address[] = [];
  for (let i = 0; i < Math.max(first.length, second.length); i++) {
    result.push(...first.slice(i, i + 1), ...second.slice(i, i + 1));
  }
  return result;
}

/** Rejects with a RaceError when every address has failed. */
export function raceAddresses<T>(addresses: readonly Address[], dial: Dial<T>, options: RaceOptions<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    new Race(addresses, dial, { ...options, resolve, reject }).start();
  });
}

interface SettledRaceOptions<T> extends RaceOptions<T> {
  readonly resolve: (value: T) => void;
  readonly reject: (error: unknown) => void;
}

class Race<T> {
  readonly #waiting: Address[];
  readonly #dial: Dial<T>;
  readonly #options: SettledRaceOptions<T>;
  readonly #losers = new AbortController();
  readonly #failed: FailedAttempt[] = [];
  #running = 0;
  #isOver = false;
  #timer: Timer | undefined;

  constructor(addresses: readonly Address[], dial: Dial<T>, options: SettledRaceOptions<T>) {
    this.#waiting = [...addresses];
    this.#dial = dial;
    this.#options = options;
  }

  start(): void {
    const { signal } = this.#options;
    if (signal.aborted) this.#abort();
    else {
      signal.addEventListener('abort', this.#abort);
      this.#startNext();
    }
  }

  #startNext(): void {
    this.#stopTimer();
    const address = this.#waiting.shift();
    if (address === undefined) return;
    this.#running++;
    const { clock, staggerMs } = this.#options;
    if (this.#waiting.length > 0) this.#timer = clock.setTimer(() => this.#startNext(), staggerMs);
    this.#dial(address, this.#losers.signal, () => this.#stopTimer()).then(
      (value) => this.#win(value),
      (error) => this.#lose(address, error),
    );
  }

  #win(value: T): void {
    if (this.#isOver) {
      this.#options.discard(value);
      return;
    }
    this.#finish();
    this.#options.resolve(value);
  }

  #lose(address: Address, error: unknown): void {
    if (this.#isOver) return;
    this.#running--;
    this.#failed.push({ address, error });
    // RFC 8305 §5: a failed attempt need not be waited for.
    if (this.#waiting.length > 0) this.#startNext();
    else if (this.#running === 0) {
      this.#finish();
      this.#options.reject(new RaceError(this.#failed));
    }
  }

  readonly #abort = (): void => {
    this.#finish();
    this.#options.reject(this.#options.signal.reason);
  };

  #finish(): void {
    this.#isOver = true;
    this.#stopTimer();
    this.#options.signal.removeEventListener('abort', this.#abort);
    this.#losers.abort();
  }

  #stopTimer(): void {
    if (this.#timer !== undefined) this.#options.clock.clearTimer(this.#timer);
    this.#timer = undefined;
  }
}
