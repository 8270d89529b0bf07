// SPDX-License-Identifier: Apache-2.0
// When a server ends a connection that has done nothing wrong (gRFC A9): it has grown old, it has been idle, it has carried
// enough requests. Old connections are how new pods get no traffic; so each has an end, in good order, and not all at once.

import type { Clock } from '../../core/index.ts';
import type { Deadlines } from './deadlines.ts';
import type { H2Limits } from './limits.ts';

/** gRFC A9: a random jitter of ± 10 % spreads out connection storms. */
const AGE_JITTER = 0.1;

export interface LifetimeHost {
  readonly openStreams: number;
  /** Ends the connection in good order. */
  retire(limit: 'maxAgeMs' | 'idleMs' | 'maxRequests'): void;
}

export class Lifetime {
  readonly #limits: H2Limits;
  readonly #deadlines: Deadlines;
  readonly #clock: Clock;
  readonly #host: LifetimeHost;
  #requests = 0;
  /** When a stream was last known to be open. */
  #lastBusyMs: number;

  constructor(parts: {
    limits: H2Limits;
    deadlines: Deadlines;
    clock: Clock;
    host: LifetimeHost;
    random: () => number;
  }) {
    this.#limits = parts.limits;
    this.#deadlines = parts.deadlines;
    this.#clock = parts.clock;
    this.#host = parts.host;
    this.#lastBusyMs = parts.clock.now();
    const { maxAgeMs, idleMs } = parts.limits;
    if (maxAgeMs > 0) this.#deadlines.set('age', maxAgeMs * (1 - AGE_JITTER + 2 * AGE_JITTER * parts.random()));
    if (idleMs > 0) this.#deadlines.set('idle', idleMs);
  }

  /** A stream has been opened. */
  onRequest(): void {
    this.#requests++;
    if (this.#requests === this.#limits.maxRequests) this.#host.retire('maxRequests');
  }

  /** The last open stream has closed. */
  onIdle(): void {
    if (this.#limits.idleMs > 0) this.#lastBusyMs = this.#clock.now();
  }

  /** The deadline was set once; whether it is really due is looked up here, not at each of the streams in between. */
  onIdleDeadline(): void {
    const now = this.#clock.now();
    if (this.#host.openStreams > 0) this.#lastBusyMs = now;
    const leftMs = this.#limits.idleMs - (now - this.#lastBusyMs);
    if (leftMs > 0) this.#deadlines.set('idle', leftMs);
    else this.#host.retire('idleMs');
  }

  onAgeDeadline(): void {
    this.#host.retire('maxAgeMs');
  }
}
