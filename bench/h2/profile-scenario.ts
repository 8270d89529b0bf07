// SPDX-License-Identifier: Apache-2.0
// A CPU profile of the measured side of a scenario, warmed up, under the scenario's own load and nothing else.

import { mkdtempSync, rmSync } from 'node:fs';
import type { Profiler } from 'node:inspector';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { driveClient, startClientPair } from './client-round.ts';
import { startEchoServer } from './echo-server.ts';
import { runH2load } from './h2load.ts';
import { createRun } from './load-round.ts';
import type { LoadScenario } from './scenarios.ts';
import type { TargetName } from './targets.ts';

export interface ScenarioProfile {
  readonly profile: Profiler.Profile;
  /** Answered while the profile was taken. */
  readonly calls: number;
}

const WARM_UP_SECONDS = 2;
/** Fine enough for functions of a few microseconds in seconds of load; finer slows what it measures. */
const SAMPLING_INTERVAL_US = 200;

export function profileScenario(scenario: LoadScenario, target: TargetName, seconds: number): Promise<ScenarioProfile> {
  return scenario.kind === 'client'
    ? profileClient(scenario, target, seconds)
    : profileServer(scenario, target, seconds);
}

async function profileServer(scenario: LoadScenario, target: TargetName, seconds: number): Promise<ScenarioProfile> {
  const folder = mkdtempSync(join(tmpdir(), 'crosstie-bench-'));
  const { child, port } = await startEchoServer(target, scenario.messageBytes);
  try {
    const run = createRun(scenario, port, folder);
    await runH2load({ ...run, amount: { seconds: WARM_UP_SECONDS } });
    await child.ask('startProfile', SAMPLING_INTERVAL_US);
    const summary = await runH2load({ ...run, amount: { seconds } });
    return { profile: await child.ask<Profiler.Profile>('stopProfile'), calls: summary.succeeded };
  } finally {
    await child.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function profileClient(scenario: LoadScenario, target: TargetName, seconds: number): Promise<ScenarioProfile> {
  const pair = await startClientPair(scenario, target);
  try {
    await driveClient(pair, WARM_UP_SECONDS);
    await pair.client.ask('startProfile', SAMPLING_INTERVAL_US);
    const { calls } = await driveClient(pair, seconds);
    return { profile: await pair.client.ask<Profiler.Profile>('stopProfile'), calls };
  } finally {
    await pair.stop();
  }
}
