// SPDX-License-Identifier: Apache-2.0
// Output that waits too long (CVE-2019-9511, -9517): a peer that opens no window, or does not read its socket, must not
// hold our memory for good. A stream that waits and sends less than the minimum rate for `sendStallMs` is reset.

import { ErrorCode } from '../frame/index.ts';
import type { SendScheduler } from '../stream/index.ts';
import type { Deadlines } from './deadlines.ts';
import { type H2Limits, LIMIT_REASONS } from './limits.ts';

/** Looked for three times within the limit: a sweep that is rare costs nothing, one that is late little. */
const SWEEPS_PER_STALL = 3;

export class StallWatch {
  readonly #sender: SendScheduler;
  readonly #deadlines: Deadlines;
  readonly #limits: H2Limits;
  readonly #onStalled: () => void;

  constructor(sender: SendScheduler, deadlines: Deadlines, parts: { limits: H2Limits; onStalled: () => void }) {
    this.#sender = sender;
    this.#deadlines = deadlines;
    this.#limits = parts.limits;
    this.#onStalled = parts.onStalled;
  }

  /** Begins to watch if there is something that waits and nobody watches yet. */
  watch(): void {
    if (this.#sender.pending.size === 0 || this.#deadlines.has('send-stall')) return;
    this.#deadlines.set('send-stall', this.#limits.sendStallMs / SWEEPS_PER_STALL);
  }

  /** The deadline has passed: resets the streams that have waited too long. */
  sweep(): void {
    const { sendStallMs, sendBytesPerSecond } = this.#limits;
    const stepMs = sendStallMs / SWEEPS_PER_STALL;
    const enoughBytes = (sendBytesPerSecond * stepMs) / 1000;
    let isStalled = false;
    for (const stream of [...this.#sender.pending]) {
      stream.stalledMs = stream.sentBytes >= enoughBytes ? 0 : stream.stalledMs + stepMs;
      stream.sentBytes = 0;
      if (stream.stalledMs < sendStallMs) continue;
      isStalled = true;
      stream.failWithReset(ErrorCode.CANCEL, LIMIT_REASONS.sendStallMs);
    }
    if (isStalled) this.#onStalled();
    this.watch();
  }
}
