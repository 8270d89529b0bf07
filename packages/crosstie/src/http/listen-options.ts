// SPDX-License-Identifier: Apache-2.0
// What a listener may be told, and what it does when told nothing.

import { DEFAULT_LIMITS, type H2Limits } from '../h2/index.ts';
import { ensureKnownOptions } from './unknown-option.ts';

/** Limits of one connection (`H2Limits`, most of them for HTTP/1.1 too) and of the listener. */
export interface ListenLimits extends H2Limits {
  /** Connections at a time. Default 20,000; beyond, a connection is closed at accept and counted. */
  readonly connections: number;
  /** Connections at a time from one peer address. Default 2,000; behind a proxy, raise it. */
  readonly connectionsPerAddress: number;
}

export interface Http1Timeouts {
  /** From the first byte of a request to the end of its head; then 408. Default 10,000. */
  readonly headersTimeoutMs: number;
  /** From the first byte of a request to the end of its body; then 408. Default 300,000, as Node. 0: no limit. */
  readonly requestTimeoutMs: number;
  /**
   * Between an answer and the next request on the connection. Default 75,000, as nginx: longer than the idle time of
   * common load balancers (60 s), or they would send requests into a connection that is being closed.
   */
  readonly keepAliveTimeoutMs: number;
}

export const DEFAULT_LISTEN_LIMITS: ListenLimits = Object.freeze({
  ...DEFAULT_LIMITS,
  maxAgeMs: 300_000,
  idleMs: 900_000,
  connections: 20_000,
  connectionsPerAddress: 2_000,
});

export const DEFAULT_HTTP1_TIMEOUTS: Http1Timeouts = Object.freeze({
  headersTimeoutMs: 10_000,
  requestTimeoutMs: 300_000,
  keepAliveTimeoutMs: 75_000,
});

/** Bounds the TLS handshake, the first bytes and the first SETTINGS. */
export const DEFAULT_HANDSHAKE_TIMEOUT_MS = 10_000;

/** Fills in the defaults. Throws a TypeError for an unknown name and a RangeError for a number that cannot work. */
export function resolveNumbers<T extends object>(where: string, given: Partial<T> | undefined, defaults: T): T {
  if (given === undefined) return defaults;
  ensureKnownOptions(where, given, Object.keys(defaults));
  for (const [name, value] of Object.entries(given)) {
    if (typeof value !== 'number' || !(value >= 0)) {
      throw new RangeError(`${name} of ${where} is ${String(value)}; use a number from 0 up`);
    }
  }
  return { ...defaults, ...given };
}
