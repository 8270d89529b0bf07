// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BytesPool } from './bytes-pool.ts';

test('a buffer that was given back is lent again, for any size of its class', () => {
  const pool = new BytesPool();
  const first = pool.borrow(100_000);
  assert.equal(first.length, 131_072);
  pool.giveBack(first);
  assert.equal(pool.freeBytes, 131_072);
  assert.equal(pool.borrow(131_072), first);
  assert.equal(pool.freeBytes, 0);
});

test('two borrowers never get the same buffer', () => {
  const pool = new BytesPool();
  assert.notEqual(pool.borrow(1), pool.borrow(1));
});

test('the pool keeps no more than it may, and nothing that is not its own', () => {
  const pool = new BytesPool(200_000);
  pool.giveBack(new Uint8Array(131_072));
  pool.giveBack(new Uint8Array(131_072));
  pool.giveBack(new Uint8Array(70_000));
  assert.equal(pool.freeBytes, 131_072);
});
