// SPDX-License-Identifier: Apache-2.0
// What users import: every subpath of the published packages, by name, as built.

import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { test } from 'node:test';
import { readRepositoryFile, repositoryRoot } from './repository.ts';

const FOLDER = 'packages/crosstie';

interface Export {
  readonly types: string;
  readonly default: string;
}

const { name, exports, dependencies } = JSON.parse(readRepositoryFile(`${FOLDER}/package.json`)) as {
  name: string;
  exports: Readonly<Record<string, Export | string>>;
  dependencies?: Readonly<Record<string, string>>;
};

for (const [subpath, target] of Object.entries(exports)) {
  if (typeof target === 'string') continue;
  const specifier = name + subpath.slice(1);

  test(`${specifier} can be imported and required`, async () => {
    for (const file of [target.types, target.default]) {
      assert.ok(existsSync(join(repositoryRoot(), FOLDER, file)), `${FOLDER}/${file} is missing: npm run build`);
    }
    const imported: unknown = await import(specifier);
    // No top-level await anywhere, so CommonJS users can require it (Node 20.19 and later).
    const required: unknown = createRequire(import.meta.url)(specifier);
    assert.deepEqual(Object.keys(Object(required)).sort(), Object.keys(Object(imported)).sort());
    assert.ok(Object.keys(Object(imported)).length > 0, `${specifier} exports nothing`);
  });
}

test('every subpath has its entry file', () => {
  const entries = Object.values(exports).flatMap((target) => (typeof target === 'string' ? [] : [target.default]));
  for (const file of entries) {
    const source = file.replace('./dist/', 'src/').replace(/\.js$/, '.ts');
    assert.ok(existsSync(join(repositoryRoot(), FOLDER, source)), `${file} has no source ${source}`);
  }
});

test('the library has no dependency but @bufbuild/protobuf', () => {
  assert.deepEqual(
    Object.keys(dependencies ?? {}).filter((dependency) => dependency !== '@bufbuild/protobuf'),
    [],
  );
});
