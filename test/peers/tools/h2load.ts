// SPDX-License-Identifier: Apache-2.0
// h2load as client of the echo. It counts HTTP success; the bytes it counts tell that nothing was short or long.

import assert from 'node:assert/strict';
import { ECHO_PATH } from '../messages.ts';
import { type Check, runTool, type Samples } from './tool.ts';

const MIB = 1024 * 1024;
const GREETING_BYTES = 14;

interface Load {
  readonly name: string;
  readonly requests: number;
  /** Connections, requests at a time on each, windows, protocol. */
  readonly options: readonly string[];
  /** Bytes of the gRPC message; undefined: GET /. */
  readonly messageBytes?: number;
  readonly tls?: boolean;
}

const LOADS: readonly Load[] = [
  { name: 'h2c: GET, 1 × 100', requests: 10_000, options: ['-c', '1', '-m', '100'] },
  { name: 'h2c: GET, 20 × 50', requests: 10_000, options: ['-c', '20', '-m', '50'] },
  { name: 'h2c: 7 B, 1 × 100', requests: 10_000, options: ['-c', '1', '-m', '100'], messageBytes: 7 },
  { name: 'h2c: 951 B, 10 × 10', requests: 10_000, options: ['-c', '10', '-m', '10'], messageBytes: 951 },
  { name: 'h2c: 1 MiB, 1 × 10', requests: 100, options: ['-c', '1', '-m', '10'], messageBytes: MIB },
  { name: 'h2c: 1 MiB, 5 × 20', requests: 200, options: ['-c', '5', '-m', '20'], messageBytes: MIB },
  {
    name: 'h2c: 1 MiB, windows of 64 KiB',
    requests: 100,
    options: ['-c', '2', '-m', '10', '-w', '16', '-W', '16'],
    messageBytes: MIB,
  },
  {
    name: 'h2c: 951 B, no header tables',
    requests: 2_000,
    options: ['-c', '4', '-m', '50', '--header-table-size', '0', '--encoder-header-table-size', '0'],
    messageBytes: 951,
  },
  { name: 'h2c: 200 connections', requests: 2_000, options: ['-c', '200', '-m', '5'], messageBytes: 7 },
  { name: 'TLS: 951 B, 10 × 10', requests: 5_000, options: ['-c', '10', '-m', '10'], messageBytes: 951, tls: true },
  { name: 'TLS: 1 MiB, 2 × 10', requests: 60, options: ['-c', '2', '-m', '10'], messageBytes: MIB, tls: true },
  { name: 'HTTP/1.1: GET, 10 × 1', requests: 2_000, options: ['--h1', '-c', '10'] },
  { name: 'HTTP/1.1: GET, pipelined', requests: 2_000, options: ['--h1', '-c', '5', '-m', '10'] },
  { name: 'HTTP/1.1: 1 MiB, 4 × 1', requests: 40, options: ['--h1', '-c', '4'], messageBytes: MIB },
];

export function h2loadChecks(urls: { readonly plain: string; readonly tls: string }, samples: Samples): Check[] {
  return LOADS.map((load) => ({
    name: `h2load ${load.name}: ${load.requests} requests`,
    run: async () => {
      const url = load.tls === true ? urls.tls : urls.plain;
      const sample = load.messageBytes === undefined ? undefined : samples.envelope(load.messageBytes);
      const target =
        sample === undefined
          ? [`${url}/`]
          : ['-d', sample.path, '-H', 'content-type: application/grpc', '-H', 'te: trailers', url + ECHO_PATH];
      const { stdout } = await runTool('h2load', ['-n', String(load.requests), ...load.options, ...target]);
      assertCounts(stdout.toString(), load.requests, sample?.bytes.length ?? GREETING_BYTES);
      return undefined;
    },
  }));
}

function assertCounts(text: string, requests: number, bodyBytes: number): void {
  const n = requests;
  const expected = `requests: ${n} total, ${n} started, ${n} done, ${n} succeeded, 0 failed, 0 errored, 0 timeout`;
  assert.ok(text.includes(expected), `${expected}\n${text}`);
  assert.ok(text.includes(`status codes: ${n} 2xx, 0 3xx, 0 4xx, 0 5xx`), text);
  const data = Number(/\((\d+)\) data$/m.exec(text)?.[1]);
  assert.equal(data, n * bodyBytes, `${data} bytes of data instead of ${n * bodyBytes}`);
}
