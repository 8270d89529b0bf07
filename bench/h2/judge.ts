// SPDX-License-Identifier: Apache-2.0
// Rounds → what they say about the bars. Invalid rounds count for nothing and are shown.

import type { Bar, Figures, LimitBar, RatioBar, Scenario } from './scenarios.ts';
import { type Estimate, estimateMedian } from './statistics.ts';
import type { TargetName } from './targets.ts';

export type Round =
  | { readonly kind: 'valid'; readonly round: number; readonly target: TargetName; readonly figures: Figures }
  | { readonly kind: 'invalid'; readonly round: number; readonly target: TargetName; readonly reason: string };

export interface Verdict {
  readonly bar: string;
  readonly outcome: 'holds' | 'missed' | 'no verdict';
  /** What was found and, where it is not plain, why it decides nothing. */
  readonly finding: string;
}

/** A ratio from fewer rounds is shown, never judged: five give the median's interval 93.75 % (statistics.ts). */
const ROUNDS_FOR_A_VERDICT = 5;

/** Crosstie over the peer in a scenario's first figure (peer over Crosstie where less is better), within each round. */
export function estimateRatio(scenario: Scenario, rounds: readonly Round[], peer: TargetName): Estimate | undefined {
  return estimateRatioOf(scenario.figures[0], scenario.better, rounds, peer);
}

/**
 * By the measured process's own CPU time. Says more than requests per second when the driver is the limit (h2load itself
 * spends about 3 us on a small request) or neighbours took time from the core; undefined where it was not measured.
 */
export function estimateCpuRatio(rounds: readonly Round[], peer: TargetName): Estimate | undefined {
  return estimateRatioOf('cpuUsPerRequest', 'lower', rounds, peer);
}

function estimateRatioOf(figure: string, better: 'higher' | 'lower', rounds: readonly Round[], peer: TargetName) {
  const theirs = readFigure(rounds, peer, figure);
  const ratios: number[] = [];
  for (const [round, our] of readFigure(rounds, 'crosstie', figure)) {
    const their = theirs.get(round);
    if (their !== undefined) ratios.push(better === 'higher' ? our / their : their / our);
  }
  return ratios.length === 0 ? undefined : estimateMedian(ratios);
}

export function estimateFigure(rounds: readonly Round[], target: TargetName, figure: string): Estimate | undefined {
  const values = [...readFigure(rounds, target, figure).values()];
  return values.length === 0 ? undefined : estimateMedian(values);
}

export function judgeScenario(scenario: Scenario, rounds: readonly Round[]): Verdict[] {
  return scenario.bars.map((bar: Bar) =>
    bar.kind === 'ratio' ? judgeRatio(scenario, rounds, bar) : judgeLimit(rounds, bar),
  );
}

function judgeRatio(scenario: Scenario, rounds: readonly Round[], bar: RatioBar): Verdict {
  const wanted = bar.atLeast === 1 ? 'no worse than' : `at least ${bar.atLeast} times as good as`;
  const name = `${scenario.figures[0]}: ${wanted} ${bar.peer}`;
  const ratio = estimateRatio(scenario, rounds, bar.peer);
  if (ratio === undefined) return { bar: name, outcome: 'no verdict', finding: 'no round in which both were valid' };
  const cpu = scenario.kind === 'latency' ? undefined : estimateCpuRatio(rounds, bar.peer);
  const byCpu = cpu === undefined ? '' : `; by CPU time ${formatInterval(cpu)}`;
  const found = formatInterval(ratio) + byCpu;
  const pairs = countPairs(scenario, rounds, bar.peer);
  if (pairs < ROUNDS_FOR_A_VERDICT)
    return { bar: name, outcome: 'no verdict', finding: `${found}; ${pairs} of ${ROUNDS_FOR_A_VERDICT} rounds needed` };
  if (ratio.low >= bar.atLeast) return { bar: name, outcome: 'holds', finding: found };
  if (ratio.high < bar.atLeast) return { bar: name, outcome: 'missed', finding: found };
  return { bar: name, outcome: 'no verdict', finding: `${found}; the noise is larger than the difference to the bar` };
}

/** Counts and bytes after a collection hardly vary: the worst round decides. */
function judgeLimit(rounds: readonly Round[], bar: LimitBar): Verdict {
  const name = `${bar.figure}: ${bar.side} ${bar.value.toLocaleString('en-US')}`;
  const found = estimateFigure(rounds, 'crosstie', bar.figure);
  if (found === undefined) return { bar: name, outcome: 'no verdict', finding: 'no valid round' };
  const worst = bar.side === 'at most' ? found.max : found.min;
  const holds = bar.side === 'at most' ? worst <= bar.value : worst >= bar.value;
  return {
    bar: name,
    outcome: holds ? 'holds' : 'missed',
    finding: `${Math.round(worst).toLocaleString('en-US')} in the worst round`,
  };
}

function countPairs(scenario: Scenario, rounds: readonly Round[], peer: TargetName): number {
  const theirs = readFigure(rounds, peer, scenario.figures[0]);
  return [...readFigure(rounds, 'crosstie', scenario.figures[0]).keys()].filter((round) => theirs.has(round)).length;
}

function readFigure(rounds: readonly Round[], target: TargetName, figure: string): Map<number, number> {
  const values = new Map<number, number>();
  for (const round of rounds)
    if (round.kind === 'valid' && round.target === target && figure in round.figures)
      values.set(round.round, round.figures[figure]);
  return values;
}

function formatInterval({ median, low, high }: Estimate): string {
  return `${formatRatio(median)} (${formatRatio(low)} to ${formatRatio(high)})`;
}

export function formatRatio(ratio: number): string {
  return `${ratio.toFixed(ratio < 10 ? 2 : 1)}x`;
}
