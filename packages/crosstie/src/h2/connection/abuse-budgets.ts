// SPDX-License-Identifier: Apache-2.0
// What a peer may do often without harm, and too often only as an attack. Each budget is a counter an operator can read
// and a reason the peer is told. Nothing is allocated for a peer that does none of it.

import type { Clock } from '../../core/index.ts';
import { ConnectionError } from '../frame/index.ts';
import { type H2Limits, LIMIT_REASONS, type LimitName } from './limits.ts';
import { TokenBucket } from './token-bucket.ts';

/** Budgets that refill with time. */
type RateName = 'resetsReceived' | 'resetsSent' | 'glitches' | 'settingsFrames' | 'emptyData';

export class AbuseBudgets {
  /** How often each limit has acted on this connection; absent: never. */
  readonly acted = new Map<LimitName, number>();
  resetsReceived = 0;
  resetsSent = 0;
  glitches = 0;
  windowUpdates = 0;
  #emptyDataRun = 0;
  #refusedStreams = 0;
  readonly #limits: H2Limits;
  readonly #clock: Clock;
  readonly #onFirst: (name: LimitName) => void;
  readonly #buckets = new Map<RateName, TokenBucket>();

  constructor(limits: H2Limits, clock: Clock, onFirst: (name: LimitName) => void) {
    this.#limits = limits;
    this.#clock = clock;
    this.#onFirst = onFirst;
  }

  /**
   * A limit has acted: counted, whether it ended something or only slowed it. The operator is told of the first time on a
   * connection: a flood must not become a flood of events.
   */
  note(name: LimitName): void {
    const times = this.acted.get(name) ?? 0;
    this.acted.set(name, times + 1);
    if (times === 0) this.#onFirst(name);
  }

  /** Ends the connection for a limit; it is noted where the connection fails. */
  exceed(name: LimitName): never {
    throw new ConnectionError('ENHANCE_YOUR_CALM', LIMIT_REASONS[name]);
  }

  receiveReset(): void {
    this.resetsReceived++;
    this.#take('resetsReceived', this.#limits.resetsReceived, this.#limits.resetsReceivedPerSecond);
  }

  /** Only resets that the peer's errors brought about count, not those our user asked for. */
  sendReset(): void {
    this.resetsSent++;
    this.#take('resetsSent', this.#limits.resetsSent, this.#limits.resetsSentPerSecond);
  }

  glitch(): void {
    this.glitches++;
    this.#take('glitches', this.#limits.glitches, this.#limits.glitchesPerSecond);
  }

  receiveSettings(entries: number): void {
    if (entries > this.#limits.settingsEntries) this.exceed('settingsEntries');
    this.#take('settingsFrames', this.#limits.settingsFrames, this.#limits.settingsFramesPerSecond);
  }

  /** DATA that carries nothing and ends nothing. */
  receiveEmptyData(): void {
    if (++this.#emptyDataRun > this.#limits.emptyDataRun) this.exceed('emptyData');
    this.#take('emptyData', this.#limits.emptyData, 1);
  }

  receiveUsefulFrame(): void {
    this.#emptyDataRun = 0;
  }

  refuseStream(): void {
    this.note('concurrentStreams');
    if (++this.#refusedStreams > this.#limits.refusedStreams) this.exceed('refusedStreams');
  }

  /** A stream within the limit whose handler has to wait for those of streams that were reset. */
  holdBackStream(): void {
    this.note('concurrentStreams');
    if (++this.#refusedStreams > this.#limits.refusedStreams) this.exceed('refusedStreams');
  }

  acceptStream(): void {
    this.#refusedStreams = 0;
  }

  /** Useful updates follow from streams and from DATA that we sent. */
  receiveWindowUpdate(streams: number, dataFramesSent: number): void {
    this.windowUpdates++;
    if (this.windowUpdates > this.#limits.windowUpdates + 2 * (streams + 10 * dataFramesSent))
      this.exceed('windowUpdates');
  }

  #take(name: RateName, burst: number, perSecond: number): void {
    const now = this.#clock.now();
    let bucket = this.#buckets.get(name);
    if (bucket === undefined) {
      bucket = new TokenBucket(burst, perSecond, now);
      this.#buckets.set(name, bucket);
    }
    if (!bucket.take(now)) this.exceed(name);
  }
}
