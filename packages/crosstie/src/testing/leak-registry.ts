// SPDX-License-Identifier: Apache-2.0
// What tests have made and the leak check looks at after each of them. The test tools enter themselves here, so that
// the author of a test need not think of it.

import type { ByteReceiver } from '../core/index.ts';

/** A fake clock, as far as the leak check is concerned. */
export interface WatchedClock {
  readonly pendingTimers: readonly { readonly delayMs: number }[];
  readonly deferredCount: number;
  runDeferred(): number;
}

/** Something the harness ends after the test, before it looks for leaks. */
export interface Closable {
  close(): void;
}

/** What one test has made. */
export interface LeakScope {
  readonly clocks: Set<WatchedClock>;
  /** Whoever was opened on a memory channel: connections say by `inspect()` what they still hold. */
  readonly receivers: Set<ByteReceiver>;
  readonly closables: Set<Closable>;
}

/** Innermost last: a subtest has a scope of its own inside that of its test. The first is for what no test has made. */
const scopes: LeakScope[] = [createScope()];

export function openLeakScope(): void {
  scopes.push(createScope());
}

export function closeLeakScope(): LeakScope {
  return (scopes.length > 1 ? scopes.pop() : undefined) ?? createScope();
}

export function registerClock(clock: WatchedClock): void {
  scopes.at(-1)?.clocks.add(clock);
}

export function registerReceiver(receiver: ByteReceiver): void {
  scopes.at(-1)?.receivers.add(receiver);
}

/** Ended by the harness when the test is over. */
export function registerClosable(closable: Closable): void {
  scopes.at(-1)?.closables.add(closable);
}

function createScope(): LeakScope {
  return { clocks: new Set(), receivers: new Set(), closables: new Set() };
}
