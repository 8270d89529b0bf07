// SPDX-License-Identifier: Apache-2.0
// One round of h2load against one server: start, verify, warm up, count, verify the count.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DRIVER_CORE, SERVER_CORE } from '../child/pinned-child.ts';
import { busyShare, readCoreTime } from './core-load.ts';
import { type EchoServer, startEchoServer } from './echo-server.ts';
import { createEnvelope } from './envelope.ts';
import { findFault, type H2loadRun, type H2loadSummary, parseH2loadLog, runH2load } from './h2load.ts';
import type { Figures, LoadScenario } from './scenarios.ts';
import { median, quantile } from './statistics.ts';
import type { TargetName } from './targets.ts';

export interface RoundTimes {
  readonly warmUpSeconds: number;
  readonly roundSeconds: number;
}

/** Logged requests are kept in memory: enough for a p99, at most some megabytes. */
const MAX_LOGGED_REQUESTS = 200_000;

/** A fresh process every round, so that its luck (code layout, optimisation) varies as it does for users. */
export async function runLoadRound(scenario: LoadScenario, target: TargetName, times: RoundTimes): Promise<Figures> {
  const folder = mkdtempSync(join(tmpdir(), 'crosstie-bench-'));
  const server = await startEchoServer(target, scenario.messageBytes);
  try {
    return await driveServer(scenario, server, times, folder);
  } finally {
    await server.child.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function driveServer(scenario: LoadScenario, server: EchoServer, times: RoundTimes, folder: string) {
  const base = createRun(scenario, server.port, folder);
  const warmUp = await runH2load({ ...base, amount: { seconds: times.warmUpSeconds } });
  const requests = countRequests(warmUp, scenario, times.roundSeconds);
  const log = scenario.kind === 'latency' ? { logFile: join(folder, 'log') } : {};

  const cpuBefore = await server.child.ask<number>('cpuUs');
  const coresBefore = [readCoreTime(SERVER_CORE), readCoreTime(DRIVER_CORE)];
  const summary = await runH2load({ ...base, amount: { requests }, ...log });
  const [serverCore, driverCore] = [readCoreTime(SERVER_CORE), readCoreTime(DRIVER_CORE)];
  const cpuUs = (await server.child.ask<number>('cpuUs')) - cpuBefore;

  const fault = findFault(summary, requests, createEnvelope(scenario.messageBytes).length);
  if (fault !== undefined) throw new Error(fault);
  const measuredCoreShare = cpuUs / 1e6 / summary.seconds;
  return {
    requestsPerSecond: summary.requestsPerSecond,
    cpuUsPerRequest: cpuUs / requests,
    measuredCoreShare,
    othersOnMeasuredCoreShare: Math.max(0, busyShare(coresBefore[0], serverCore) - measuredCoreShare),
    driverCoreShare: busyShare(coresBefore[1], driverCore),
    requests,
    ...(log.logFile === undefined ? {} : readLatencies(log.logFile)),
  };
}

export function createRun(scenario: LoadScenario, port: number, folder: string): Omit<H2loadRun, 'amount'> {
  const bodyFile = join(folder, 'envelope');
  writeFileSync(bodyFile, createEnvelope(scenario.messageBytes));
  return { port, bodyFile, connections: scenario.connections, streams: scenario.streams };
}

/**
 * A fixed number of requests, because only that can be verified to the byte (after a duration h2load drops what is under
 * way); chosen from the warm-up so that each target's round takes about as long.
 */
function countRequests(warmUp: H2loadSummary, scenario: LoadScenario, roundSeconds: number): number {
  const inFlight = scenario.connections * scenario.streams;
  if (warmUp.requestsPerSecond === 0) throw new Error('no request was answered while warming up');
  const requests = Math.max(inFlight * 2, Math.round(warmUp.requestsPerSecond * roundSeconds));
  return scenario.kind === 'latency' ? Math.min(requests, MAX_LOGGED_REQUESTS) : requests;
}

function readLatencies(logFile: string): Figures {
  const timesUs = parseH2loadLog(readFileSync(logFile, 'utf8'));
  const sum = timesUs.reduce((total, value) => total + value, 0);
  return {
    latencyMedianUs: median(timesUs),
    latencyMeanUs: sum / timesUs.length,
    latencyP99Us: quantile(timesUs, 0.99),
  };
}
