// SPDX-License-Identifier: Apache-2.0
// What the peer may still send on one connection (RFC 9113 §6.9), and what it has sent that is still held.
//
// The connection's window is returned as soon as bytes are handed up, so that a stream whose reader is slow does not stop
// the others; the streams' own windows and the receive budget bound what is held.

import { ConnectionError } from '../frame/index.ts';
import type { ReceiveBudget } from './receive-budget.ts';

/** §6.9.2: every connection and stream begins with this window. */
export const DEFAULT_WINDOW_BYTES = 65_535;

/** A window is topped up when half of it is due: rarer is cheaper, later would let the peer run dry. */
export function isTopUpDue(dueBytes: number, windowBytes: number): boolean {
  return dueBytes * 2 >= windowBytes;
}

/** A stream's window is not narrowed below this for the sake of its connection's own limit. */
const MIN_TARGET_BYTES = 65_536;

export interface ReceiveSizes {
  /** Window of a stream. */
  readonly streamBytes: number;
  /** Window of the connection. */
  readonly connectionBytes: number;
  /** Received and held by the connection. */
  readonly heldBytes: number;
}

export class ReceiveFlow {
  readonly budget: ReceiveBudget;
  /** The size a stream's window is kept at. */
  streamWindowBytes: number;
  /** The size of the connection's window. */
  connectionWindowBytes: number;
  /** What the peer may send now. */
  availableBytes = DEFAULT_WINDOW_BYTES;
  /** Received, handed up, not yet returned to the window. */
  dueBytes = 0;
  /** Received by all streams of the connection and still held by their readers, and heads in use. */
  heldBytes = 0;

  readonly #limitBytes: number;

  constructor(budget: ReceiveBudget, sizes: ReceiveSizes) {
    this.budget = budget;
    this.streamWindowBytes = sizes.streamBytes;
    this.connectionWindowBytes = sizes.connectionBytes;
    this.#limitBytes = sizes.heldBytes;
  }

  /** More is held than one connection may hold. */
  get isOverLimit(): boolean {
    return this.heldBytes > this.#limitBytes;
  }

  /**
   * The window a stream may have as far as its connection is concerned: in proportion to what the connection may still
   * hold, but never nothing: who waits for his own connection alone could wait for ever.
   */
  get streamTarget(): number {
    const room = 1 - this.heldBytes / this.#limitBytes;
    return Math.min(this.streamWindowBytes, Math.max(MIN_TARGET_BYTES, Math.floor(this.streamWindowBytes * room * 2)));
  }

  /** A DATA frame of `bytes`, padding included, has arrived, on whatever stream. */
  receive(bytes: number): void {
    // §6.9.1: more than the window allows is a FLOW_CONTROL_ERROR.
    if (bytes > this.availableBytes) {
      throw new ConnectionError(
        'FLOW_CONTROL_ERROR',
        `DATA of ${bytes} bytes, connection window ${this.availableBytes}`,
      );
    }
    this.availableBytes -= bytes;
    this.dueBytes += bytes;
  }

  hold(bytes: number): void {
    this.heldBytes += bytes;
    this.budget.charge(bytes);
  }

  release(bytes: number): void {
    this.heldBytes -= bytes;
    this.budget.release(bytes);
  }

  /** The increment to send for the connection now, or 0. */
  takeConnectionCredit(): number {
    const isStrict = this.budget.isWithholding && !this.budget.favours(this);
    // Memory is short: only what is no longer held goes back.
    const credit = isStrict ? this.dueBytes - this.heldBytes : this.dueBytes;
    if (credit <= 0 || !isTopUpDue(credit, this.connectionWindowBytes)) return 0;
    this.dueBytes -= credit;
    this.availableBytes += credit;
    return credit;
  }
}
