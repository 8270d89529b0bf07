// SPDX-License-Identifier: Apache-2.0

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Setting, type SettingPair } from '../frame/index.ts';
import { applySettings, INITIAL_PEER_SETTINGS } from './peer-settings.ts';

test('each setting has its place', () => {
  const pairs: readonly SettingPair[] = [
    [Setting.HEADER_TABLE_SIZE, 1],
    [Setting.ENABLE_PUSH, 1],
    [Setting.MAX_CONCURRENT_STREAMS, 3],
    [Setting.INITIAL_WINDOW_SIZE, 4],
    [Setting.MAX_FRAME_SIZE, 16_385],
    [Setting.MAX_HEADER_LIST_SIZE, 6],
    [Setting.CROSSTIE, 7],
  ];
  assert.deepEqual(applySettings(INITIAL_PEER_SETTINGS, pairs), {
    headerTableBytes: 1,
    enablePush: true,
    concurrentStreams: 3,
    initialWindowBytes: 4,
    frameBytes: 16_385,
    headerListBytes: 6,
    crosstie: 7,
  });
});

test('before the peer says anything, the values of the RFC', () => {
  // §6.5.2: 4,096; no limit; 65,535; 16,384; no limit.
  const { headerTableBytes, concurrentStreams, initialWindowBytes, frameBytes, headerListBytes } =
    INITIAL_PEER_SETTINGS;
  assert.deepEqual(
    [headerTableBytes, concurrentStreams, initialWindowBytes, frameBytes, headerListBytes],
    [4_096, Infinity, 65_535, 16_384, Infinity],
  );
});

test('of a setting that comes twice the last counts, and unknown ones change nothing', () => {
  // §6.5: "The values in the SETTINGS frame MUST be processed in the order they appear".
  const twice = applySettings(INITIAL_PEER_SETTINGS, [
    [Setting.INITIAL_WINDOW_SIZE, 1],
    [0xabcd, 9],
    [Setting.INITIAL_WINDOW_SIZE, 2],
  ]);
  assert.deepEqual(twice, { ...INITIAL_PEER_SETTINGS, initialWindowBytes: 2 });
  // §6.5.2: "An endpoint that receives a SETTINGS frame with any unknown or unsupported identifier MUST ignore that setting."
  assert.deepEqual(applySettings(INITIAL_PEER_SETTINGS, [[0xabcd, 9]]), INITIAL_PEER_SETTINGS);
});

test('what is not named stays as it was', () => {
  const before = applySettings(INITIAL_PEER_SETTINGS, [[Setting.MAX_CONCURRENT_STREAMS, 5]]);
  assert.equal(applySettings(before, [[Setting.MAX_FRAME_SIZE, 20_000]]).concurrentStreams, 5);
});
