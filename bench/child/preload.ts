// SPDX-License-Identifier: Apache-2.0
// Loaded with `--import` before every measured program, so that the program itself knows nothing of being measured:
// reports memory after a collection, CPU time, and takes CPU and heap profiles of a chosen stretch.

import { Session } from 'node:inspector/promises';
import { answerQuestions } from './questions.ts';

/** `process.memoryUsage()` plus the sum that the memory bar is written in. */
export interface MemoryReport extends NodeJS.MemoryUsage {
  /** heapUsed + external + arrayBuffers. Node counts arrayBuffers in external too, so this errs against the measured. */
  readonly heldBytes: number;
}

let profiler: Session | undefined;

answerQuestions({
  memory: reportMemory,
  cpuUs: () => {
    const usage = process.cpuUsage();
    return usage.user + usage.system;
  },
  startProfile: async (samplingIntervalUs: number) => {
    profiler = new Session();
    profiler.connect();
    await profiler.post('Profiler.enable');
    await profiler.post('Profiler.setSamplingInterval', { interval: samplingIntervalUs });
    await profiler.post('Profiler.start');
  },
  stopProfile: async () => {
    if (profiler === undefined) throw new Error('no profile is running');
    const { profile } = await profiler.post('Profiler.stop');
    profiler.disconnect();
    return profile;
  },
  startHeapProfile: async (samplingIntervalBytes: number) => {
    profiler = new Session();
    profiler.connect();
    await profiler.post('HeapProfiler.startSampling', { samplingInterval: samplingIntervalBytes });
  },
  stopHeapProfile: async () => {
    if (profiler === undefined) throw new Error('no heap profile is running');
    await reportMemory();
    const { profile } = await profiler.post('HeapProfiler.stopSampling');
    profiler.disconnect();
    return profile;
  },
});

// The benchmark is gone: nobody is left to stop this process.
process.once('disconnect', () => process.exit());

async function reportMemory(): Promise<MemoryReport> {
  if (globalThis.gc === undefined) throw new Error('start with --expose-gc');
  // Finalizers of one collection free memory only in the next one, and close callbacks run between turns.
  for (let i = 0; i < 4; i++) {
    globalThis.gc();
    await new Promise((resolve) => setImmediate(resolve));
  }
  const usage = process.memoryUsage();
  return { ...usage, heldBytes: usage.heapUsed + usage.external + usage.arrayBuffers };
}
