// SPDX-License-Identifier: Apache-2.0
// The ring against a Map: whatever is added and removed, both know the same streams.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { StreamRecord } from './record.ts';
import { StreamTable } from './table.ts';

/** The table looks at the id alone. */
const streamOf = (id: number) => ({ id }) as StreamRecord;

function idsOf(table: StreamTable<StreamRecord>): number[] {
  return table
    .all()
    .map((stream) => stream.id)
    .sort((a, b) => a - b);
}

test('an empty table has nothing, and nothing can be removed', () => {
  const table = new StreamTable();
  for (const id of [0, 1, 2, 0x7fffffff]) {
    assert.equal(table.get(id), undefined);
    table.remove(id);
  }
  assert.deepEqual([table.size, table.all()], [0, []]);
});

test('added, found, removed', () => {
  const table = new StreamTable();
  const stream = streamOf(1);
  table.add(stream);
  assert.equal(table.get(1), stream);
  assert.equal(table.get(0), undefined, 'an even id shares the slot, not the stream');
  assert.equal(table.get(17), undefined, 'so does one a ring further');
  table.remove(17);
  assert.equal(table.size, 1);
  table.remove(1);
  table.remove(1);
  assert.deepEqual([table.get(1), table.size], [undefined, 0]);
});

test('the ring grows with its streams, and all are found again', () => {
  const table = new StreamTable();
  const ids = Array.from({ length: 3_000 }, (_, i) => i * 2 + 1);
  for (const id of ids) table.add(streamOf(id));
  assert.deepEqual(idsOf(table), ids);
  for (const id of ids) assert.equal(table.get(id)?.id, id);
  for (const id of ids) table.remove(id);
  assert.deepEqual([table.size, table.all()], [0, []]);
});

test('a stream that lives long keeps its slot; those that come around stand beside it', () => {
  const table = new StreamTable();
  table.add(streamOf(1));
  for (let id = 3; id < 10_000; id += 2) {
    table.add(streamOf(id));
    assert.equal(table.get(id)?.id, id);
    assert.equal(table.get(1)?.id, 1, `while ${id} is open`);
    assert.equal(table.size, 2);
    table.remove(id);
    assert.equal(table.get(id), undefined);
  }
  assert.deepEqual(idsOf(table), [1]);
});

test('the slot of a removed stream is taken by a later one while the overflow holds another', () => {
  const table = new StreamTable();
  // All three have the same slot of eight.
  for (const id of [1, 17, 33]) table.add(streamOf(id));
  table.remove(1);
  assert.deepEqual(idsOf(table), [17, 33]);
  table.add(streamOf(49));
  table.remove(33);
  assert.deepEqual(idsOf(table), [17, 49]);
  for (const id of [17, 49]) assert.equal(table.get(id)?.id, id);
});

test('a thousand random steps agree with a Map', () => {
  const table = new StreamTable();
  const expected = new Map<number, StreamRecord>();
  let seed = 7;
  const random = (below: number) => {
    seed = (seed * 1_103_515_245 + 12_345) & 0x7fffffff;
    return (seed >>> 8) % below;
  };
  for (let step = 0, next = 1; step < 20_000; step++) {
    // Grows for a while, then shrinks: up to several hundred streams are open.
    if (random(100) < (step % 4_000 < 2_000 ? 55 : 45) || expected.size === 0) {
      const stream = streamOf(next);
      next += 2 + 2 * random(3);
      table.add(stream);
      expected.set(stream.id, stream);
    } else {
      const ids = [...expected.keys()];
      const id = ids[random(ids.length)];
      table.remove(id);
      expected.delete(id);
      assert.equal(table.get(id), undefined);
    }
    assert.equal(table.size, expected.size);
    if (step % 500 === 0) assert.deepEqual(idsOf(table), [...expected.keys()]);
  }
  for (const [id, stream] of expected) assert.equal(table.get(id), stream);
});

test('resets are remembered, the oldest forgotten after 1,024', () => {
  const table = new StreamTable();
  assert.equal(table.wasReset(1), false);
  for (let i = 0; i <= 1_024; i++) table.rememberReset(i * 2 + 1);
  assert.deepEqual([table.wasReset(1), table.wasReset(3), table.wasReset(2_049)], [false, true, true]);
});
