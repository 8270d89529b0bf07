// SPDX-License-Identifier: Apache-2.0
// One measured Node process, alone on its core, and the questions it answers.

import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Answer } from './questions.ts';

/** Servers on the first core, whatever drives them on the second. */
export const SERVER_CORE = 0;
export const DRIVER_CORE = 1;

const PRELOAD = fileURLToPath(new URL('./preload.ts', import.meta.url));
const NODE_FLAGS = ['--expose-gc', '--import', PRELOAD];
// 10,000 connections and some room. A process keeps its old limit where this one is not allowed.
const DESCRIPTOR_LIMIT = 20_000;
const STOP_TIMEOUT_MS = 2_000;
const OUTPUT_KEPT_CHARS = 4_000;

export interface ProgramOptions {
  readonly core: number;
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

interface Pending {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
  readonly timer: NodeJS.Timeout;
}

/** The command line that starts `program` as it is measured, for reports too. */
export function programCommand(program: string, options: ProgramOptions): string[] {
  return ['taskset', '-c', String(options.core), process.execPath, ...NODE_FLAGS, program, ...(options.args ?? [])];
}

export class PinnedChild {
  readonly #process: ChildProcess;
  readonly #pending = new Map<number, Pending>();
  #nextId = 0;
  #output = '';
  /** Why the process has ended; undefined while it runs. */
  #ended: string | undefined;

  constructor(program: string, options: ProgramOptions) {
    const command = programCommand(program, options);
    const script = `ulimit -n ${DESCRIPTOR_LIMIT} 2>/dev/null; exec "$@"`;
    this.#process = spawn('bash', ['-c', script, 'bash', ...command], {
      env: { ...process.env, ...options.env },
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    this.#process.stdout?.on('data', (text) => this.#keepOutput(text));
    this.#process.stderr?.on('data', (text) => this.#keepOutput(text));
    this.#process.on('message', (answer: Answer) => this.#receiveAnswer(answer));
    this.#process.on('error', (error) => this.#onEnded(error.message));
    // A child that spins does not see its channel close: it must not outlive the benchmark.
    process.on('exit', this.#kill);
    this.#process.on('exit', (code, signal) => this.#onEnded(`exit ${code ?? signal}`));
  }

  get endedBecause(): string | undefined {
    return this.#ended;
  }

  /** Rejects when the process fails to answer within `timeoutMs` or ends. */
  ask<T>(name: string, argument?: unknown, timeoutMs = 30_000): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      if (this.#ended !== undefined) return reject(new Error(this.#ended));
      const id = this.#nextId++;
      const fail = (error: Error) => this.#settle(id)?.reject(error);
      const timer = setTimeout(() => fail(new Error(`no answer to '${name}' in ${timeoutMs} ms`)), timeoutMs);
      this.#pending.set(id, { resolve: resolve as (value: unknown) => void, reject, timer });
      this.#process.send({ id, name, argument }, (error) => error !== null && fail(error));
    });
  }

  /** Lets the process end by itself (its preload exits when the channel closes), then insists. */
  async stop(): Promise<void> {
    if (this.#ended !== undefined) return;
    const exited = new Promise((resolve) => this.#process.once('exit', resolve));
    const timer = setTimeout(this.#kill, STOP_TIMEOUT_MS);
    if (this.#process.connected) this.#process.disconnect();
    await exited;
    clearTimeout(timer);
  }

  #keepOutput(text: Buffer): void {
    this.#output = (this.#output + text.toString()).slice(-OUTPUT_KEPT_CHARS);
  }

  #receiveAnswer(answer: Answer): void {
    const pending = this.#settle(answer.id);
    if (answer.kind === 'answer') pending?.resolve(answer.value);
    else pending?.reject(new Error(answer.message));
  }

  #settle(id: number): Pending | undefined {
    const pending = this.#pending.get(id);
    clearTimeout(pending?.timer);
    this.#pending.delete(id);
    return pending;
  }

  readonly #kill = (): void => {
    this.#process.kill('SIGKILL');
  };

  #onEnded(reason: string): void {
    process.off('exit', this.#kill);
    this.#ended ??= `${reason}\n${this.#output}`.trim();
    for (const id of [...this.#pending.keys()]) this.#settle(id)?.reject(new Error(this.#ended));
  }
}
