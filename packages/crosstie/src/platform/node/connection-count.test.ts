// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ConnectionCount } from './connection-count.ts';

test('connections are limited in all and per address', () => {
  const count = new ConnectionCount({ connections: 3, connectionsPerAddress: 2 });
  assert.equal(count.enter('a'), undefined);
  assert.equal(count.enter('a'), undefined);
  assert.equal(count.enter('a'), 'connectionsPerAddress');
  assert.equal(count.enter('b'), undefined);
  assert.equal(count.enter('b'), 'connections');
  assert.equal(count.open, 3);
  count.leave('a');
  assert.equal(count.enter('b'), undefined);
  count.leave('a');
  count.leave('b');
  count.leave('b');
  assert.equal(count.open, 0);
});
