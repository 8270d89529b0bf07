// SPDX-License-Identifier: Apache-2.0
// One round of a client against an echo: the client is the measured side, the echo's core the driver's.

import { fileURLToPath } from 'node:url';
import { DRIVER_CORE, PinnedChild } from '../child/pinned-child.ts';
import type { LoopResult } from './clients/closed-loop.ts';
import { busyShare, readCoreTime } from './core-load.ts';
import { type EchoServer, startEchoServer } from './echo-server.ts';
import type { RoundTimes } from './load-round.ts';
import type { Figures, LoadScenario } from './scenarios.ts';
import type { TargetName } from './targets.ts';

const PROGRAM = fileURLToPath(new URL('./clients/drive.ts', import.meta.url));
/** Beyond the seconds of the round: the answers still under way. */
const LAST_ANSWERS_MS = 10_000;

export interface ClientPair {
  readonly client: PinnedChild;
  readonly server: EchoServer;
  stop(): Promise<void>;
}

export async function startClientPair(
  scenario: LoadScenario,
  target: TargetName,
  echo: TargetName = 'crosstie',
): Promise<ClientPair> {
  const server = await startEchoServer(echo, scenario.messageBytes);
  const args = [target, server.port, scenario.messageBytes, scenario.connections * scenario.streams].map(String);
  const client = new PinnedChild(PROGRAM, { core: DRIVER_CORE, args });
  const stop = async () => {
    await client.stop();
    await server.child.stop();
  };
  try {
    await client.ask('connect');
  } catch (error) {
    await stop();
    throw error;
  }
  return { client, server, stop };
}

export function driveClient(pair: ClientPair, seconds: number): Promise<LoopResult> {
  return pair.client.ask<LoopResult>('drive', seconds, seconds * 1000 + LAST_ANSWERS_MS);
}

export async function runClientRound(
  scenario: LoadScenario,
  target: TargetName,
  times: RoundTimes,
  echo: TargetName,
): Promise<Figures> {
  const pair = await startClientPair(scenario, target, echo);
  try {
    await driveClient(pair, times.warmUpSeconds);
    const [clientCpuBefore, serverCpuBefore] = await readCpu(pair);
    const coreBefore = readCoreTime(DRIVER_CORE);
    const { calls, seconds } = await driveClient(pair, times.roundSeconds);
    const coreShare = busyShare(coreBefore, readCoreTime(DRIVER_CORE));
    const [clientCpu, serverCpu] = await readCpu(pair);
    const measuredCoreShare = (clientCpu - clientCpuBefore) / 1e6 / seconds;
    return {
      requestsPerSecond: calls / seconds,
      cpuUsPerRequest: (clientCpu - clientCpuBefore) / calls,
      measuredCoreShare,
      othersOnMeasuredCoreShare: Math.max(0, coreShare - measuredCoreShare),
      driverCoreShare: (serverCpu - serverCpuBefore) / 1e6 / seconds,
      requests: calls,
    };
  } finally {
    await pair.stop();
  }
}

function readCpu(pair: ClientPair): Promise<[client: number, server: number]> {
  return Promise.all([pair.client.ask<number>('cpuUs'), pair.server.child.ask<number>('cpuUs')]);
}
