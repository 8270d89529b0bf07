// SPDX-License-Identifier: Apache-2.0
// Runs a tool of somebody else's, bounded, and says what it said.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createEnvelope, createPattern, describeDifference } from '../messages.ts';

/** A tool that takes longer hangs. Chosen by us; each takes a second at most. */
const LIMIT_MS = 30_000;

export interface ToolRun {
  readonly stdout: Buffer;
  readonly stderr: string;
  readonly seconds: number;
}

/** One thing that must hold; throws when it does not, and may return a fact worth printing. */
export interface Check {
  readonly name: string;
  run(): Promise<string | undefined>;
}

/** Rejects unless the tool exits with 0 in time. */
export function runTool(command: string, args: readonly string[], input?: Buffer): Promise<ToolRun> {
  const startMs = performance.now();
  const line = [command, ...args].join(' ');
  const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'pipe'] });
  const out: Buffer[] = [];
  let stderr = '';
  child.stdout.on('data', (bytes: Buffer) => out.push(bytes));
  child.stderr.on('data', (bytes: Buffer) => (stderr += bytes.toString()));
  // A tool that reads no input closes it early.
  child.stdin.on('error', () => {});
  child.stdin.end(input);
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      child.kill('SIGKILL');
      reject(new Error(`not done within ${LIMIT_MS} ms: ${line}\n${tail(Buffer.concat(out).toString())}`));
    }, LIMIT_MS);
    child.once('error', (error) => {
      clearTimeout(timer);
      reject(error);
    });
    child.once('close', (code, signal) => {
      clearTimeout(timer);
      const run = { stdout: Buffer.concat(out), stderr, seconds: (performance.now() - startMs) / 1000 };
      if (code === 0) resolve(run);
      else reject(new Error(`${signal ?? `exit code ${code}`}: ${line}\n${tail(stderr || run.stdout.toString())}`));
    });
  });
}

function tail(text: string): string {
  return text.split('\n').slice(-8).join('\n');
}

/** Files the tools send: gRPC envelopes of these sizes, and plain bytes. */
export interface Samples {
  readonly folder: string;
  envelope(messageBytes: number): Sample;
  plain(bytes: number): Sample;
}

export interface Sample {
  readonly path: string;
  readonly bytes: Buffer;
}

export function createSamples(folder: string): Samples {
  mkdirSync(folder, { recursive: true });
  const write = (name: string, bytes: Buffer): Sample => {
    const path = join(folder, name);
    writeFileSync(path, bytes);
    return { path, bytes };
  };
  return {
    folder,
    envelope: (size) => write(`envelope-${size}.bin`, createEnvelope(createPattern(size, size))),
    plain: (size) => write(`plain-${size}.bin`, createPattern(size, size)),
  };
}

export function assertBytes(actual: Buffer, expected: Buffer): void {
  const difference = describeDifference(actual, expected);
  assert.ok(difference === undefined, `the body: ${difference}`);
}

export function countOf(text: string, pattern: RegExp): number {
  return [...text.matchAll(pattern)].length;
}
