// SPDX-License-Identifier: Apache-2.0
// h2load (nghttp2): how it is called, and what its summary says.

import { spawn } from 'node:child_process';
import { DRIVER_CORE } from '../child/pinned-child.ts';
import { ECHO_PATH } from './envelope.ts';

export interface H2loadRun {
  readonly port: number;
  readonly bodyFile: string;
  readonly connections: number;
  readonly streams: number;
  /** A number of requests can be verified to the byte; a duration is good for warming up. */
  readonly amount: { readonly requests: number } | { readonly seconds: number };
  /** One line per request: start, status, microseconds. */
  readonly logFile?: string;
}

export interface H2loadSummary {
  readonly seconds: number;
  readonly requestsPerSecond: number;
  readonly total: number;
  readonly succeeded: number;
  /** failed + errored + timed out. */
  readonly failed: number;
  readonly status2xx: number;
  /** DATA payload received. */
  readonly dataBytes: number;
  readonly meanUs: number;
}

/** Far above any round; a server that hangs ends the round, not the benchmark's patience. */
const TIMEOUT_MS = 40_000;

export function h2loadCommand(run: H2loadRun): string[] {
  const amount =
    'requests' in run.amount
      ? ['-n', String(run.amount.requests)]
      : ['-D', `${Math.round(run.amount.seconds * 1000)}ms`];
  const log = run.logFile === undefined ? [] : [`--log-file=${run.logFile}`];
  const load = ['-c', String(run.connections), '-m', String(run.streams), ...amount, ...log];
  const request = ['-d', run.bodyFile, '-H', 'content-type: application/grpc', '-H', 'te: trailers'];
  const url = `http://127.0.0.1:${run.port}${ECHO_PATH}`;
  return ['taskset', '-c', String(DRIVER_CORE), 'h2load', ...load, ...request, url];
}

/** Rejects when h2load fails, hangs or prints what is not understood. */
export function runH2load(run: H2loadRun): Promise<H2loadSummary> {
  const [program, ...args] = h2loadCommand(run);
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    const timer = setTimeout(() => child.kill('SIGKILL'), TIMEOUT_MS);
    let output = '';
    child.stdout.on('data', (text) => {
      output += text;
    });
    child.stderr.on('data', (text) => {
      output += text;
    });
    child.on('error', reject);
    child.on('close', (code, signal) => {
      clearTimeout(timer);
      if (code !== 0) return reject(new Error(`h2load ended with ${code ?? signal}: ${output.slice(-500)}`));
      try {
        resolve(parseH2load(output));
      } catch (error) {
        reject(error);
      }
    });
  });
}

/** The summary as nghttp2 1.52 prints it. Throws when a line is missing: a figure is read or the round is invalid. */
export function parseH2load(output: string): H2loadSummary {
  const finished = matchLine(output, /^finished in ([\d.]+)(us|ms|s|m|h), ([\d.]+) req\/s/m);
  const requests = matchLine(
    output,
    /^requests: (\d+) total, \d+ started, \d+ done, (\d+) succeeded, (\d+) failed, (\d+) errored, (\d+) timeout/m,
  );
  const status = matchLine(output, /^status codes: (\d+) 2xx/m);
  const traffic = matchLine(output, /^traffic: .* headers .*\((\d+)\) data$/m);
  const time = matchLine(output, /^time for request:\s+\S+\s+\S+\s+([\d.]+)(us|ms|s|m|h)/m);
  return {
    seconds: readMicroseconds(finished[1], finished[2]) / 1e6,
    requestsPerSecond: Number(finished[3]),
    total: Number(requests[1]),
    succeeded: Number(requests[2]),
    failed: Number(requests[3]) + Number(requests[4]) + Number(requests[5]),
    status2xx: Number(status[1]),
    dataBytes: Number(traffic[1]),
    meanUs: readMicroseconds(time[1], time[2]),
  };
}

/**
 * A benchmark counts only what was answered: why these are not `requests` right answers of `envelopeBytes` each, or
 * undefined when they are.
 */
export function findFault(summary: H2loadSummary, requests: number, envelopeBytes: number): string | undefined {
  const { total, succeeded, failed, status2xx, dataBytes } = summary;
  if (total !== requests) return `${total} requests counted, ${requests} asked for`;
  if (succeeded !== requests || failed !== 0) return `${succeeded} of ${requests} succeeded, ${failed} failed`;
  if (status2xx !== requests) return `${status2xx} of ${requests} answers were 2xx`;
  const expected = requests * envelopeBytes;
  if (dataBytes !== expected) return `${dataBytes} body bytes received, ${expected} expected`;
  return undefined;
}

/** Response times from `--log-file`, in microseconds; failed streams (status -1) throw. */
export function parseH2loadLog(log: string): number[] {
  const lines = log.split('\n').filter((line) => line !== '');
  return lines.map((line) => {
    const [, status, microseconds] = line.split('\t');
    if (status !== '200' || !/^\d+$/.test(microseconds ?? '')) throw new Error(`h2load logged '${line}'`);
    return Number(microseconds);
  });
}

const MICROSECONDS_PER: Readonly<Record<string, number>> = { us: 1, ms: 1e3, s: 1e6, m: 60e6, h: 3600e6 };

function readMicroseconds(value: string, unit: string): number {
  return Number(value) * MICROSECONDS_PER[unit];
}

function matchLine(output: string, pattern: RegExp): RegExpExecArray {
  const match = pattern.exec(output);
  if (match === null) throw new Error(`h2load's output has no line like ${pattern}: ${output.slice(-500)}`);
  return match;
}
