// SPDX-License-Identifier: Apache-2.0
// What the peer's SETTINGS say (RFC 9113 §6.5.2), with the initial values it has before it says anything.

import { MIN_MAX_FRAME_BYTES, Setting, type SettingPair } from '../frame/index.ts';
import { DEFAULT_WINDOW_BYTES } from '../stream/index.ts';

export interface PeerSettings {
  readonly headerTableBytes: number;
  readonly enablePush: boolean;
  /** Streams we may have open. Infinity: no limit was given. */
  readonly concurrentStreams: number;
  readonly initialWindowBytes: number;
  readonly frameBytes: number;
  /** Infinity: no limit was given. */
  readonly headerListBytes: number;
  /** The audience hint of a Crosstie server; undefined: the peer is no Crosstie server. */
  readonly crosstie: number | undefined;
}

export const INITIAL_PEER_SETTINGS: PeerSettings = {
  headerTableBytes: 4096,
  enablePush: false,
  concurrentStreams: Infinity,
  initialWindowBytes: DEFAULT_WINDOW_BYTES,
  frameBytes: MIN_MAX_FRAME_BYTES,
  headerListBytes: Infinity,
  crosstie: undefined,
};

/** §6.5.3: values are processed in the order they appear. */
export function applySettings(settings: PeerSettings, pairs: readonly SettingPair[]): PeerSettings {
  const next = { ...settings };
  for (const [id, value] of pairs) {
    switch (id) {
      case Setting.HEADER_TABLE_SIZE:
        next.headerTableBytes = value;
        break;
      case Setting.ENABLE_PUSH:
        next.enablePush = value === 1;
        break;
      case Setting.MAX_CONCURRENT_STREAMS:
        next.concurrentStreams = value;
        break;
      case Setting.INITIAL_WINDOW_SIZE:
        next.initialWindowBytes = value;
        break;
      case Setting.MAX_FRAME_SIZE:
        next.frameBytes = value;
        break;
      case Setting.MAX_HEADER_LIST_SIZE:
        next.headerListBytes = value;
        break;
      case Setting.CROSSTIE:
        next.crosstie = value;
        break;
      // §6.5.2: an unknown setting MUST be ignored.
    }
  }
  return next;
}
