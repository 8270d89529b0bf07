// SPDX-License-Identifier: Apache-2.0

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ErrorCode } from '../frame/index.ts';
import { PartialHeaderBlock } from './header-block.ts';

const LIMITS = { continuationFrames: 3, blockBytes: 10 };
const CALM = (message: string) => ({ name: 'ConnectionError', code: ErrorCode.ENHANCE_YOUR_CALM, message });

function begin(fragment: string): PartialHeaderBlock {
  const block = new PartialHeaderBlock(5, true, LIMITS);
  const bytes = Buffer.from(`<${fragment}>`);
  block.begin(bytes, 1, bytes.length - 1);
  // The read buffer is the channel's again.
  bytes.fill(0);
  return block;
}

function proceed(block: PartialHeaderBlock, fragment: string, isLast = false): void {
  const bytes = Buffer.from(fragment);
  block.continue(bytes, 0, bytes.length, isLast);
  bytes.fill(0);
}

test('fragments are copied and joined in order', () => {
  const block = begin('ab');
  proceed(block, 'cd');
  proceed(block, 'e', true);
  assert.equal(block.join().toString(), 'abcde');
  assert.deepEqual([block.streamId, block.endStream, block.heldBytes], [5, true, 5]);
});

test('more CONTINUATION frames than the limit', () => {
  const block = begin('a');
  for (let i = 0; i < 3; i++) proceed(block, 'b');
  assert.throws(() => proceed(block, 'b', true), CALM('too_many_continuations'));
});

test('one empty CONTINUATION is an oddity, two are an attack, the last may be empty', () => {
  const block = begin('a');
  proceed(block, '');
  assert.throws(() => proceed(block, ''), CALM('too_many_continuations'));
  const other = begin('');
  proceed(other, '');
  proceed(other, '', true);
  assert.equal(other.join().length, 0);
});

test('more bytes than the limit, all fragments together', () => {
  const block = begin('12345');
  proceed(block, '67890');
  assert.throws(() => proceed(block, 'x', true), CALM('header_list_too_large'));
  assert.throws(() => begin('12345678901'), CALM('header_list_too_large'));
});
