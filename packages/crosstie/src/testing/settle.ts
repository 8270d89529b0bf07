// SPDX-License-Identifier: Apache-2.0
// Waiting without sleeping: in-memory peers are quiet when the promise jobs have run, the deferred callbacks have run,
// and neither produced new ones. The wait is bounded by turns, not by time.

import type { FakeClock } from './fake-clock.ts';

/** A dialogue that is not quiet after so many turns never will be (chosen by us; tests need fewer than ten). */
const MAX_TURNS = 10_000;

/** Two quiet turns in a row: one may have been spent on a promise that only then starts the next step. */
const QUIET_TURNS = 2;

/** One turn of the real event loop: every microtask and `nextTick` callback queued now has run when it resolves. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/**
 * Resolves when nothing more happens by itself. `activity` counts what else may go on (bytes moved by a channel): the
 * wait goes on while it changes.
 */
export async function settle(clock: FakeClock, activity: () => number = () => 0): Promise<void> {
  let seen = activity();
  let quiet = 0;
  for (let turn = 0; quiet < QUIET_TURNS; turn++) {
    if (turn > MAX_TURNS) throw new Error(`still busy after ${MAX_TURNS} turns: something answers itself without end`);
    await nextTurn();
    const ran = clock.runDeferred();
    const now = activity();
    quiet = ran === 0 && now === seen ? quiet + 1 : 0;
    seen = now;
  }
}
