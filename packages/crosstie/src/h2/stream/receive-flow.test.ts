// SPDX-License-Identifier: Apache-2.0

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeClock } from '../../testing/index.ts';
import { ErrorCode } from '../frame/index.ts';
import { ReceiveBudget } from './receive-budget.ts';
import { isTopUpDue, ReceiveFlow } from './receive-flow.ts';

function createFlow(limitBytes = 1_000_000): { readonly flow: ReceiveFlow; readonly budget: ReceiveBudget } {
  const budget = new ReceiveBudget({ clock: new FakeClock(), limitBytes, stallMs: 1_000 });
  return { budget, flow: new ReceiveFlow(budget, { streamBytes: 1_000, connectionBytes: 65_535 }) };
}

test('a window is topped up from its half on', () => {
  assert.equal(isTopUpDue(49, 100), false);
  assert.equal(isTopUpDue(50, 100), true);
});

test('DATA use up the window, and half of it is given back at once', () => {
  const { flow } = createFlow();
  flow.receive(32_767);
  assert.equal(flow.takeConnectionCredit(false), 0);
  flow.receive(1);
  assert.equal(flow.availableBytes, 32_767);
  assert.equal(flow.takeConnectionCredit(false), 32_768);
  assert.deepEqual([flow.availableBytes, flow.dueBytes, flow.takeConnectionCredit(false)], [65_535, 0, 0]);
});

test('more than the window allows', () => {
  // §6.9.1: "A receiver MAY respond with a stream error or connection error of type FLOW_CONTROL_ERROR if it is unable to
  // accept a frame."
  const { flow } = createFlow();
  flow.receive(65_535);
  flow.receive(0);
  assert.throws(() => flow.receive(1), { name: 'ConnectionError', code: ErrorCode.FLOW_CONTROL_ERROR });
});

test('what is held is charged to the process', () => {
  const { flow, budget } = createFlow();
  flow.hold(100);
  flow.hold(50);
  assert.deepEqual([flow.heldBytes, budget.heldBytes], [150, 150]);
  flow.release(120);
  assert.deepEqual([flow.heldBytes, budget.heldBytes], [30, 30]);
});

test('when memory is short the connection gets back only what is no longer held', () => {
  const { flow, budget } = createFlow(100_000);
  flow.receive(60_000);
  flow.hold(60_000);
  budget.charge(30_000);
  assert.equal(budget.isWithholding, true);
  assert.equal(flow.takeConnectionCredit(false), 0);
  flow.release(10_000);
  budget.charge(10_000);
  assert.equal(flow.takeConnectionCredit(false), 0, '10,000 are not half of the window');
  assert.equal(flow.takeConnectionCredit(true), 60_000, 'the favoured stream must be able to finish');
});
