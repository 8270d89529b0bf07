// SPDX-License-Identifier: Apache-2.0
// The differential oracle: the same bytes to Node's http2 and to the engine; same verdict, scope, code, headers, body.

import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { DEFAULT_SEED, generateCases } from './cases.ts';
import { type Comparison, compare, outcomeInChunks } from './compare.ts';
import { rulesFor } from './differences.ts';
import { NGHTTP2_VERSION } from './node-server.ts';

const FEWEST_CASES = 500;
/** More cases than this stopped by a rule, and the oracle would hardly look at anything. */
const LARGEST_STOPPED_SHARE = 0.4;
const SHOWN_FAILURES = 20;

const seed = Number(process.env.ORACLE_SEED ?? DEFAULT_SEED);
const cases = generateCases(seed);
const comparisons: Comparison[] = [];

before(async () => {
  for (const oracleCase of cases) comparisons.push(await compare(oracleCase));
});

test(`the engine and Node's http2 agree on at least ${FEWEST_CASES} inputs`, (t) => {
  t.diagnostic(`seed ${seed}, ${cases.length} inputs, Node ${process.version}, nghttp2 ${process.versions.nghttp2}`);
  assert.ok(cases.length >= FEWEST_CASES);
  const unexplained = comparisons.flatMap((comparison) => comparison.unexplained ?? []);
  assert.equal(unexplained.length, 0, report(`${unexplained.length} differences that no rule explains`, unexplained));
});

test('each deliberate difference is met by some input', (t) => {
  const used = comparisons.flatMap(({ rules }) => rules);
  const stale: string[] = [];
  for (const rule of rulesFor(NGHTTP2_VERSION)) {
    const count = used.filter((candidate) => candidate === rule).length;
    t.diagnostic(`${count} × ${rule.name} (${rule.clause})`);
    if (count === 0) stale.push(rule.name);
  }
  assert.deepEqual(stale, [], 'rules in differences.ts that no input needs: remove them');
});

test('most inputs are compared to their end', () => {
  const stopped = comparisons.filter(({ rules }) => rules.some(({ afterwards }) => afterwards === 'stop')).length;
  assert.ok(stopped <= cases.length * LARGEST_STOPPED_SHARE, `${stopped} of ${cases.length} were stopped by a rule`);
});

test('the engine does the same whether an input comes in one chunk or byte by byte', async () => {
  const failures: string[] = [];
  for (const { name, bytes } of cases) {
    const whole = await outcomeInChunks(bytes, bytes.length);
    const split = await outcomeInChunks(bytes, 1);
    const onlyWhole = whole.filter((line) => !split.includes(line)).map((line) => `    only in one chunk:    ${line}`);
    const onlySplit = split.filter((line) => !whole.includes(line)).map((line) => `    only byte by byte:    ${line}`);
    if (whole.join() !== split.join()) failures.push([name, ...onlyWhole, ...onlySplit].join('\n'));
  }
  assert.equal(failures.length, 0, report(`${failures.length} inputs depend on chunk boundaries`, failures));
});

function report(summary: string, failures: readonly string[]): string {
  return [`${summary} (seed ${seed})`, ...failures.slice(0, SHOWN_FAILURES)].join('\n');
}
