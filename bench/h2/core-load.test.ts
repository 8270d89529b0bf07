// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { busyShare, parseCoreTime } from './core-load.ts';

const STAT = `cpu  30 0 30 180 20 0 0 0 0 0
cpu0 10 0 10 70 10 0 0 0 0 0
cpu1 20 0 20 110 10 0 0 0 0 0
`;

test('idle and waiting for disks are not busy', () => {
  assert.deepEqual(parseCoreTime(STAT, 0), { busy: 20, all: 100 });
  assert.deepEqual(parseCoreTime(STAT, 1), { busy: 40, all: 160 });
  assert.throws(() => parseCoreTime(STAT, 2), /no core 2/);
});

test('a share of the time between two readings', () => {
  assert.equal(busyShare({ busy: 20, all: 100 }, { busy: 65, all: 150 }), 0.9);
  assert.equal(busyShare({ busy: 20, all: 100 }, { busy: 20, all: 100 }), 0);
});
