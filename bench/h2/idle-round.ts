// SPDX-License-Identifier: Apache-2.0
// What one idle connection costs a server: memory after a collection, before and with 10,000 of them.

import type { HeapProfiler } from 'node:inspector';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { DRIVER_CORE, PinnedChild } from '../child/pinned-child.ts';
import type { MemoryReport } from '../child/preload.ts';
import { startEchoServer } from './echo-server.ts';
import type { Figures, IdleScenario } from './scenarios.ts';
import type { TargetName } from './targets.ts';

const PROGRAM = fileURLToPath(new URL('./idle/hold-connections.ts', import.meta.url));
/** Of the one call that each connection makes; hold-connections.ts sends the same. */
const CALL_BYTES = 7;
/** grpc-js needs about 5 s for 10,000 connections here. */
const OPEN_TIMEOUT_MS = 90_000;
/** Timers of the handshake, deferred writes and lazily freed buffers come to rest. */
const SETTLE_MS = 1_000;

export async function runIdleRound(scenario: IdleScenario, target: TargetName): Promise<Figures> {
  const { server, holder, stop } = await startIdlePair(scenario, target);
  const measure = async (): Promise<MemoryReport> => {
    await sleep(SETTLE_MS);
    return await server.child.ask<MemoryReport>('memory');
  };
  try {
    const bare = await measure();
    await holder.ask('open', undefined, OPEN_TIMEOUT_MS);
    const opened = await measure();
    await holder.ask('call', undefined, OPEN_TIMEOUT_MS);
    const called = await measure();
    const heldConnections = await holder.ask<number>('held');
    return { ...comparePerConnection(scenario.connections, bare, opened, called), heldConnections };
  } finally {
    await stop();
  }
}

/** Bytes between two samples: fine enough for 10,000 equal connections. */
const HEAP_SAMPLING_BYTES = 4_096;

/** What the heap holds for idle connections that have made one call each, by the functions that made it. */
export async function profileIdle(scenario: IdleScenario, target: TargetName) {
  const { server, holder, stop } = await startIdlePair(scenario, target);
  try {
    await server.child.ask('startHeapProfile', HEAP_SAMPLING_BYTES);
    await holder.ask('open', undefined, OPEN_TIMEOUT_MS);
    await holder.ask('call', undefined, OPEN_TIMEOUT_MS);
    await sleep(SETTLE_MS);
    return await server.child.ask<HeapProfiler.SamplingHeapProfile>('stopHeapProfile');
  } finally {
    await stop();
  }
}

async function startIdlePair(scenario: IdleScenario, target: TargetName) {
  const server = await startEchoServer(target, CALL_BYTES);
  const args = [server.port, scenario.connections].map(String);
  const holder = new PinnedChild(PROGRAM, { core: DRIVER_CORE, args });
  const stop = async () => {
    await holder.stop();
    await server.child.stop();
  };
  return { server, holder, stop };
}

function comparePerConnection(count: number, bare: MemoryReport, opened: MemoryReport, called: MemoryReport): Figures {
  return {
    heldBytesPerConnection: (opened.heldBytes - bare.heldBytes) / count,
    heldBytesAfterCall: (called.heldBytes - bare.heldBytes) / count,
    heapUsedPerConnection: (opened.heapUsed - bare.heapUsed) / count,
    externalPerConnection: (opened.external - bare.external) / count,
    arrayBuffersPerConnection: (opened.arrayBuffers - bare.arrayBuffers) / count,
    rssBytesPerConnection: (opened.rss - bare.rss) / count,
    rssBytesAfterCall: (called.rss - bare.rss) / count,
    rssBytes: opened.rss,
  };
}
