// SPDX-License-Identifier: Apache-2.0
// Our PINGs and their answers (RFC 9113 §6.7): how long a round trip takes, and whether there still is one.

import type { Clock } from '../../core/index.ts';
import { PING_BYTES } from '../frame/index.ts';

interface OutstandingPing {
  readonly sentAtMs: number;
  readonly onAnswer: (rttMs: number) => void;
  readonly onLost: (error: Error) => void;
}

export class Pings {
  /** Round trip of the last answered PING, undefined before. */
  lastRttMs: number | undefined = undefined;
  readonly #clock: Clock;
  readonly #outstanding = new Map<number, OutstandingPing>();
  #nextId = 1;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get outstanding(): number {
    return this.#outstanding.size;
  }

  /** Notes a PING that is about to be sent and returns its opaque bytes. */
  send(onAnswer: (rttMs: number) => void, onLost: (error: Error) => void): Uint8Array {
    const id = this.#nextId++;
    this.#outstanding.set(id, { sentAtMs: this.#clock.now(), onAnswer, onLost });
    const opaque = Buffer.alloc(PING_BYTES);
    opaque.writeDoubleBE(id, 0);
    return opaque;
  }

  /** False for an answer to nothing. */
  receiveAck(bytes: Buffer, at: number): boolean {
    const id = bytes.readDoubleBE(at);
    const ping = this.#outstanding.get(id);
    if (ping === undefined) return false;
    this.#outstanding.delete(id);
    this.lastRttMs = this.#clock.now() - ping.sentAtMs;
    ping.onAnswer(this.lastRttMs);
    return true;
  }

  /** The connection is gone. */
  lose(error: Error): void {
    for (const ping of this.#outstanding.values()) ping.onLost(error);
    this.#outstanding.clear();
  }
}
