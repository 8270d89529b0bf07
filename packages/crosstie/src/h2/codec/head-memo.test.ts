// SPDX-License-Identifier: Apache-2.0

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HeadMemo } from './head-memo.ts';

const find = (memo: HeadMemo<string>, generation: number, block: string) => {
  const bytes = Buffer.from(`..${block}..`, 'latin1');
  return memo.find(generation, bytes, 2, bytes.length - 2);
};

test('a block is found by its bytes, wherever they lie, and by its generation', () => {
  const memo = new HeadMemo<string>();
  memo.store(1, Buffer.from('abc'), 'first');
  assert.equal(find(memo, 1, 'abc'), 'first');
  assert.equal(find(memo, 2, 'abc'), undefined, 'the table has changed: the same bytes mean something else');
  for (const other of ['ab', 'abcd', 'abd', 'xbc', '']) assert.equal(find(memo, 1, other), undefined);
});

test('the block is kept, not the buffer it came in', () => {
  const memo = new HeadMemo<string>();
  const bytes = Buffer.from('abc');
  memo.store(1, bytes, 'first');
  bytes.fill(0);
  assert.equal(find(memo, 1, 'abc'), 'first');
});

test('eight blocks take turns; the ninth displaces the one not used for longest', () => {
  const memo = new HeadMemo<string>();
  const blocks = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'];
  for (const block of blocks) memo.store(1, Buffer.from(block), block);
  for (const block of blocks) assert.equal(find(memo, 1, block), block);
  memo.store(1, Buffer.from('i'), 'i');
  assert.equal(find(memo, 1, 'i'), 'i');
  assert.equal(blocks.filter((block) => find(memo, 1, block) === undefined).length, 1);
});

test('a new generation leaves none of the old', () => {
  const memo = new HeadMemo<string>();
  memo.store(1, Buffer.from('a'), 'old');
  memo.store(2, Buffer.from('b'), 'new');
  assert.equal(find(memo, 1, 'a'), undefined);
  assert.equal(find(memo, 2, 'b'), 'new');
});

test('blocks of more than 32 bytes are not kept', () => {
  const memo = new HeadMemo<string>();
  memo.store(1, Buffer.from('x'.repeat(33)), 'long');
  memo.store(1, Buffer.from('y'.repeat(32)), 'short');
  assert.equal(find(memo, 1, 'x'.repeat(33)), undefined);
  assert.equal(find(memo, 1, 'y'.repeat(32)), 'short');
});
