// SPDX-License-Identifier: Apache-2.0
// The table of attacks in README.md and the tests here name each other: every test has its row, every row its test, every
// knob exists, and no limit of the engine is without an attack that meets it.

import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { DEFAULT_LIMITS, LIMIT_REASONS } from '../../packages/crosstie/src/h2/index.ts';
import { readRepositoryFile, repositoryRoot } from '../repository.ts';

const FOLDER = 'test/attacks';
/** Limits that a peer cannot reach: they bound what our own side asks for. */
const OWN_LIMITS: ReadonlySet<string> = new Set(['drainMs', 'goAwayFlushMs', 'maxAgeMs', 'idleMs', 'maxRequests']);
/** Knobs of the process, not of a connection. */
const PROCESS_KNOBS: ReadonlySet<string> = new Set(['budget.limitBytes', 'budget.stallMs']);

interface Row {
  readonly cells: readonly string[];
  readonly kind: 'attack' | 'legitimate';
}

/** `attack('name', …)` and `legitimate('name', …)`, at the beginning of a line. */
function testsOf(kind: Row['kind']): string[] {
  const files = readdirSync(join(repositoryRoot(), FOLDER)).filter((name) => name.endsWith('.test.ts'));
  const calls = new RegExp(`^${kind}\\(\\s*'([^']+)'`, 'gm');
  return files.flatMap((name) => [...readRepositoryFile(`${FOLDER}/${name}`).matchAll(calls)].map((match) => match[1]));
}

/** The rows of both tables; the first column of the second says which attack its test looks like. */
function rowsOf(kind: Row['kind']): Row[] {
  const [, attacks, neighbours] = readRepositoryFile(`${FOLDER}/README.md`).split(/^## .*$/m);
  const section = kind === 'attack' ? attacks : neighbours;
  const lines = section.split('\n').filter((line) => line.startsWith('| ') && !/^\| (Attack|Looks like|-)/.test(line));
  return lines.map((line) => ({
    kind,
    cells: line
      .slice(2, -2)
      .split(' | ')
      .map((cell) => cell.trim()),
  }));
}

function namesIn(rows: readonly Row[]): string[] {
  return rows.flatMap(({ cells }) => (cells.at(-1) ?? '').split('; '));
}

for (const kind of ['attack', 'legitimate'] as const) {
  test(`README.md names every ${kind} test once, and no other`, () => {
    const tests = testsOf(kind).sort();
    assert.ok(tests.length > 0);
    assert.deepEqual(namesIn(rowsOf(kind)).sort(), tests);
  });
}

test('every knob named in README.md exists', () => {
  const knobs = rowsOf('attack').flatMap(({ cells }) => [...cells[3].matchAll(/`([\w.]+)`/g)].map((match) => match[1]));
  const unknown = knobs.filter((knob) => !(knob in DEFAULT_LIMITS) && !PROCESS_KNOBS.has(knob));
  assert.deepEqual(unknown, []);
});

test('every limit that a peer can meet is met by an attack', () => {
  const text = rowsOf('attack')
    .map(({ cells }) => cells[2])
    .join('\n');
  const unmet = Object.entries(LIMIT_REASONS).filter(
    ([name, reason]) => !OWN_LIMITS.has(name) && !text.includes(reason),
  );
  assert.deepEqual(unmet, []);
});
