// SPDX-License-Identifier: Apache-2.0
// What outside judges have in common: where their tools are kept, the server they judge, and the rule that a judge that
// cannot run is skipped on a developer's machine, with the reason, and fails in CI.

import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import net from 'node:net';
import { join } from 'node:path';
import { repositoryRoot } from '../repository.ts';

export const isCi = process.env.CI === 'true';

/** A folder for tools and certificates, kept between runs and ignored by git. */
export function cacheFolder(name: string): string {
  const folder = join(repositoryRoot(), '.cache', name);
  mkdirSync(folder, { recursive: true });
  return folder;
}

/** The exit code for a judge that cannot run. */
export function skipJudge(name: string, reason: string): number {
  console.log(`${name}: ${isCi ? 'FAILED, because CI=true and it cannot run' : 'skipped'}: ${reason}`);
  return isCi ? 1 : 0;
}

/** True when the command is on the PATH. */
export function hasCommand(command: string): boolean {
  return spawnSync('sh', ['-c', `command -v ${command}`], { stdio: 'ignore' }).status === 0;
}

export interface Certificate {
  readonly cert: string;
  readonly key: string;
}

/** A self-signed certificate for localhost, made with openssl once and kept for a day less than it is valid. */
export function makeCertificate(): Certificate | undefined {
  const folder = cacheFolder('certificate');
  const pair = { cert: join(folder, 'localhost.crt'), key: join(folder, 'localhost.key') };
  const stillValid = ['x509', '-checkend', '86400', '-noout', '-in', pair.cert];
  if (existsSync(pair.key) && spawnSync('openssl', stillValid, { stdio: 'ignore' }).status === 0) return pair;
  const request = [
    'req',
    '-x509',
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:prime256v1',
    '-nodes',
    '-days',
    '30',
  ];
  const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1'];
  const made = spawnSync('openssl', [...request, ...subject, '-keyout', pair.key, '-out', pair.cert], {
    stdio: 'ignore',
  });
  return made.status === 0 ? pair : undefined;
}

/** A port that was free a moment ago. */
export function findFreePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = net.createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as net.AddressInfo;
      server.close(() => resolve(port));
    });
  });
}

export interface RunningServer {
  readonly port: number;
  stop(): Promise<void>;
}

/** A server that does not answer after so long never will (chosen by us; it takes a fraction of a second). */
const START_TIMEOUT_MS = 10_000;
const POLL_MS = 50;

/** Starts the echo, on plain TCP or with the certificate, and waits until it accepts connections. */
export async function startEcho(certificate?: Certificate): Promise<RunningServer> {
  const port = await findFreePort();
  const tls = certificate === undefined ? {} : { TLS_CERT: certificate.cert, TLS_KEY: certificate.key };
  const script = join(repositoryRoot(), 'examples', 'echo', 'server.ts');
  const child = spawn(process.execPath, [script], {
    env: { ...process.env, PORT: String(port), ...tls },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (text) => (output += text));
  for (const startMs = performance.now(); !(await accepts(port)); ) {
    if (child.exitCode !== null) throw new Error(`the echo ended with code ${child.exitCode}:\n${output}`);
    if (performance.now() - startMs > START_TIMEOUT_MS) {
      await stop(child);
      throw new Error(`the echo did not listen within ${START_TIMEOUT_MS} ms:\n${output}`);
    }
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
  return { port, stop: () => stop(child) };
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = net.connect(port, '127.0.0.1');
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}

/** Asks the server to end; a second later it is made to. */
function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
  return new Promise((resolve) => {
    const timer = setTimeout(() => child.kill('SIGKILL'), 1_000);
    child.once('exit', () => {
      clearTimeout(timer);
      resolve();
    });
    child.kill('SIGTERM');
  });
}
