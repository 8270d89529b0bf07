// SPDX-License-Identifier: Apache-2.0

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeClock } from '../../testing/index.ts';
import { ErrorCode } from '../frame/index.ts';
import { AbuseBudgets } from './abuse-budgets.ts';
import { type H2Limits, resolveLimits } from './limits.ts';

function createBudgets(limits: Partial<H2Limits>) {
  const clock = new FakeClock();
  const told: string[] = [];
  const budgets = new AbuseBudgets(resolveLimits(limits), clock, (name) => told.push(name));
  return { clock, budgets, told };
}

const CALM = (message: string) => ({ name: 'ConnectionError', code: ErrorCode.ENHANCE_YOUR_CALM, message });

/** How often `step` works, up to a thousand times. */
function count(step: () => void): number {
  for (let i = 0; i < 1_000; i++) {
    try {
      step();
    } catch {
      return i;
    }
  }
  return 1_000;
}

/** Each budget that refills: its knobs, its step and what the peer is told. */
const RATES: readonly (readonly [Partial<H2Limits>, (budgets: AbuseBudgets) => void, reason: string])[] = [
  [{ resetsReceived: 5, resetsReceivedPerSecond: 2 }, (budgets) => budgets.receiveReset(), 'too_many_resets'],
  [{ resetsSent: 5, resetsSentPerSecond: 2 }, (budgets) => budgets.sendReset(), 'too_many_stream_errors'],
  [{ glitches: 5, glitchesPerSecond: 2 }, (budgets) => budgets.glitch(), 'too_many_glitches'],
  [{ settingsFrames: 5, settingsFramesPerSecond: 2 }, (budgets) => budgets.receiveSettings(1), 'too_many_settings'],
];

for (const [limits, step, reason] of RATES) {
  test(`${reason}: a burst, then a rate`, () => {
    const { budgets, clock } = createBudgets(limits);
    assert.equal(
      count(() => step(budgets)),
      5,
    );
    clock.advance(1_000);
    assert.equal(
      count(() => step(budgets)),
      2,
    );
    assert.throws(() => step(budgets), CALM(reason));
  });
}

test('budgets do not share their tokens', () => {
  const { budgets } = createBudgets({ resetsReceived: 1, glitches: 1, resetsSent: 1 });
  budgets.receiveReset();
  budgets.glitch();
  budgets.sendReset();
  assert.deepEqual([budgets.resetsReceived, budgets.glitches, budgets.resetsSent], [1, 1, 1]);
});

test('entries of one SETTINGS frame', () => {
  const { budgets } = createBudgets({ settingsEntries: 3 });
  budgets.receiveSettings(3);
  assert.throws(() => budgets.receiveSettings(4), CALM('too_many_settings_entries'));
});

test('empty DATA: in a row, and in all', () => {
  const { budgets } = createBudgets({ emptyData: 5, emptyDataRun: 2 });
  assert.equal(
    count(() => budgets.receiveEmptyData()),
    2,
  );
  budgets.receiveUsefulFrame();
  assert.equal(
    count(() => budgets.receiveEmptyData()),
    2,
    'a useful frame ends the run',
  );
  budgets.receiveUsefulFrame();
  budgets.receiveEmptyData();
  budgets.receiveUsefulFrame();
  assert.throws(() => budgets.receiveEmptyData(), CALM('too_many_empty_data'));
});

test('refused streams count until one is accepted', () => {
  const { budgets } = createBudgets({ refusedStreams: 2 });
  assert.equal(
    count(() => budgets.refuseStream()),
    2,
  );
  budgets.acceptStream();
  assert.equal(
    count(() => budgets.refuseStream()),
    2,
  );
  assert.throws(() => budgets.refuseStream(), CALM('too_many_refused_streams'));
  assert.ok((budgets.acted.get('concurrentStreams') ?? 0) >= 4);
});

test('WINDOW_UPDATEs follow from streams and from DATA that we sent', () => {
  const { budgets } = createBudgets({ windowUpdates: 5 });
  assert.equal(
    count(() => budgets.receiveWindowUpdate(0, 0)),
    5,
  );
  const other = createBudgets({ windowUpdates: 5 }).budgets;
  assert.equal(
    count(() => other.receiveWindowUpdate(3, 10)),
    5 + 2 * (3 + 100),
  );
  assert.throws(() => other.receiveWindowUpdate(3, 10), CALM('too_many_window_updates'));
});

test('what has acted is counted by name, and told the first time', () => {
  const { budgets, told } = createBudgets({});
  assert.equal(budgets.acted.size, 0);
  budgets.note('sendStallMs');
  budgets.note('sendStallMs');
  assert.deepEqual([...budgets.acted], [['sendStallMs', 2]]);
  assert.deepEqual(told, ['sendStallMs']);
});
