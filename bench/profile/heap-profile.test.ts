// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import type { HeapProfiler } from 'node:inspector';
import { test } from 'node:test';
import { formatHeap, summariseHeap } from './heap-profile.ts';

type HeapNode = HeapProfiler.SamplingHeapProfileNode;

const node = (functionName: string, selfSize: number, children: HeapNode[] = []): HeapNode => ({
  callFrame: { functionName, scriptId: '1', url: 'file:///repo/a.ts', lineNumber: 4, columnNumber: 0 },
  selfSize,
  children,
});

const PROFILE: HeapProfiler.SamplingHeapProfile = {
  head: node('root', 0, [node('open', 100, [node('make', 300)]), node('make', 600)]),
};

test('adds up a function wherever it was called from, largest first', () => {
  assert.deepEqual(summariseHeap(PROFILE, '/repo/').slice(0, 2), [
    { name: 'make', place: 'a.ts:5', selfBytes: 900 },
    { name: 'open', place: 'a.ts:5', selfBytes: 100 },
  ]);
});

test('the table counts bytes for each connection', () => {
  const text = formatHeap(summariseHeap(PROFILE, '/repo/'), 1, 10);
  assert.match(text, /90\.0% +90 {2}make +a\.ts:5/);
  assert.ok(!text.includes('open'));
});
