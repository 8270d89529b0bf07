// SPDX-License-Identifier: Apache-2.0
// Results as `h2.json` (everything) and `h2.md` (for people).

import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DRIVER_CORE, programCommand, SERVER_CORE } from '../child/pinned-child.ts';
import { h2loadCommand } from './h2load.ts';
import { estimateCpuRatio, estimateFigure, estimateRatio, formatRatio, type Round, type Verdict } from './judge.ts';
import type { Setting } from './machine.ts';
import type { H2BenchOptions } from './options.ts';
import type { Scenario } from './scenarios.ts';
import type { Estimate } from './statistics.ts';
import { SERVER_PROGRAMS, type TargetName } from './targets.ts';

export interface ScenarioResult {
  readonly scenario: Scenario;
  readonly targets: readonly TargetName[];
  readonly rounds: readonly Round[];
  readonly verdicts: readonly Verdict[];
}

export interface H2Report {
  readonly setting: Setting;
  readonly options: H2BenchOptions;
  readonly results: readonly ScenarioResult[];
}

export function writeReport(report: H2Report): void {
  mkdirSync(report.options.out, { recursive: true });
  writeFileSync(join(report.options.out, 'h2.json'), `${JSON.stringify(createJson(report), null, 2)}\n`);
  writeFileSync(join(report.options.out, 'h2.md'), formatReport(report));
}

function createJson({ setting, options, results }: H2Report): unknown {
  return {
    setting,
    rounds: options.rounds,
    times: options.times,
    scenarios: results.map(({ scenario, targets, rounds, verdicts }) => ({
      name: scenario.name,
      title: scenario.title,
      commands: createCommands(scenario, targets, options),
      ratios: Object.fromEntries(
        targets
          .filter((target) => target !== 'crosstie')
          .map((peer) => [
            peer,
            { ratio: estimateRatio(scenario, rounds, peer), byCpuTime: estimateCpuRatio(rounds, peer) },
          ]),
      ),
      verdicts,
      rounds,
    })),
  };
}

export function formatReport(report: H2Report): string {
  const sections = [formatHead(report), formatVerdicts(report.results), ...report.results.map(formatScenario)];
  return `${[...sections, formatMethod(report)].join('\n\n')}\n`;
}

function formatHead({ setting }: H2Report): string {
  const lines = Object.entries(setting).map(([name, value]) => `- ${name}: ${value}`);
  return ['# HTTP/2 engine benchmark', '', ...lines].join('\n');
}

function formatVerdicts(results: readonly ScenarioResult[]): string {
  const rows = results.flatMap(({ scenario, verdicts }) =>
    verdicts.map((verdict) => [scenario.name, verdict.bar, verdict.outcome, verdict.finding]),
  );
  return `## Bars\n\n${formatTable(['scenario', 'bar', 'outcome', 'found'], rows)}`;
}

function formatScenario(result: ScenarioResult): string {
  const { scenario, targets, rounds } = result;
  const rows = targets.map((target) => [
    target,
    ...scenario.figures.map((figure) => formatEstimate(estimateFigure(rounds, target, figure))),
    target === 'crosstie' ? '' : formatRatioEstimate(estimateRatio(scenario, rounds, target)),
    target === 'crosstie' ? '' : formatRatioEstimate(estimateCpuRatio(rounds, target)),
  ]);
  const table = formatTable(['target', ...scenario.figures, 'Crosstie is better by', 'by CPU time'], rows);
  return [`## ${scenario.name}`, '', scenario.title, '', table, ...formatNotes(result)].join('\n');
}

/** Above these shares a figure means something else than its column says. */
const DRIVER_LIMITS_FROM_SHARE = 0.95;
const MEASURED_IS_IDLE_BELOW_SHARE = 0.9;
const OTHERS_DISTURB_FROM_SHARE = 0.05;

function formatNotes({ rounds, targets }: ScenarioResult): string[] {
  const notes: string[] = [];
  for (const round of rounds)
    if (round.kind === 'invalid')
      notes.push(`- **Invalid**: round ${round.round} of ${round.target}: ${round.reason.replaceAll('\n', ' ')}`);
  for (const target of targets) {
    const share = (figure: string) => estimateFigure(rounds, target, figure)?.median ?? 0;
    const measured = share('measuredCoreShare');
    if (share('driverCoreShare') > DRIVER_LIMITS_FROM_SHARE && measured < MEASURED_IS_IDLE_BELOW_SHARE)
      notes.push(`- ${target}: the driver was the limit (measured core ${formatShare(measured)}): it can do more.`);
    const others = share('othersOnMeasuredCoreShare');
    if (others > OTHERS_DISTURB_FROM_SHARE)
      notes.push(`- ${target}: other processes took ${formatShare(others)} of its core.`);
  }
  return notes.length === 0 ? [] : ['', ...notes];
}

function formatMethod({ options, results }: H2Report): string {
  const commands = results.flatMap(({ scenario, targets }) => createCommands(scenario, targets, options));
  return `## Method

- Measured servers run alone on core ${SERVER_CORE}, what drives them on core ${DRIVER_CORE}; in client scenarios the client on core ${DRIVER_CORE} is measured. One server at a time.
- Rounds are interleaved over the targets (A B C A B C). Each round starts a fresh process, checks one whole answer (bytes, grpc-status),
  warms it up for ${options.times.warmUpSeconds} s and measures about ${options.times.roundSeconds} s.
- h2load sends a fixed number of requests, chosen from the warm-up: after a fixed time it would drop what is under way, and nothing
  could be verified to the byte. A round is valid when all were answered 2xx and the body bytes received are those of so many right answers.
  Client scenarios count for a fixed time in the client's own process, all answers compared (of 1 MiB ones every 8th, the others by length).
- Cells: median (smallest to largest). Ratios are taken within each round; their interval holds the true median with at least 93 % from five
  rounds on. A bar holds or is missed when the whole interval is on one side of it; otherwise, or with fewer rounds, there is no verdict.
- cpuUsPerRequest is the measured process's own CPU time. Where h2load was the limit (it spends about 3 us on a small request itself) or
  neighbours took time from the core, the ratio by CPU time is the better one; bars are judged by the first.
- heldBytes is heapUsed + external + arrayBuffers after a collection. Node counts array buffers in external too: they count twice.

\`\`\`
${[...new Set(commands)].join('\n')}
\`\`\``;
}

function createCommands(scenario: Scenario, targets: readonly TargetName[], options: H2BenchOptions): string[] {
  const servers = scenario.kind === 'client' ? [options.echo] : targets;
  const commands = servers.map((target) => programCommand(SERVER_PROGRAMS[target], { core: SERVER_CORE }));
  if (scenario.kind === 'load' || scenario.kind === 'latency') {
    const { connections, streams } = scenario;
    const amount = { requests: Number.NaN };
    const bodyFile = `envelope-of-${scenario.messageBytes}`;
    commands.push(h2loadCommand({ port: 0, bodyFile, connections, streams, amount }));
  }
  return commands.map((command) => command.join(' ').replace('NaN', 'REQUESTS').replace(':0/', ':PORT/'));
}

function formatEstimate(estimate: Estimate | undefined): string {
  if (estimate === undefined) return '-';
  const { median, min, max } = estimate;
  return `${formatNumber(median)} (${formatNumber(min)} to ${formatNumber(max)})`;
}

function formatRatioEstimate(ratio: Estimate | undefined): string {
  if (ratio === undefined) return '-';
  return `${formatRatio(ratio.median)} (${formatRatio(ratio.min)} to ${formatRatio(ratio.max)})`;
}

function formatShare(share: number): string {
  return `${Math.round(share * 100)} %`;
}

function formatNumber(value: number): string {
  return value >= 1000 ? Math.round(value).toLocaleString('en-US') : value.toPrecision(3);
}

function formatTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = [head, head.map(() => '---'), ...rows];
  return lines.map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}
