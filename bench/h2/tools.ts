// SPDX-License-Identifier: Apache-2.0
// What must be installed before anything can be measured.

import { spawnSync } from 'node:child_process';
import { availableParallelism } from 'node:os';

const PACKAGES = { taskset: 'util-linux', h2load: 'nghttp2-client' };

/** Throws one line that says what is missing and how to mend it. */
export function ensureTools(): void {
  if (process.platform !== 'linux')
    throw new Error('this benchmark pins processes to cores with taskset: it needs Linux');
  for (const [tool, debianPackage] of Object.entries(PACKAGES))
    if (readToolVersion(tool) === undefined)
      throw new Error(`${tool} is missing: install it (Debian: apt-get install ${debianPackage})`);
  if (availableParallelism() < 2)
    throw new Error('two cores are needed: one for the measured side, one for its driver');
}

export function readToolVersion(tool: string): string | undefined {
  const result = spawnSync(tool, ['--version'], { encoding: 'utf8' });
  return result.error === undefined ? result.stdout.trim() : undefined;
}
