// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeClock, nextTurn } from '../../testing/index.ts';
import { type Address, interleaveFamilies, RaceError, raceAddresses } from './happy-eyeballs.ts';

const STAGGER_MS = 250;
const v6 = (n: number): Address => ({ address: `2001:db8::${n}`, family: 6 });
const v4 = (n: number): Address => ({ address: `192.0.2.${n}`, family: 4 });

interface Attempt {
  readonly address: string;
  readonly signal: AbortSignal;
  readonly reached: () => void;
  readonly win: () => void;
  readonly fail: (error: Error) => void;
}

/** A race whose attempts are ended by hand. */
function race(addresses: readonly Address[]) {
  const clock = new FakeClock();
  const attempts: Attempt[] = [];
  const discarded: string[] = [];
  const caller = new AbortController();
  const result = raceAddresses<string>(
    addresses,
    ({ address }, signal, reached) =>
      new Promise((resolve, reject) => {
        attempts.push({ address, signal, reached, win: () => resolve(address), fail: reject });
      }),
    { clock, staggerMs: STAGGER_MS, signal: caller.signal, discard: (value) => discarded.push(value) },
  );
  result.catch(() => {});
  const started = () => attempts.map(({ address }) => address);
  return { clock, attempts, discarded, caller, result, started };
}

test('families take turns, the resolver’s first choice first', () => {
  const mixed = [v6(1), v6(2), v6(3), v4(1)];
  assert.deepEqual(interleaveFamilies(mixed), [v6(1), v4(1), v6(2), v6(3)]);
  assert.deepEqual(interleaveFamilies([v4(1), v4(2), v6(1)]), [v4(1), v6(1), v4(2)]);
  assert.deepEqual(interleaveFamilies([v4(1)]), [v4(1)]);
});

test('a slow address keeps running while the next one starts, and may still win', async () => {
  const { clock, attempts, result, started } = race([v6(1), v4(1), v6(2)]);
  assert.deepEqual(started(), [v6(1).address]);
  clock.advance(STAGGER_MS - 1);
  assert.equal(started().length, 1);
  clock.advance(1);
  assert.equal(started().length, 2);
  clock.advance(STAGGER_MS);
  assert.equal(started().length, 3);
  assert.equal(attempts[0].signal.aborted, false);
  attempts[0].win();
  assert.equal(await result, v6(1).address);
  assert.equal(attempts[1].signal.aborted, true);
  assert.deepEqual(clock.pendingTimers, []);
});

test('a failure starts the next address at once', async () => {
  const { clock, attempts, result, started } = race([v6(1), v4(1)]);
  attempts[0].fail(new Error('refused'));
  await nextTurn();
  assert.deepEqual(started(), [v6(1).address, v4(1).address]);
  attempts[1].win();
  assert.equal(await result, v4(1).address);
  assert.deepEqual(clock.pendingTimers, []);
});

test('a host that answered stops the stagger; if its handshake fails, the next address begins', async () => {
  const { clock, attempts, result, started } = race([v6(1), v4(1)]);
  attempts[0].reached();
  clock.advance(10 * STAGGER_MS);
  assert.equal(started().length, 1);
  attempts[0].fail(new Error('bad certificate'));
  await nextTurn();
  assert.equal(started().length, 2);
  attempts[1].win();
  assert.equal(await result, v4(1).address);
});

test('a loser that comes in after all is discarded', async () => {
  const { clock, attempts, discarded, result } = race([v6(1), v4(1)]);
  clock.advance(STAGGER_MS);
  attempts[1].win();
  assert.equal(await result, v4(1).address);
  attempts[0].win();
  await nextTurn();
  assert.deepEqual(discarded, [v6(1).address]);
});

test('when all have failed, all are named', async () => {
  const { attempts, result } = race([v6(1), v4(1)]);
  attempts[0].fail(new Error('one'));
  await nextTurn();
  attempts[1].fail(new Error('two'));
  await assert.rejects(result, (error) => {
    assert.ok(error instanceof RaceError);
    assert.deepEqual(
      error.attempts.map(({ error }) => (error as Error).message),
      ['one', 'two'],
    );
    return true;
  });
});

test('the caller ends the race, its attempts with it', async () => {
  const { clock, attempts, caller, result } = race([v6(1), v4(1), v6(2)]);
  clock.advance(STAGGER_MS);
  caller.abort(new Error('enough'));
  await assert.rejects(result, /enough/);
  assert.ok(attempts.every(({ signal }) => signal.aborted));
  assert.equal(attempts.length, 2);
  assert.deepEqual(clock.pendingTimers, []);
});
