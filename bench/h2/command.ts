// SPDX-License-Identifier: Apache-2.0
// `npm run bench -- h2`: interleaved rounds over the targets, each with a fresh server alone on its core.

import { join } from 'node:path';
import { runClientRound } from './client-round.ts';
import { runIdleRound } from './idle-round.ts';
import { judgeScenario, type Round } from './judge.ts';
import { runLoadRound } from './load-round.ts';
import { readSetting } from './machine.ts';
import { type H2BenchOptions, parseOptions } from './options.ts';
import { type H2Report, type ScenarioResult, writeReport } from './report.ts';
import type { Figures, Scenario } from './scenarios.ts';
import { missingForTarget, type TargetName } from './targets.ts';
import { ensureTools } from './tools.ts';

export async function runH2Bench(args: string[]): Promise<void> {
  const options = parseOptions(args);
  if (options.list) return listScenarios(options);
  ensureTools();
  ensureTargets(options);
  const setting = readSetting();
  const results: ScenarioResult[] = [];
  for (const scenario of options.scenarios) {
    results.push(await runScenario(scenario, options));
    // After every scenario: what was measured survives an interruption.
    writeReport({ setting, options, results });
  }
  printOutcome({ setting, options, results });
}

async function runScenario(scenario: Scenario, options: H2BenchOptions): Promise<ScenarioResult> {
  console.log(`\n${scenario.name}: ${scenario.title}`);
  const targets = scenario.targets.filter((target) => options.targets.includes(target));
  const roundCount = scenario.kind === 'idle' ? options.idleRounds : options.rounds;
  const rounds: Round[] = [];
  for (let round = 1; round <= roundCount; round++)
    for (const target of targets) {
      const result = await runRound(scenario, target, round, options);
      rounds.push(result);
      console.log(`  ${round}/${roundCount} ${target.padEnd(10)} ${describeRound(scenario, result)}`);
    }
  const verdicts = judgeScenario(scenario, rounds);
  for (const verdict of verdicts) console.log(`  ${verdict.outcome}: ${verdict.bar}: ${verdict.finding}`);
  return { scenario, targets, rounds, verdicts };
}

/** A round that cannot be trusted is a result too: it is shown as invalid, with its reason. */
async function runRound(
  scenario: Scenario,
  target: TargetName,
  round: number,
  options: H2BenchOptions,
): Promise<Round> {
  try {
    return { kind: 'valid', round, target, figures: await measure(scenario, target, options) };
  } catch (error) {
    return { kind: 'invalid', round, target, reason: error instanceof Error ? error.message : String(error) };
  }
}

function measure(scenario: Scenario, target: TargetName, options: H2BenchOptions): Promise<Figures> {
  switch (scenario.kind) {
    case 'load':
    case 'latency':
      return runLoadRound(scenario, target, options.times);
    case 'client':
      return runClientRound(scenario, target, options.times, options.echo);
    case 'idle':
      return runIdleRound(scenario, target);
  }
}

function describeRound(scenario: Scenario, round: Round): string {
  if (round.kind === 'invalid') return `INVALID: ${round.reason.split('\n', 4).join(' | ')}`;
  return scenario.figures.map((figure) => `${figure} ${round.figures[figure].toPrecision(4)}`).join(', ');
}

function ensureTargets(options: H2BenchOptions): void {
  const hasClients = options.scenarios.some((scenario) => scenario.kind === 'client');
  for (const target of new Set([...options.targets, ...(hasClients ? [options.echo] : [])])) {
    const missing = missingForTarget(target);
    if (missing !== undefined) throw new Error(`${target}: ${missing} (or leave it out with --targets)`);
  }
}

function listScenarios(options: H2BenchOptions): void {
  for (const scenario of options.scenarios) console.log(`${scenario.name.padEnd(12)} ${scenario.title}`);
}

function printOutcome(report: H2Report): void {
  const rounds = report.results.flatMap((result) => result.rounds);
  const verdicts = report.results.flatMap((result) => result.verdicts);
  const count = (outcome: string) => verdicts.filter((verdict) => verdict.outcome === outcome).length;
  const invalid = rounds.filter((round) => round.kind === 'invalid').length;
  console.log(`\n${rounds.length} rounds, ${invalid} invalid`);
  console.log(`bars: ${count('holds')} hold, ${count('missed')} missed, ${count('no verdict')} without a verdict`);
  console.log(join(report.options.out, 'h2.md'));
  // A missed bar is a finding; a round that could not be measured is a failure.
  if (invalid > 0) process.exitCode = 1;
}
