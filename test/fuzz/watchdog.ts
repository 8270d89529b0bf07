// SPDX-License-Identifier: Apache-2.0
// Names the program that never gives the event loop back. A loop without end stops every timer of its own thread, so
// this watches from another; `execute.ts` catches the loops of promise jobs itself.

import { Worker } from 'node:worker_threads';

const STUCK_MS = 20_000;

/** Runs in the thread: reports by file descriptor, for the main thread's streams are stuck as well. */
const WATCH = `
  const { workerData } = require('node:worker_threads');
  const { shared, stuckMs } = workerData;
  for (;;) {
    const seed = Atomics.load(shared, 0);
    if (Atomics.wait(shared, 0, seed, stuckMs) !== 'timed-out') continue;
    require('node:fs').writeSync(2, 'hang: program ' + (seed >>> 0) + ' has run for ' + stuckMs + ' ms\\n');
    process.kill(process.pid, 'SIGKILL');
  }
`;

export class Watchdog {
  readonly #shared = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
  readonly #worker: Worker;

  constructor() {
    this.#worker = new Worker(WATCH, { eval: true, workerData: { shared: this.#shared, stuckMs: STUCK_MS } });
    this.#worker.unref();
  }

  /** The program of this seed begins. */
  note(programSeed: number): void {
    Atomics.store(this.#shared, 0, programSeed | 0);
    Atomics.notify(this.#shared, 0);
  }

  async stop(): Promise<void> {
    await this.#worker.terminate();
  }
}
