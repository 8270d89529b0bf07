// SPDX-License-Identifier: Apache-2.0

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HeaderFields } from './header-fields.ts';

const FIELDS = new HeaderFields(['a', '1', 'b', '2', 'a', '3', 'empty', '']);

test('get gives the first value, getAll every one, in order', () => {
  assert.equal(FIELDS.get('a'), '1');
  assert.deepEqual(FIELDS.getAll('a'), ['1', '3']);
  assert.equal(FIELDS.get('empty'), '');
  assert.equal(FIELDS.has('empty'), true);
});

test('a name that is not there, or stands there as a value', () => {
  for (const name of ['c', '1', '2', 'A', '', '__proto__', 'constructor']) {
    assert.equal(FIELDS.get(name), undefined, name);
    assert.equal(FIELDS.has(name), false, name);
    assert.deepEqual(FIELDS.getAll(name), [], name);
  }
});

test('all fields in order', () => {
  assert.deepEqual(
    [...FIELDS],
    [
      ['a', '1'],
      ['b', '2'],
      ['a', '3'],
      ['empty', ''],
    ],
  );
  assert.equal(FIELDS.count, 4);
  assert.deepEqual([...HeaderFields.EMPTY], []);
  assert.equal(HeaderFields.EMPTY.count, 0);
});

test('what the sender asked never to index is kept', () => {
  assert.equal(FIELDS.neverIndexed, undefined);
  assert.equal(new HeaderFields(['x', 'y'], new Set(['x'])).neverIndexed?.has('x'), true);
});
