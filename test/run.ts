// SPDX-License-Identifier: Apache-2.0
// The suite: every `*.test.ts` of the repository, each file in a process of its own, with the leak check loaded.
//
//   npm test                      on the pinned Node
//   npm test -- hpack             only files whose path contains `hpack`
//   npm run test:machine-node     compiled to .build/ and run by the `node` of this machine

import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { dirname, extname, join, relative, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { buildForMachineNode, findMachineNode } from './machine-node.ts';
import { findFiles } from './repository.ts';

/** Where tests live. */
const TEST_ROOTS = ['packages', 'examples', 'bench', 'test'];
/** One file that hangs must not hang the suite: it is ended after so long. The slowest takes a fraction of it. */
const FILE_TIMEOUT_MS = 120_000;
/** What the suite may take as a whole, on two cores (house rule). Slower is said, not failed: machines differ. */
const SUITE_BUDGET_MS = 180_000;
/** A test file that cannot run on old versions of Node says so on a line of its own, with the reason. */
const NEEDS_NODE_24 = /^\/\/ Needs Node 24: (.+)$/m;

const here = dirname(fileURLToPath(import.meta.url));
const root = resolve(here, '..');

function main(): number {
  const args = process.argv.slice(2);
  const onMachineNode = args.includes('--machine-node');
  const filters = args.filter((arg) => !arg.startsWith('--'));
  return onMachineNode ? runOnMachineNode(filters) : runSuite(process.execPath, root, '.ts', filters);
}

function runOnMachineNode(filters: readonly string[]): number {
  const found = findMachineNode();
  if (found.kind === 'unusable') {
    console.log(`skipped: ${found.reason}`);
    return 0;
  }
  console.log(`compiling to .build/ for ${found.path} ${found.version}`);
  const problem = buildForMachineNode(root);
  if (problem !== undefined) {
    console.error(problem);
    return 1;
  }
  return runSuite(found.path, join(root, '.build'), '.js', filters);
}

/** Runs the test files below `base`; returns the exit code. */
function runSuite(node: string, base: string, extension: '.ts' | '.js', filters: readonly string[]): number {
  const files = TEST_ROOTS.flatMap((folder) => findFiles(join(base, folder)))
    .filter((file) => file.endsWith(`.test${extension}`))
    .filter((file) => filters.length === 0 || filters.some((filter) => relative(base, file).includes(filter)))
    .filter((file) => extension === '.ts' || canRunOnOldNode(file, base));
  if (files.length === 0) {
    console.error(`no test file ${filters.length === 0 ? 'was found' : `has ${filters.join(' or ')} in its path`}`);
    return 1;
  }
  const startMs = performance.now();
  const status = runNode(node, base, extension, files);
  const tookMs = performance.now() - startMs;
  console.log(`# ${files.length} files in ${(tookMs / 1000).toFixed(1)} s`);
  if (tookMs > SUITE_BUDGET_MS) console.log('# slower than the three minutes the suite may take: see CONTRIBUTING.md');
  return status;
}

function runNode(node: string, base: string, extension: string, files: readonly string[]): number {
  const url = (name: string) => pathToFileURL(join(base, 'test', name + extension)).href;
  const args = [
    '--test',
    `--test-timeout=${FILE_TIMEOUT_MS}`,
    `--test-concurrency=${availableParallelism()}`,
    `--import=${url('leak-check')}`,
    `--test-reporter=${url('reporter')}`,
    '--test-reporter-destination=stdout',
    ...files,
  ];
  const { status, signal } = spawnSync(node, args, { stdio: 'inherit', cwd: root });
  if (signal !== null) console.error(`the test process was ended by ${signal}`);
  return status ?? 1;
}

/** False, with a printed reason, for the files that say they need Node 24. */
function canRunOnOldNode(file: string, base: string): boolean {
  const source = join(root, relative(base, file).replace(extname(file), '.ts'));
  const match = existsSync(source) ? NEEDS_NODE_24.exec(readFileSync(source, 'utf8')) : null;
  if (match !== null) console.log(`skipped: ${relative(root, source)} needs Node 24: ${match[1]}`);
  return match === null;
}

process.exitCode = main();
