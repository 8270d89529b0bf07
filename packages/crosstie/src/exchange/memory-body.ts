// SPDX-License-Identifier: Apache-2.0
// One direction of an exchange in memory: head, data and end, in order, as far as the reader's window allows. Each is
// delivered in a microtask, so that no call of one side ever runs inside a call of the other.

import type { BodyReceiver, ExchangeFailure } from './exchange.ts';
import type { HeaderFields } from './header-fields.ts';

type Item =
  | { readonly kind: 'call'; readonly call: () => void }
  | { readonly kind: 'data'; bytes: Uint8Array }
  | { readonly kind: 'end'; readonly trailers: HeaderFields | undefined };

export interface MemoryBodyOptions {
  /** Bytes the reader may hold before the writer has to wait. */
  readonly windowBytes: number;
  /** Largest piece handed to `onData`. */
  readonly pieceBytes: number;
  /** All that was written has been delivered, after `sendData` returned false. */
  readonly onDrained: () => void;
  /** The reader has been told of the end, or of the failure. */
  readonly onOver: () => void;
  /** The reader, or what is called before it, has thrown: a bug there, not here. */
  readonly onThrown: (error: unknown) => void;
}

/** What a delivered piece is filled with when it is not the reader's any more. */
const OVERWRITTEN = 0xdb;

export class MemoryBody {
  /** Set before the first data: for a request, by the handler. */
  receiver: BodyReceiver | undefined = undefined;
  readonly #options: MemoryBodyOptions;
  #items: Item[] = [];
  #queuedBytes = 0;
  #credit: number;
  /** Delivered and not released. */
  #heldBytes = 0;
  /** Of those, for how many credit has been given ahead of their release. */
  #grantedBytes = 0;
  #isScheduled = false;
  #isBlocked = false;
  /** The writer has ended, or both have failed: nothing more is taken. */
  #isEnded = false;
  #isOver = false;

  constructor(options: MemoryBodyOptions) {
    this.#options = options;
    this.#credit = options.windowBytes;
  }

  get isEnded(): boolean {
    return this.#isEnded;
  }

  /** The reader has been told of the end or the failure, or wants to hear no more. */
  get isOver(): boolean {
    return this.#isOver;
  }

  get heldBytes(): number {
    return this.#heldBytes;
  }

  // ── the writer ──

  sendCall(call: () => void): void {
    this.#push({ kind: 'call', call });
  }

  sendData(bytes: Uint8Array): boolean {
    if (this.#isEnded) return false;
    this.#queuedBytes += bytes.length;
    if (bytes.length > 0) this.#push({ kind: 'data', bytes });
    this.#isBlocked = this.#queuedBytes > this.#credit;
    return !this.#isBlocked;
  }

  sendEnd(trailers: HeaderFields | undefined): void {
    if (this.#isEnded) return;
    this.#push({ kind: 'end', trailers });
    this.#isEnded = true;
    this.#isBlocked = false;
  }

  // ── the reader ──

  grant(bytes: number): void {
    const ahead = Math.min(bytes, this.#heldBytes - this.#grantedBytes);
    if (ahead <= 0) return;
    this.#grantedBytes += ahead;
    this.#credit += ahead;
    this.#schedule();
  }

  release(bytes: number): void {
    const released = Math.min(bytes, this.#heldBytes);
    const alreadyGranted = Math.min(released, this.#grantedBytes);
    this.#heldBytes -= released;
    this.#grantedBytes -= alreadyGranted;
    this.#credit += released - alreadyGranted;
    this.#schedule();
  }

  // ── both ──

  /** The body has been read to its end, but its reader still answers, and the exchange has failed. */
  failReader(failure: ExchangeFailure): void {
    queueMicrotask(() => this.#guard(() => this.receiver?.onFailure(failure)));
  }

  /** What is on its way is dropped. The reader is told, unless it knows: `failure` is undefined then. */
  fail(failure: ExchangeFailure | undefined): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#isEnded = true;
    this.#isBlocked = false;
    this.#items = [];
    this.#queuedBytes = 0;
    this.#heldBytes = 0;
    queueMicrotask(() => {
      if (failure !== undefined) this.#guard(() => this.receiver?.onFailure(failure));
      this.#options.onOver();
    });
  }

  #push(item: Item): void {
    if (this.#isEnded) return;
    this.#items.push(item);
    this.#schedule();
  }

  #schedule(): void {
    if (this.#isScheduled || this.#items.length === 0) return;
    this.#isScheduled = true;
    queueMicrotask(() => {
      this.#isScheduled = false;
      const item = this.#items[0];
      if (item !== undefined) this.#guard(() => this.#deliver(item));
    });
  }

  #deliver(item: Item): void {
    switch (item.kind) {
      case 'call':
        this.#items.shift();
        this.#schedule();
        item.call();
        break;
      case 'data':
        this.#deliverData(item);
        break;
      case 'end':
        this.#items.shift();
        this.#isOver = true;
        this.receiver?.onEnd(item.trailers);
        this.#heldBytes = 0;
        this.#options.onOver();
    }
  }

  #deliverData(item: Item & { kind: 'data' }): void {
    const count = Math.min(item.bytes.length, this.#credit, this.#options.pieceBytes);
    if (count === 0) return;
    const piece = item.bytes.slice(0, count);
    item.bytes = item.bytes.subarray(count);
    if (item.bytes.length === 0) this.#items.shift();
    this.#queuedBytes -= count;
    this.#credit -= count;
    this.#heldBytes += count;
    this.#schedule();
    this.receiver?.onData(piece);
    piece.fill(OVERWRITTEN);
    if (this.#isBlocked && this.#queuedBytes === 0) {
      this.#isBlocked = false;
      queueMicrotask(this.#options.onDrained);
    }
  }

  #guard(step: () => void): void {
    try {
      step();
    } catch (error) {
      this.#options.onThrown(error);
    }
  }
}
