// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DynamicTable } from './dynamic-table.ts';
import { TableEntry } from './table-entry.ts';

const entry = (name: string, value = ''): TableEntry => new TableEntry(name, value, undefined, undefined);

function names(table: DynamicTable): string[] {
  const found: string[] = [];
  for (let age = 0; ; age++) {
    const next = table.entry(age);
    if (next === undefined) return found;
    found.push(next.name);
  }
}

test('the newest entry comes first, over several growths of the ring', () => {
  const table = new DynamicTable();
  const expected: string[] = [];
  for (let i = 0; i < 100; i++) {
    table.insert(entry(`n${i}`));
    expected.unshift(`n${i}`);
    assert.deepEqual(names(table), expected);
  }
});

test('the oldest entries make room (RFC 7541 §4.4)', () => {
  const table = new DynamicTable();
  table.resize(3 * 34);
  for (const name of ['aa', 'bb', 'cc', 'dd']) table.insert(entry(name));
  assert.deepEqual(names(table), ['dd', 'cc', 'bb']);
  table.insert(entry('ee', 'x'.repeat(30)));
  assert.deepEqual(names(table), ['ee', 'dd']);
});

test('an entry that fits exactly stays, one that is larger than the table empties it', () => {
  const table = new DynamicTable();
  table.resize(40);
  table.insert(entry('12345678'));
  assert.deepEqual(names(table), ['12345678']);
  table.insert(entry('123456789'));
  assert.deepEqual(names(table), []);
  table.insert(entry('1'));
  assert.deepEqual(names(table), ['1']);
});

test('a smaller size evicts, a larger one does not bring back', () => {
  const table = new DynamicTable();
  for (const name of ['a', 'b', 'c']) table.insert(entry(name));
  table.resize(66);
  assert.deepEqual(names(table), ['c', 'b']);
  table.resize(0);
  assert.deepEqual(names(table), []);
  table.insert(entry('d'));
  assert.deepEqual(names(table), []);
  table.resize(4096);
  table.insert(entry('e'));
  assert.deepEqual(names(table), ['e']);
});

test('the ring turns: thousands of insertions into a small table', () => {
  const table = new DynamicTable();
  table.resize(20 * 37);
  for (let i = 10_000; i < 15_000; i++) table.insert(entry(`${i}`));
  assert.deepEqual(
    names(table),
    Array.from({ length: 20 }, (_, age) => `${14_999 - age}`),
  );
});

test('the generation grows with every change and with nothing else', () => {
  const table = new DynamicTable();
  const seen = [table.generation];
  table.insert(entry('a'));
  seen.push(table.generation);
  table.resize(4096);
  seen.push(table.generation);
  table.insert(entry('b', 'x'.repeat(5000)));
  seen.push(table.generation);
  table.entry(0);
  table.entry(1);
  assert.equal(table.generation, seen[3]);
  for (let i = 1; i < seen.length; i++) assert.ok(seen[i] > seen[i - 1], `step ${i}`);
});
