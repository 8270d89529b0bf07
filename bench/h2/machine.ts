// SPDX-License-Identifier: Apache-2.0
// What was measured with what, for the report: figures without it mean nothing.

import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { cpus, loadavg, release, totalmem } from 'node:os';
import { fileURLToPath } from 'node:url';
import { readToolVersion } from './tools.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

export interface Setting {
  readonly date: string;
  readonly machine: string;
  readonly kernel: string;
  readonly node: string;
  readonly h2load: string;
  readonly grpcJs: string;
  readonly crosstie: string;
  readonly loadAverageBefore: number;
}

export function readSetting(): Setting {
  const cores = cpus();
  return {
    date: new Date().toISOString(),
    machine: `${cores[0]?.model ?? 'unknown'}, ${cores.length} cores, ${Math.round(totalmem() / 2 ** 30)} GiB`,
    kernel: release(),
    node: process.version,
    h2load: readToolVersion('h2load') ?? 'missing',
    grpcJs: readPackageVersion(createRequire(import.meta.url).resolve('@grpc/grpc-js/package.json')),
    crosstie: `${readPackageVersion(`${ROOT}packages/crosstie/package.json`)} at ${readRevision()}`,
    loadAverageBefore: loadavg()[0],
  };
}

function readPackageVersion(path: string): string {
  return JSON.parse(readFileSync(path, 'utf8')).version;
}

function readRevision(): string {
  const git = (...args: string[]) => spawnSync('git', ['-C', ROOT, ...args], { encoding: 'utf8' }).stdout?.trim();
  const revision = git('rev-parse', '--short', 'HEAD');
  if (!revision) return 'no git revision';
  return git('status', '--porcelain', 'packages', 'examples') === '' ? revision : `${revision} with local changes`;
}
