// SPDX-License-Identifier: Apache-2.0
// The life of a stream (RFC 9113 §5.1). Push is refused, so the reserved states do not exist here.
//
//                        HEADERS
//            idle ─────────────────► open
//                                  │      │
//                 END_STREAM sent  │      │  END_STREAM received
//                                  ▼      ▼
//               half-closed-local          half-closed-remote
//                                  │      │
//             END_STREAM received  │      │  END_STREAM sent
//                                  ▼      ▼
//       RST_STREAM from any state ─► closed

import { assertNever } from '../../core/index.ts';
import { ConnectionError } from '../frame/index.ts';

export type StreamState =
  | { readonly kind: 'open' }
  | { readonly kind: 'half-closed-local' } // we have sent END_STREAM
  | { readonly kind: 'half-closed-remote' } // the peer has sent END_STREAM
  | { readonly kind: 'closed'; readonly cause: 'ended' | 'reset-by-us' | 'reset-by-peer' };

// Idle is not a value: a stream object exists from its first HEADERS on.
export const OPEN: StreamState = { kind: 'open' };
const HALF_CLOSED_LOCAL: StreamState = { kind: 'half-closed-local' };
export const HALF_CLOSED_REMOTE: StreamState = { kind: 'half-closed-remote' };
const CLOSED_ENDED: StreamState = { kind: 'closed', cause: 'ended' };
const CLOSED_RESET_BY_US: StreamState = { kind: 'closed', cause: 'reset-by-us' };
const CLOSED_RESET_BY_PEER: StreamState = { kind: 'closed', cause: 'reset-by-peer' };

export function receiveEndStream(state: StreamState): StreamState {
  switch (state.kind) {
    case 'open':
      return HALF_CLOSED_REMOTE;
    case 'half-closed-local':
      return CLOSED_ENDED;
    // §5.1 half-closed (remote): a stream error of type STREAM_CLOSED; raised to the connection (§5.4.1), so that a peer
    // cannot make us reset the stream of a handler that goes on working (CVE-2025-8671).
    case 'half-closed-remote':
      throw new ConnectionError('STREAM_CLOSED', 'frame after END_STREAM');
    case 'closed':
      return state;
    default:
      return assertNever(state);
  }
}

/** DATA or HEADERS without END_STREAM change nothing, but must be allowed. */
export function ensureMayReceive(state: StreamState): void {
  if (state.kind === 'half-closed-remote') throw new ConnectionError('STREAM_CLOSED', 'frame after END_STREAM');
}

export function sendEndStream(state: StreamState): StreamState {
  switch (state.kind) {
    case 'open':
      return HALF_CLOSED_LOCAL;
    case 'half-closed-remote':
      return CLOSED_ENDED;
    case 'half-closed-local':
    case 'closed':
      return state;
    default:
      return assertNever(state);
  }
}

export function sendReset(state: StreamState): StreamState {
  return state.kind === 'closed' ? state : CLOSED_RESET_BY_US;
}

export function receiveReset(state: StreamState): StreamState {
  return state.kind === 'closed' ? state : CLOSED_RESET_BY_PEER;
}

export function hasPeerEnded(state: StreamState): boolean {
  return state.kind === 'half-closed-remote' || state.kind === 'closed';
}

export function hasSentEnd(state: StreamState): boolean {
  return state.kind === 'half-closed-local' || state.kind === 'closed';
}
