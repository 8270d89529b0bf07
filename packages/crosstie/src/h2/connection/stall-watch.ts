// SPDX-License-Identifier: Apache-2.0
// Output that waits too long (CVE-2019-9511, -9517): a peer that opens no window, or does not read its socket, must not
// hold our memory for good. A stream that waits for its window and sends less than the minimum rate for `sendStallMs` is
// reset; a socket that takes less for as long is closed. While the socket is what waits, its streams are not blamed.

import { ErrorCode } from '../frame/index.ts';
import type { SendScheduler } from '../stream/index.ts';
import type { Deadlines } from './deadlines.ts';
import { type H2Limits, LIMIT_REASONS } from './limits.ts';

export interface StallHost {
  /** Bytes that the socket has taken so far. */
  readonly bytesTaken: number;
  /** Streams have been reset for waiting too long. */
  onStreamsStalled(): void;
  /** The socket takes nothing any more. */
  onSocketStalled(): void;
}

export interface StallParts {
  readonly sender: SendScheduler;
  readonly deadlines: Deadlines;
  readonly limits: H2Limits;
  readonly host: StallHost;
}

/** Looked for three times within the limit: a sweep that is rare costs nothing, one that is late little. */
const SWEEPS_PER_STALL = 3;

export class StallWatch {
  readonly #parts: StallParts;
  readonly #stepMs: number;
  /** Less than this in one step is a stall. */
  readonly #enoughBytes: number;
  #socketStalledMs = 0;
  #bytesTaken = 0;

  constructor(parts: StallParts) {
    this.#parts = parts;
    this.#stepMs = parts.limits.sendStallMs / SWEEPS_PER_STALL;
    this.#enoughBytes = (parts.limits.sendBytesPerSecond * this.#stepMs) / 1000;
  }

  /** Begins to watch if there is something that waits and nobody watches yet. */
  watch(): void {
    const { sender, deadlines, host } = this.#parts;
    if ((sender.pending.size === 0 && !sender.isBlocked) || deadlines.has('send-stall')) return;
    this.#bytesTaken = host.bytesTaken;
    deadlines.set('send-stall', this.#stepMs);
  }

  /** The deadline has passed. */
  sweep(): void {
    if (this.#parts.sender.isBlocked) this.#sweepSocket();
    else this.#sweepStreams();
    this.watch();
  }

  #sweepSocket(): void {
    const { host, limits } = this.#parts;
    const taken = host.bytesTaken - this.#bytesTaken;
    this.#socketStalledMs = taken >= this.#enoughBytes ? 0 : this.#socketStalledMs + this.#stepMs;
    if (this.#socketStalledMs >= limits.sendStallMs) host.onSocketStalled();
  }

  #sweepStreams(): void {
    const { sender, host, limits } = this.#parts;
    this.#socketStalledMs = 0;
    let isStalled = false;
    for (const stream of [...sender.pending]) {
      stream.stalledMs = stream.sentBytes >= this.#enoughBytes ? 0 : stream.stalledMs + this.#stepMs;
      stream.sentBytes = 0;
      if (stream.stalledMs < limits.sendStallMs) continue;
      isStalled = true;
      stream.failWithReset(ErrorCode.CANCEL, LIMIT_REASONS.sendStallMs);
    }
    if (isStalled) host.onStreamsStalled();
  }
}
