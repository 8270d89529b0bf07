// SPDX-License-Identifier: Apache-2.0
// The house rules that a machine can hold. Each message names the rule and the way out. Where a rule is in the way of a
// better design, change the rule here and in ARCHITECTURE.md in the same commit, and say why.

import assert from 'node:assert/strict';
import { posix } from 'node:path';
import { test } from 'node:test';
import { findCycle } from './import-cycle.ts';
import {
  IMPORT_TABLE,
  isWithin,
  LONG_FILES,
  layerOf,
  MAY_USE_BUFFER,
  MAY_USE_NODE_GLOBALS,
  MAY_USE_NODE_MODULES,
} from './import-table.ts';
import { readRepositoryFile, sourcePaths } from './repository.ts';
import { importsOf, usesGlobal } from './source-text.ts';

const LIBRARY = 'packages/crosstie/src/';
const SPDX = '// SPDX-License-Identifier: Apache-2.0';
const MAX_LINES = 400;

interface SourceFile {
  /** Relative to the library's `src/`. */
  readonly path: string;
  readonly source: string;
  readonly layer: string;
  readonly imports: readonly string[];
}

const allPaths = sourcePaths();
/** Tests and benchmarks stand beside what they measure, and may import what they need for that. */
const libraryFiles: SourceFile[] = allPaths
  .filter((path) => path.startsWith(LIBRARY) && !/\.(test|bench)\.ts$/.test(path))
  .map((path) => {
    const source = readRepositoryFile(path);
    const inside = path.slice(LIBRARY.length);
    return { path: inside, source, layer: layerOf(inside) ?? '', imports: importsOf(source) };
  });

/** Fails with one line per violation. */
function assertNone(violations: readonly string[]): void {
  assert.ok(violations.length === 0, `\n${violations.join('\n')}`);
}

/** Imports of other files of the library, resolved to paths inside `src/`. */
function relativeImports(file: SourceFile): string[] {
  return file.imports.filter((name) => name.startsWith('.')).map((name) => posix.join(posix.dirname(file.path), name));
}

test('the library has files, so that the rules below are about something', () => {
  assert.ok(libraryFiles.length > 20, `only ${libraryFiles.length} files found below ${LIBRARY}`);
});

test('every file of the library lies in a folder of the import table', () => {
  assertNone(
    libraryFiles
      .filter((file) => file.layer === '')
      .map(
        (file) =>
          `${file.path} is in no folder of the import table: move it, or add its folder to ARCHITECTURE.md and test/import-table.ts.`,
      ),
  );
});

test('imports point one way', () => {
  const violations: string[] = [];
  for (const file of libraryFiles) {
    const allowed = IMPORT_TABLE[file.layer] ?? [];
    for (const target of relativeImports(file)) {
      const layer = layerOf(target) ?? '';
      if (layer === file.layer || layer === 'core' || allowed.includes('*') || allowed.includes(layer)) continue;
      const choices = ['core', ...allowed].join(', ');
      violations.push(
        `${file.path} imports ${target}, but ${file.layer} may import ${choices} only: let the lower layer define what it needs as an interface, and hand it in from above.`,
      );
    }
  }
  assertNone(violations);
});

test('a folder is entered through its index.ts', () => {
  const violations: string[] = [];
  for (const file of libraryFiles) {
    for (const target of relativeImports(file)) {
      if (layerOf(target) === file.layer || target.endsWith('/index.ts')) continue;
      violations.push(
        `${file.path} reaches into ${target}: import the folder's index.ts, and export there what others may use.`,
      );
    }
  }
  assertNone(violations);
});

test('entry alone imports the platform', () => {
  assertNone(
    libraryFiles
      .filter((file) => file.layer !== 'platform/node' && file.layer !== 'entry')
      .flatMap((file) =>
        relativeImports(file)
          .filter((target) => target.startsWith('platform/'))
          .map((target) => [file.path, target]),
      )
      .map(
        ([path, target]) =>
          `${path} imports ${target}: the platform implements ports and is plugged in by entry; define a port in your layer.`,
      ),
  );
});

test('relative imports carry the .ts ending', () => {
  assertNone(
    libraryFiles.flatMap((file) =>
      file.imports
        .filter((name) => name.startsWith('.') && !name.endsWith('.ts'))
        .map(
          (name) =>
            `${file.path} imports '${name}': write the file name in full, with .ts, as Node does without a build.`,
        ),
    ),
  );
});

test('the library imports no package', () => {
  assertNone(
    libraryFiles.flatMap((file) =>
      file.imports
        .filter((name) => !name.startsWith('.') && !name.startsWith('node:'))
        .map(
          (name) =>
            `${file.path} imports '${name}': the library's only dependency is @bufbuild/protobuf, when codecs need it; write the test first.`,
        ),
    ),
  );
});

test('no import cycle, type-only imports included', () => {
  const graph = new Map(
    allPaths.map((path) => {
      const targets = importsOf(readRepositoryFile(path)).filter((name) => name.startsWith('.'));
      return [path, targets.map((name) => posix.join(posix.dirname(path), name))];
    }),
  );
  const cycle = findCycle(graph);
  assert.equal(
    cycle,
    undefined,
    `${cycle?.join(' → ')} is a circle: move what both need into a file of its own that imports neither.`,
  );
});

test('node: modules only where the platform is', () => {
  assertNone(
    libraryFiles
      .filter((file) => !isWithin(file.layer, MAY_USE_NODE_MODULES))
      .flatMap((file) => file.imports.filter((name) => name.startsWith('node:')).map((name) => [file.path, name]))
      .map(
        ([path, name]) =>
          `${path} imports ${name}: node: modules belong in ${MAY_USE_NODE_MODULES.join(', ')}; reach them through a port.`,
      ),
  );
});

test('globals of Node only where they are allowed', () => {
  const violations: string[] = [];
  for (const file of libraryFiles) {
    if (!isWithin(file.layer, MAY_USE_BUFFER) && usesGlobal(file.source, 'Buffer')) {
      violations.push(
        `${file.path} uses Buffer: it is for ${MAY_USE_BUFFER.join(', ')}; browsers load this file, use Uint8Array or a port.`,
      );
    }
    for (const name of ['process', 'setImmediate']) {
      if (isWithin(file.layer, MAY_USE_NODE_GLOBALS) || !usesGlobal(file.source, name)) continue;
      violations.push(
        `${file.path} uses ${name}: it is for ${MAY_USE_NODE_GLOBALS.join(', ')}; the Clock port has defer().`,
      );
    }
  }
  assertNone(violations);
});

test('time comes from the Clock port', () => {
  const outside = libraryFiles.filter((file) => !isWithin(file.layer, ['platform/node', 'entry', 'testing']));
  assertNone(
    outside
      .filter(
        (file) =>
          ['setTimeout', 'setInterval', 'performance'].some((name) => usesGlobal(file.source, name)) ||
          /\bDate\.now\(/.test(file.source),
      )
      .map((file) => `${file.path} asks the system for the time: take a Clock, so that tests can step it by hand.`),
  );
});

test('every source file begins with its licence', () => {
  assertNone(
    allPaths
      .filter((path) => {
        const lines = readRepositoryFile(path).split('\n', 2);
        return lines[0] !== SPDX && !(lines[0].startsWith('#!') && lines[1] === SPDX);
      })
      .map((path) => `${path} does not begin with the licence: its first line is '${SPDX}'.`),
  );
});

test('no any, no non-null assertion: the linter says so, and nobody silences it', () => {
  const { linter } = JSON.parse(readRepositoryFile('biome.json')) as {
    linter: { rules: { suspicious: Record<string, string>; style: Record<string, string> } };
  };
  assert.equal(
    linter.rules.suspicious.noExplicitAny,
    'error',
    'biome.json must keep suspicious/noExplicitAny at error',
  );
  assert.equal(
    linter.rules.style.noNonNullAssertion,
    'error',
    'biome.json must keep style/noNonNullAssertion at error',
  );
  const silenced =
    /biome-ignore\S*\s+lint\/(suspicious\/noExplicitAny|style\/noNonNullAssertion)|@ts-(ignore|nocheck|expect-error)/;
  assertNone(
    allPaths
      .filter((path) => path !== 'test/architecture.test.ts' && silenced.test(readRepositoryFile(path)))
      .map((path) => `${path} silences the checker: narrow the type instead (a union, a guard, \`?? fallback\`).`),
  );
});

test('every biome-ignore gives its reason', () => {
  const bare = /biome-ignore\S*\s+(format|lint\/\S+|assist\/\S+)\s*(:\s*)?$/m;
  assertNone(
    allPaths
      .filter((path) => path !== 'test/architecture.test.ts' && bare.test(readRepositoryFile(path)))
      .map((path) => `${path} has a biome-ignore without a reason: write it behind the colon.`),
  );
});

test(`no source file is longer than ${MAX_LINES} lines without a reason`, (t) => {
  const lengths = allPaths.map((path) => ({ path, lines: readRepositoryFile(path).split('\n').length - 1 }));
  const sorted = lengths.map(({ lines }) => lines).sort((a, b) => a - b);
  const at = (ratio: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * ratio))];
  t.diagnostic(`lines per file: median ${at(0.5)}, p90 ${at(0.9)}, longest ${at(1)} (aim: 150, 400 at most)`);
  assertNone(
    lengths
      .filter(({ path, lines }) => lines > MAX_LINES && LONG_FILES[path] === undefined)
      .map(
        ({ path, lines }) =>
          `${path} has ${lines} lines: split it by direction or concern, or list it in test/import-table.ts with the reason.`,
      ),
  );
  const listed = Object.keys(LONG_FILES).filter(
    (path) => !lengths.some((file) => file.path === path && file.lines > MAX_LINES),
  );
  assertNone(
    listed.map((path) => `${path} is listed as long in test/import-table.ts and is not: take it off the list.`),
  );
});

test('the import table of ARCHITECTURE.md is the one that is checked', () => {
  const rows = [...readRepositoryFile('ARCHITECTURE.md').matchAll(/^\| `([a-z0-9/]+)\/` +\|[^|]*\| ([^|]*?) +\|$/gm)];
  const documented = Object.fromEntries(
    rows.map((row) => [
      row[1],
      row[2] === 'anything' ? ['*'] : [...row[2].matchAll(/`([a-z0-9/]+)`/g)].map((name) => name[1]),
    ]),
  );
  const checked = Object.fromEntries(Object.entries(IMPORT_TABLE).map(([folder, allowed]) => [folder, [...allowed]]));
  assert.deepEqual(documented, checked, 'ARCHITECTURE.md and test/import-table.ts say different things: change both.');
});
