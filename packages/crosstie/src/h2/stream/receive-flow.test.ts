// SPDX-License-Identifier: Apache-2.0

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeClock } from '../../testing/index.ts';
import { ErrorCode } from '../frame/index.ts';
import { ReceiveBudget } from './receive-budget.ts';
import { isTopUpDue, ReceiveFlow } from './receive-flow.ts';

function createFlow(limitBytes = 1_000_000): { readonly flow: ReceiveFlow; readonly budget: ReceiveBudget } {
  const budget = new ReceiveBudget({ clock: new FakeClock(), limitBytes, stallMs: 1_000 });
  return {
    budget,
    flow: new ReceiveFlow(budget, { streamBytes: 1_000_000, connectionBytes: 65_535, heldBytes: 1_000_000 }),
  };
}

test('a window is topped up from its half on', () => {
  assert.equal(isTopUpDue(49, 100), false);
  assert.equal(isTopUpDue(50, 100), true);
});

test('DATA use up the window, and half of it is given back at once', () => {
  const { flow } = createFlow();
  flow.receive(32_767);
  assert.equal(flow.takeConnectionCredit(), 0);
  flow.receive(1);
  assert.equal(flow.availableBytes, 32_767);
  assert.equal(flow.takeConnectionCredit(), 32_768);
  assert.deepEqual([flow.availableBytes, flow.dueBytes, flow.takeConnectionCredit()], [65_535, 0, 0]);
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
  assert.equal(flow.takeConnectionCredit(), 0);
  flow.release(10_000);
  budget.charge(10_000);
  assert.equal(flow.takeConnectionCredit(), 0, '10,000 are not half of the window');
  const favoured = { flow, bodyBytes: 0, receiveWindow: 0, retryCredit: () => {}, evict: () => {} };
  budget.wait(favoured);
  assert.equal(flow.takeConnectionCredit(), 60_000, 'the favoured stream must be able to finish');
  budget.forget(favoured);
});

test('the more a connection holds the smaller the windows of its streams, but never nothing', () => {
  const { flow } = createFlow(1e9);
  const targets = [0, 500_000, 250_000, 200_000, 40_000, 100_000].map((bytes) => {
    flow.hold(bytes);
    return flow.streamTarget;
  });
  assert.deepEqual(targets, [1_000_000, 1_000_000, 500_000, 100_000, 65_536, 65_536]);
  assert.equal(flow.isOverLimit, true);
  flow.release(90_000);
  assert.equal(flow.isOverLimit, false);
});
