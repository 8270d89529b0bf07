// SPDX-License-Identifier: Apache-2.0

import { MIN_MAX_FRAME_BYTES, Setting, type SettingPair } from '../frame/index.ts';
import type { H2Limits } from './limits.ts';
import { INITIAL_PEER_SETTINGS } from './peer-settings.ts';

/** What both roles say of themselves; what every endpoint assumes anyway (RFC 9113 §6.5.2) is left out. */
export function localSettings(limits: H2Limits): SettingPair[] {
  const pairs: SettingPair[] = [
    [Setting.INITIAL_WINDOW_SIZE, limits.streamWindowBytes],
    [Setting.MAX_HEADER_LIST_SIZE, limits.headerListBytes],
  ];
  if (limits.headerTableBytes !== INITIAL_PEER_SETTINGS.headerTableBytes) {
    pairs.push([Setting.HEADER_TABLE_SIZE, limits.headerTableBytes]);
  }
  if (limits.frameBytes !== MIN_MAX_FRAME_BYTES) pairs.push([Setting.MAX_FRAME_SIZE, limits.frameBytes]);
  return pairs;
}
