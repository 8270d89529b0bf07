// SPDX-License-Identifier: Apache-2.0

import type { ChannelPeer } from '../../core/index.ts';
import type { LimitName } from './limits.ts';
import type { CloseReason } from './options.ts';
import type { PeerSettings } from './peer-settings.ts';

/** A connection as it is now: plain values, safe to print. */
export interface ConnectionFacts {
  readonly role: 'server' | 'client';
  readonly state: 'open' | 'draining' | 'closing' | 'closed';
  readonly peer: ChannelPeer;
  readonly ageMs: number;
  /** Since bytes last arrived. */
  readonly idleReadMs: number;
  readonly streams: {
    readonly open: number;
    /** Open ones, and handlers that still run for streams that were reset. */
    readonly slots: number;
    readonly opened: number;
    readonly lastId: number;
    /** With output that waits for a window or the socket. */
    readonly waitingToSend: number;
  };
  readonly windows: {
    readonly send: number;
    readonly receive: number;
    readonly initialSend: number;
    readonly streamReceive: number;
  };
  readonly heldBytes: number;
  readonly bytesReceived: number;
  readonly bytesSent: number;
  /** Not taken by the socket yet. */
  readonly bufferedBytes: number;
  readonly isSocketBlocked: boolean;
  readonly ping: { readonly rttMs: number | undefined; readonly outstanding: number };
  readonly peerSettings: PeerSettings;
  readonly settingsAcknowledged: boolean;
  readonly goAway: { readonly sent: GoAwayFact | undefined; readonly received: GoAwayFact | undefined };
  readonly resets: { readonly received: number; readonly sent: number };
  readonly glitches: number;
  /** How often each limit has acted here. */
  readonly limits: Partial<Record<LimitName, number>>;
  readonly closed: CloseReason | undefined;
}

export interface GoAwayFact {
  readonly lastStreamId: number;
  readonly code: number;
  readonly debug: string;
}
