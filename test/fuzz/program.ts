// SPDX-License-Identifier: Apache-2.0
// A fuzz program: everything that happens to one connection, in order, as plain data. It can be stored, cut down and
// replayed; running it twice gives the same run.

/** Which end the engine plays; the program plays the other. */
export type Role = 'server' | 'client';

/** What the application does on one exchange. What is not lawful at that moment is skipped. */
export type Action =
  | { readonly do: 'reply'; readonly bytes: number; readonly trailers: boolean }
  | { readonly do: 'inform' }
  | { readonly do: 'head' }
  | { readonly do: 'data'; readonly bytes: number }
  /** Sends so much in pieces, and stops whenever `sendData` says so. */
  | { readonly do: 'stream'; readonly bytes: number }
  | { readonly do: 'end'; readonly trailers: boolean }
  | { readonly do: 'reset'; readonly code: number }
  | { readonly do: 'grant'; readonly bytes: number }
  /** Gives back everything received so far. */
  | { readonly do: 'release' };

/** How the application treats the n-th exchange. */
export interface Behaviour {
  /** Done when the head has arrived (server), or right after opening (client). */
  readonly onHead: readonly Action[];
  /** Done when the peer's side has ended. */
  readonly onEnd: readonly Action[];
  /** Give body bytes back as they arrive. */
  readonly releases: boolean;
}

export type Step =
  /** The engine reads these bytes, as one read. */
  | { readonly do: 'read'; readonly hex: string }
  /** Promises and deferred work run; without it the next read comes in the same turn. */
  | { readonly do: 'turn' }
  | { readonly do: 'advance'; readonly ms: number }
  /** The peer takes no bytes, until `unblock`. */
  | { readonly do: 'block' }
  | { readonly do: 'unblock' }
  | { readonly do: 'act'; readonly exchange: number; readonly action: Action }
  /** Client role: begins an exchange. */
  | { readonly do: 'open'; readonly behaviour: Behaviour; readonly bodyBytes: number | undefined }
  | { readonly do: 'ping' }
  | { readonly do: 'drain'; readonly graceMs: number }
  | { readonly do: 'close' }
  /** FIN from the peer. */
  | { readonly do: 'end' }
  /** The transport breaks. */
  | { readonly do: 'break' };

export interface Program {
  readonly role: Role;
  /** The peer keeps to every rule: then the engine must find no fault with it, and hand up each byte as it was sent. */
  readonly lawful: boolean;
  /** The channel gives segments back before `write` returns. */
  readonly releasesAtOnce: boolean;
  /** Server role: for the exchanges as they arrive, again from the front when there are more. */
  readonly behaviours: readonly Behaviour[];
  readonly steps: readonly Step[];
}
