// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { latin1Text } from './latin1-text.ts';

test('every length and every octet, as toString does it', () => {
  const bytes = Buffer.from(Array.from({ length: 512 }, (_, i) => (i * 37 + 11) & 0xff));
  for (let length = 0; length <= 300; length++) {
    for (const start of [0, 1, 100]) {
      assert.equal(latin1Text(bytes, start, start + length), bytes.toString('latin1', start, start + length));
    }
  }
});
