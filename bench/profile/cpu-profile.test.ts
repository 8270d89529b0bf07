// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import type { Profiler } from 'node:inspector';
import { test } from 'node:test';
import { summariseProfile } from './cpu-profile.ts';
import { formatProfile } from './table.ts';

const frame = (functionName: string, url = 'file:///repo/a.ts', lineNumber = 9) => ({
  functionName,
  scriptId: '1',
  url,
  lineNumber,
  columnNumber: 0,
});

// (root) → outer → inner → outer (recursive); (idle)
const PROFILE: Profiler.Profile = {
  nodes: [
    { id: 1, callFrame: frame('(root)', ''), children: [2, 5] },
    { id: 2, callFrame: frame('outer'), children: [3] },
    { id: 3, callFrame: frame('inner', undefined, 19), children: [4], positionTicks: [{ line: 21, ticks: 1 }] },
    { id: 4, callFrame: frame('outer') },
    { id: 5, callFrame: frame('(idle)', '') },
  ],
  startTime: 0,
  endTime: 1000,
  // The first delta leads to the first sample; each sample lasts until the next.
  samples: [2, 3, 4, 5, 2],
  timeDeltas: [5, 100, 200, 300, 400],
};

test('self time lasts to the next sample; total time counts a recursive function once', () => {
  const { functions, busyUs, idleUs } = summariseProfile(PROFILE, '/repo/');
  const rows = functions.filter((row) => row.totalUs > 0 && row.place !== '');
  assert.deepEqual(rows, [
    { name: 'outer', place: 'a.ts:10', selfUs: 400, totalUs: 600 },
    { name: 'inner', place: 'a.ts:20', selfUs: 200, totalUs: 500 },
  ]);
  assert.deepEqual([busyUs, idleUs], [600, 400]);
});

test('lines share the self time of their function', () => {
  assert.deepEqual(summariseProfile(PROFILE, '/repo/').lines, [
    { place: 'a.ts:21', functionName: 'inner', selfUs: 200 },
  ]);
});

test('the table shows shares of busy time and microseconds per call', () => {
  const text = formatProfile(summariseProfile(PROFILE, '/repo/'), 1, 100);
  assert.match(text, /busy 1 ms, idle 0 ms; shares are of busy time; 100 calls, 6\.000 us each/);
  assert.match(text, /66\.7% {2}100\.0% {4}4\.000 {2}outer {5}a\.ts:10/);
  assert.ok(!text.includes('a.ts:20'));
});
