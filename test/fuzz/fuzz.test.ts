// SPDX-License-Identifier: Apache-2.0

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fuzz } from './fuzz.ts';

const BUDGET_MS = 5_000;
const FEWEST_PROGRAMS = 100;
const DEFAULT_SEED = 20_261_122;

const seed = Number(process.env.FUZZ_SEED ?? DEFAULT_SEED);

test('random frames, reads, backpressure, time and applications leave every property intact', async (t) => {
  const { programs, failure } = await fuzz(seed, BUDGET_MS);
  t.diagnostic(`seed ${seed}, ${programs} programs`);
  assert.equal(failure, undefined, `seed ${seed}: ${failure}`);
  assert.ok(programs >= FEWEST_PROGRAMS, `only ${programs} programs in ${BUDGET_MS} ms`);
});
