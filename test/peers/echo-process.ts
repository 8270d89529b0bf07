// SPDX-License-Identifier: Apache-2.0
// The echo as its users start it, in a process of its own, on a free port.

import { type ChildProcess, spawn } from 'node:child_process';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { within } from './within.ts';

const SCRIPT = fileURLToPath(new URL(`../../examples/echo/server${extname(import.meta.url)}`, import.meta.url));
/** Chosen by us; it takes a fraction of a second. */
const START_TIMEOUT_MS = 10_000;
const STOP_TIMEOUT_MS = 2_000;

export interface EchoTls {
  readonly cert: string;
  readonly key: string;
}

export interface EchoProcess {
  readonly port: number;
  /** `http://127.0.0.1:port` or `https://…`. */
  readonly url: string;
  /** Everything it has printed, for the message of a failure. */
  output(): string;
  /** Asks it to end; rejects when it had ended by itself, or does not. */
  stop(): Promise<void>;
}

/** Starts the echo and waits until it says where it listens. */
export async function startEchoProcess(tls?: EchoTls): Promise<EchoProcess> {
  const env = { ...process.env, PORT: '0', HOST: '127.0.0.1' };
  const child = spawn(process.execPath, [SCRIPT], {
    env: tls === undefined ? env : { ...env, TLS_CERT: tls.cert, TLS_KEY: tls.key },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  const exit = new Promise<void>((resolve) => child.once('close', () => resolve()));
  const port = new Promise<number>((resolve, reject) => {
    const note = (text: Buffer): void => {
      output += text.toString();
      const match = /echo listens on https?:\/\/127\.0\.0\.1:(\d+)\n/.exec(output);
      if (match !== null) resolve(Number(match[1]));
    };
    child.stdout.on('data', note);
    child.stderr.on('data', note);
    child.once('error', reject);
    void exit.then(() => reject(new Error(`the echo ended before it listened:\n${output}`)));
  });
  try {
    const at = await within('the echo listens', port, START_TIMEOUT_MS);
    const url = `${tls === undefined ? 'http' : 'https'}://127.0.0.1:${at}`;
    return { port: at, url, output: () => output, stop: () => stop(child, exit, () => output) };
  } catch (error) {
    child.kill('SIGKILL');
    throw error;
  }
}

async function stop(child: ChildProcess, exit: Promise<void>, output: () => string): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) throw new Error(`the echo had ended:\n${output()}`);
  child.kill('SIGTERM');
  try {
    await within('the echo ends after SIGTERM, its clients being gone', exit, STOP_TIMEOUT_MS);
  } catch (error) {
    child.kill('SIGKILL');
    await exit;
    throw error;
  }
}
