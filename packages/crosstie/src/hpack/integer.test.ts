// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HpackError } from './error.ts';
import { integerCursor, readLongInteger, writeInteger } from './integer.ts';

/** Reads what `writeInteger` wrote, with the prefix as the decoder does. */
function read(bytes: Buffer, prefixMask: number): number {
  const prefix = bytes[0] & prefixMask;
  if (prefix !== prefixMask) {
    assert.equal(bytes.length, 1);
    return prefix;
  }
  const value = readLongInteger(bytes, 1, bytes.length, prefixMask);
  assert.equal(integerCursor.end, bytes.length);
  return value;
}

function write(value: number, prefixMask: number, pattern = 0): Buffer {
  const out = Buffer.alloc(8);
  return out.subarray(0, writeInteger(pattern, prefixMask, value, out, 0));
}

test('the examples of RFC 7541 C.1', () => {
  assert.equal(write(10, 0x1f).toString('hex'), '0a');
  assert.equal(write(1337, 0x1f).toString('hex'), '1f9a0a');
  assert.equal(write(42, 0xff).toString('hex'), '2a');
  assert.equal(write(1337, 0x1f, 0x20).toString('hex'), '3f9a0a', 'the bits above the prefix are kept');
});

test('every boundary survives the way there and back', () => {
  for (const prefixMask of [0x0f, 0x1f, 0x3f, 0x7f]) {
    const steps = [0, 0x7f, 0x80, 0x3fff, 0x4000, 0x1f_ffff, 0x20_0000, 0xfff_ffff];
    const values = [0, 1, prefixMask - 1, prefixMask, prefixMask + 1, ...steps.map((step) => prefixMask + step)];
    for (const value of values) assert.equal(read(write(value, prefixMask), prefixMask), value);
  }
});

test('leading zeros are taken, up to five bytes in all', () => {
  assert.equal(read(Buffer.from('7f80808000', 'hex'), 0x7f), 127);
  assert.throws(() => read(Buffer.from('7f8080808000', 'hex'), 0x7f), HpackError);
});

test('an integer of more than five bytes is an error, whatever its value', () => {
  assert.equal(read(Buffer.from('7fffffff7f', 'hex'), 0x7f), 127 + 0xfff_ffff);
  assert.throws(() => read(Buffer.from('7fffffffff00', 'hex'), 0x7f), HpackError);
  assert.throws(() => read(Buffer.from('7fffffffffffffffff7f', 'hex'), 0x7f), HpackError);
});

test('an integer that the block cuts off is an error', () => {
  for (const hex of ['7f', '7f80', '7fffff']) {
    assert.throws(() => readLongInteger(Buffer.from(hex, 'hex'), 1, hex.length / 2, 0x7f), HpackError);
  }
});
