// SPDX-License-Identifier: Apache-2.0
// The suite on the machine's own Node: users run the library on whatever they have, from 20.19 on, without type
// stripping. So everything is compiled to .build/, in the same layout, and run there.

import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, rmSync } from 'node:fs';
import { delimiter, dirname, join, relative } from 'node:path';
import { findFiles } from './repository.ts';

/** `engines` of the published packages. */
const OLDEST = [20, 19] as const;

export type MachineNode =
  | { readonly kind: 'usable'; readonly path: string; readonly version: string }
  | { readonly kind: 'unusable'; readonly reason: string };

/** The first `node` on the PATH that is not the one this repository installs. */
export function findMachineNode(): MachineNode {
  const path = (process.env.PATH ?? '')
    .split(delimiter)
    .filter((folder) => folder !== '' && !folder.includes('node_modules'))
    .map((folder) => join(folder, process.platform === 'win32' ? 'node.exe' : 'node'))
    .find((candidate) => existsSync(candidate));
  if (path === undefined) return { kind: 'unusable', reason: 'this machine has no node of its own on the PATH' };
  const version = spawnSync(path, ['--version'], { encoding: 'utf8' }).stdout.trim();
  if (version === process.version) return { kind: 'unusable', reason: `${path} is the pinned version, ${version}` };
  const [major, minor] = version.replace('v', '').split('.').map(Number);
  if (major < OLDEST[0] || (major === OLDEST[0] && minor < OLDEST[1])) {
    return { kind: 'unusable', reason: `${path} is ${version}; the library needs ${OLDEST.join('.')} or later` };
  }
  return { kind: 'usable', path, version };
}

/** Files that tests read from beside themselves, and that the compiler does not carry over. */
const NOT_FIXTURES = /\.ts$|tsconfig.*\.json$|package(-lock)?\.json$|\.md$/;

/** Compiles the repository and copies the fixtures; returns what went wrong, if anything did. */
export function buildForMachineNode(root: string): string | undefined {
  const target = join(root, '.build');
  rmSync(target, { recursive: true, force: true });
  const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
  const run = spawnSync(process.execPath, [tsc, '-p', join(root, 'tsconfig.machine-node.json')], { encoding: 'utf8' });
  if (run.status !== 0) return `the compiler failed:\n${run.stdout}${run.stderr}`;
  for (const folder of ['packages', 'examples', 'bench', 'test']) {
    for (const file of findFiles(join(root, folder))) {
      if (!NOT_FIXTURES.test(file)) copyInto(target, root, file);
    }
  }
  return undefined;
}

function copyInto(target: string, root: string, file: string): void {
  const copy = join(target, relative(root, file));
  mkdirSync(dirname(copy), { recursive: true });
  copyFileSync(file, copy);
}
