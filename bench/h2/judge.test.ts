// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { estimateRatio, judgeScenario, type Round } from './judge.ts';
import { findScenario } from './scenarios.ts';
import type { TargetName } from './targets.ts';

const small = findScenario('7b-1x100');

const rounds = (target: TargetName, figure: string, values: readonly number[]): Round[] =>
  values.map((value, i) => ({ kind: 'valid', round: i + 1, target, figures: { [figure]: value } }));

const rates = (ours: readonly number[], theirs: readonly number[]): Round[] => [
  ...rounds('crosstie', 'requestsPerSecond', ours),
  ...rounds('node-http2', 'requestsPerSecond', theirs),
];

const outcomeOf = (all: readonly Round[]): string => judgeScenario(small, all)[0].outcome;

test('ratios are taken within a round, so that slow minutes cancel out', () => {
  const ratio = estimateRatio(small, rates([100, 200, 400], [10, 20, 40]), 'node-http2');
  assert.deepEqual([ratio?.min, ratio?.median, ratio?.max], [10, 10, 10]);
});

test('where less is better, the ratio is the other way round', () => {
  const all = [...rounds('crosstie', 'latencyMedianUs', [50]), ...rounds('node-http2', 'latencyMedianUs', [100])];
  assert.equal(estimateRatio(findScenario('latency'), all, 'node-http2')?.median, 2);
});

test('a bar holds or is missed only with the whole interval on one side', () => {
  const peer = [10, 10, 10, 10, 10];
  assert.equal(outcomeOf(rates([101, 110, 120, 130, 140], peer)), 'holds');
  assert.equal(outcomeOf(rates([60, 70, 80, 90, 99], peer)), 'missed');
  assert.equal(outcomeOf(rates([90, 110, 120, 130, 140], peer)), 'no verdict');
});

test('fewer than five pairs of valid rounds give no verdict', () => {
  assert.equal(outcomeOf(rates([200, 200, 200, 200], [10, 10, 10, 10])), 'no verdict');
  const fifthIsInvalid: Round = { kind: 'invalid', round: 5, target: 'node-http2', reason: 'short' };
  const all = [...rates([200, 200, 200, 200, 200], [10, 10, 10, 10]), fifthIsInvalid];
  assert.equal(outcomeOf(all), 'no verdict');
  assert.match(judgeScenario(small, all)[0].finding, /4 of 5 rounds/);
});

test('nothing valid gives no verdict, not a bar that holds', () => {
  assert.equal(outcomeOf([]), 'no verdict');
  assert.deepEqual(
    judgeScenario(findScenario('idle'), []).map((verdict) => verdict.outcome),
    ['no verdict', 'no verdict', 'no verdict'],
  );
});

test('a limit is judged by its worst round', () => {
  const idle = findScenario('idle');
  const [held] = judgeScenario(idle, rounds('crosstie', 'heldBytesPerConnection', [20_000, 24_001]));
  assert.deepEqual([held.outcome, held.finding], ['missed', '24,001 in the worst round']);
  const [, , connections] = judgeScenario(idle, rounds('crosstie', 'heldConnections', [10_000, 9_999]));
  assert.equal(connections.outcome, 'missed');
  const [, , all] = judgeScenario(idle, rounds('crosstie', 'heldConnections', [10_000, 10_000]));
  assert.equal(all.outcome, 'holds');
});
