// SPDX-License-Identifier: Apache-2.0
// What the documents say is there, is there.

import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { readRepositoryFile, repositoryRoot } from './repository.ts';

const DOCUMENTS = ['README.md', 'ARCHITECTURE.md', 'CONTRIBUTING.md', 'CHANGELOG.md'];
/** Names that stand for many files, or for one that a command makes. */
const GENERIC = new Set(['index.ts', '.build/']);
const LIBRARY = 'packages/crosstie/src';

const root = repositoryRoot();
const { scripts } = JSON.parse(readRepositoryFile('package.json')) as { scripts: Readonly<Record<string, string>> };

/** Contents of ``` blocks. */
function codeBlocks(text: string): string[] {
  return [...text.matchAll(/^```\w*\n([\s\S]*?)^```$/gm)].map((match) => match[1]);
}

/** Contents of `code spans`, blocks excepted. */
function codeSpans(text: string): string[] {
  return [...text.replace(/^```[\s\S]*?^```$/gm, '').matchAll(/`([^`\n]+)`/g)].map((match) => match[1]);
}

test('the README begins with its title, at most one sentence, and exactly two commands', () => {
  const [, first = ''] =
    /^# Crosstie\n\n(?:[^\n]+\n\n)?```sh\n([\s\S]*?)```/.exec(readRepositoryFile('README.md')) ?? [];
  assert.deepEqual(first.trim().split('\n'), ['npm ci && npm start', 'npm ci && npm test']);
});

for (const path of DOCUMENTS) {
  test(`${path}: every npm command is a script`, () => {
    const code = [...codeBlocks(readRepositoryFile(path)), ...codeSpans(readRepositoryFile(path))].join('\n');
    for (const [, name] of code.matchAll(/\bnpm run (?:--silent )?([\w:-]+)/g)) {
      assert.ok(scripts[name] !== undefined, `${path} names 'npm run ${name}', which package.json does not have`);
    }
    for (const [, name] of code.matchAll(/\bnpm (start|test)\b/g)) {
      assert.ok(scripts[name] !== undefined, `${path} names 'npm ${name}', which package.json does not have`);
    }
  });

  test(`${path}: every file and folder named exists`, () => {
    const named = codeSpans(readRepositoryFile(path)).filter((span) =>
      /^[\w.-]+(\/[\w.-]+)*(\/|\.(ts|md|json|txt))$/.test(span),
    );
    const missing = named.filter(
      (name) => !GENERIC.has(name) && !existsSync(join(root, name)) && !existsSync(join(root, LIBRARY, name)),
    );
    assert.deepEqual([...new Set(missing)], [], `${path} names files that do not exist`);
  });

  test(`${path}: every link leads somewhere`, () => {
    const targets = [...readRepositoryFile(path).matchAll(/\]\(([^)#\s]+)[^)]*\)/g)].map((match) => match[1]);
    const missing = targets.filter((target) => !/^https?:/.test(target) && !existsSync(join(root, target)));
    assert.deepEqual(missing, [], `${path} links to files that do not exist`);
  });
}

test('every script of package.json that runs a file runs one that exists', () => {
  for (const [name, command] of Object.entries(scripts)) {
    for (const [, file] of command.matchAll(/\bnode (\S+\.ts)\b/g)) {
      assert.ok(existsSync(join(root, file)), `npm run ${name} runs ${file}, which does not exist`);
    }
  }
});
