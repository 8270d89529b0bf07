// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findNameFault } from './field-syntax.ts';
import { findWellKnownName, wellKnownNames } from './well-known-names.ts';

function find(name: string): string | undefined {
  const bytes = Buffer.from(`..${name}..`, 'latin1');
  return findWellKnownName(bytes, 2, bytes.length - 2);
}

test('every well-known name is found: no two share a slot', () => {
  for (const name of wellKnownNames()) {
    assert.equal(find(name), name, `"${name}" has no slot of its own: search for other factors in slotOf`);
  }
});

test('a well-known name needs no check, so each passes it', () => {
  for (const name of wellKnownNames()) {
    assert.equal(findNameFault(Buffer.from(name), 0, name.length), undefined, name);
  }
});

test('a name that differs in one octet is not found', () => {
  for (const name of wellKnownNames()) {
    for (let i = 0; i < name.length; i++) {
      const other = `${name.slice(0, i)}\x01${name.slice(i + 1)}`;
      assert.equal(find(other), undefined);
    }
    assert.equal(find(`${name}x`), undefined);
    assert.equal(find(name.slice(1)) === undefined || wellKnownNames().has(name.slice(1)), true);
  }
  assert.equal(find(''), undefined);
});
