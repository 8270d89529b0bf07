// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { test } from 'node:test';
import { runMain } from './main.ts';

function run(...args: string[]) {
  const [out, err]: string[][] = [[], []];
  const code = runMain(args, { log: (line) => out.push(line), error: (line) => err.push(line) });
  return { code, out: out.join('\n'), err: err.join('\n') };
}

test('--version prints the version of the package', () => {
  const { version } = createRequire(import.meta.url)('@crosstie/cli/package.json') as { version: string };
  assert.match(version, /^\d+\.\d+\.\d+/);
  assert.deepEqual(run('--version'), { code: 0, out: version, err: '' });
});

test('--help, and nothing at all, print the usage', () => {
  const help = run('--help');
  assert.match(help.out, /^usage: crosstie/);
  assert.equal(help.code, 0);
  assert.deepEqual(run(), help);
});

test('an unknown option is one line with the one that was meant, and exit code 1', () => {
  assert.deepEqual(run('--verison'), {
    code: 1,
    out: '',
    err: 'crosstie: unknown option --verison; did you mean --version?',
  });
  assert.deepEqual(run('serve'), { code: 1, out: '', err: 'crosstie: unknown command serve; see crosstie --help' });
  assert.equal(run('--version', '--bogus').code, 1);
});
