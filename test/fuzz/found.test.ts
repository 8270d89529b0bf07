// SPDX-License-Identifier: Apache-2.0
// Every input that ever broke a property, again.

import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { execute } from './execute.ts';
import type { Program } from './program.ts';

interface Found {
  /** What went wrong when it was found. */
  readonly failure: string;
  readonly program: Program;
}

const BESIDE = new URL('./found/', import.meta.url);
/** Tests that run built have no data beside them; they are started at the root of the repository. */
const FOLDER = existsSync(BESIDE) ? BESIDE : new URL('test/fuzz/found/', `file://${process.cwd()}/`);

const files = readdirSync(FOLDER).filter((name) => name.endsWith('.json'));

test('the folder of found inputs is read', () => {
  assert.ok(files.length > 0, `no *.json in ${FOLDER}`);
});

for (const file of files) {
  const { failure, program } = JSON.parse(readFileSync(new URL(file, FOLDER), 'utf8')) as Found;
  test(`${file}, found with ${failure}`, () => execute(program));
}
