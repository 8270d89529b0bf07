// SPDX-License-Identifier: Apache-2.0
// `npm run bench -- profile …`: where the time goes (for `idle`: who holds the memory), for a running scenario or a
// `.cpuprofile` from anywhere.

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import type { Profiler } from 'node:inspector';
import { dirname, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { profileIdle } from '../h2/idle-round.ts';
import { profileScenario } from '../h2/profile-scenario.ts';
import { findScenario } from '../h2/scenarios.ts';
import { missingForTarget, parseTarget } from '../h2/targets.ts';
import { ensureTools } from '../h2/tools.ts';
import { summariseProfile } from './cpu-profile.ts';
import { formatHeap, summariseHeap } from './heap-profile.ts';
import { formatProfile } from './table.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

const OPTIONS = {
  target: { type: 'string', default: 'crosstie' },
  seconds: { type: 'string', default: '5' },
  top: { type: 'string', default: '30' },
  out: { type: 'string' },
} as const;

export async function runProfile(args: string[]): Promise<void> {
  const { values, positionals } = parseArgs({ args, options: OPTIONS, allowPositionals: true });
  const rows = readPositive('top', values.top);
  const [subject = '', scenarioName = ''] = positionals;
  if (subject.endsWith('.cpuprofile')) return printProfile(JSON.parse(readFileSync(subject, 'utf8')), rows);
  if (subject !== 'h2') throw new Error(`profile what? 'h2 SCENARIO' or a file that ends in .cpuprofile`);

  const scenario = findScenario(scenarioName);
  const target = parseTarget(values.target);
  ensureTools();
  const missing = missingForTarget(target);
  if (missing !== undefined) throw new Error(missing);
  const extension = scenario.kind === 'idle' ? 'heapprofile' : 'cpuprofile';
  const out = values.out ?? `${ROOT}bench/results/${target}-${scenario.name}.${extension}`;
  console.log(`${target}, ${scenario.title}\n${relative(process.cwd(), out)} (Chrome DevTools opens it)\n`);
  if (scenario.kind === 'idle') {
    const heap = await profileIdle(scenario, target);
    writeProfile(out, heap);
    console.log(formatHeap(summariseHeap(heap, ROOT), rows, scenario.connections));
  } else {
    const { profile, calls } = await profileScenario(scenario, target, readPositive('seconds', values.seconds));
    writeProfile(out, profile);
    printProfile(profile, rows, calls);
  }
}

function writeProfile(path: string, profile: object): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, JSON.stringify(profile));
}

function printProfile(profile: Profiler.Profile, rows: number, calls?: number): void {
  console.log(formatProfile(summariseProfile(profile, ROOT), rows, calls));
}

function readPositive(option: string, text: string): number {
  const value = Number(text);
  if (!(value > 0)) throw new Error(`--${option} must be a number above 0, not '${text}'`);
  return value;
}
