// SPDX-License-Identifier: Apache-2.0
// The checkers of the house rules, checked: each must find what it is for.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findCycle } from './import-cycle.ts';
import { isWithin, layerOf } from './import-table.ts';
import { codeOf, importsOf, usesGlobal } from './source-text.ts';

test('importsOf sees every form of import, types included, and nothing in comments', () => {
  const source = [
    "import { a } from './a.ts';",
    "import type { B } from '../b/index.ts';",
    "import 'node:fs';",
    "export * from './c.ts';",
    "export {\n  d,\n} from './d.ts';",
    "type E = import('./e.ts').E;",
    "// import x from './no.ts';",
    "/* import y from './no-either.ts'; */",
  ].join('\n');
  assert.deepEqual(importsOf(source), ['./a.ts', '../b/index.ts', 'node:fs', './c.ts', './d.ts', './e.ts']);
});

test('codeOf leaves neither comments nor texts nor patterns', () => {
  assert.equal(codeOf("a = 'Buffer'; // Buffer\nb = /Buffer/g;"), "a = '';  \nb = //;");
  assert.match(codeOf('x = 4 / 2; y = Buffer / 3;'), /Buffer/);
});

test('usesGlobal finds the global, not a member, a key or a longer name', () => {
  assert.equal(usesGlobal('const b = Buffer.alloc(1);', 'Buffer'), true);
  assert.equal(usesGlobal('let b: Buffer | undefined;', 'Buffer'), true);
  assert.equal(usesGlobal("// Buffer\nconst s = 'Buffer';", 'Buffer'), false);
  assert.equal(usesGlobal('const b = new ArrayBuffer(1); this.process();', 'Buffer'), false);
  assert.equal(usesGlobal('this.process();', 'process'), false);
  assert.equal(usesGlobal('process.exit(1);', 'process'), true);
});

test('findCycle finds a circle and prints the way around', () => {
  const graph = new Map([
    ['a', ['b']],
    ['b', ['c', 'd']],
    ['c', []],
    ['d', ['b']],
  ]);
  assert.deepEqual(findCycle(graph), ['b', 'd', 'b']);
  assert.equal(
    findCycle(
      new Map([
        ['a', ['b']],
        ['b', []],
      ]),
    ),
    undefined,
  );
});

test('layerOf takes the longest folder that fits', () => {
  assert.equal(layerOf('h2/codec/frame-reader.ts'), 'h2/codec');
  assert.equal(layerOf('h2/index.ts'), 'h2');
  assert.equal(layerOf('elsewhere/x.ts'), undefined);
  assert.equal(isWithin('h2/codec', ['h2']), true);
  assert.equal(isWithin('http', ['h2']), false);
});
