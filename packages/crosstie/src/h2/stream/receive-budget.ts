// SPDX-License-Identifier: Apache-2.0
// Receive memory of the whole process: what peers have sent and nobody has consumed. Windows bound a stream and a
// connection, but 10,000 connections of 4 MiB would be 40 GB. So windows narrow as memory fills, where memory is what is
// held and what has been promised to streams whose body is under way:
//
//   in proportion                a stream's window is topped up to its full size × the part of the limit that is free
//   nothing free                 streams wait in a queue; the first is favoured and gets all it asks for until its
//                                message is complete, then the next: many half-sent messages cannot block each other
//                                for good
//   held above the limit         the connection that holds most is closed with ENHANCE_YOUR_CALM
//   no progress of the favoured  its connection is closed: it holds memory and blocks the others
//
// A hundred streams may so be half way through 4 MiB each and all become complete within 256 MiB.

import type { Clock, Timer } from '../../core/index.ts';

/** A connection, as the budget sees it. */
export interface BudgetHolder {
  /** Bytes received and still held. */
  readonly heldBytes: number;
  /** Ends the connection with ENHANCE_YOUR_CALM and `reason`; frees what it holds. */
  evict(reason: string): void;
}

/** A stream that was denied credit. */
export interface CreditWaiter {
  /** The receive flow of its connection. */
  readonly flow: object;
  /** Bytes of its body so far: grows while it makes progress. */
  bodyBytes: number;
  /** What the peer may send already. */
  receiveWindow: number;
  /** Asks again for what is due. */
  retryCredit(): void;
  /** Ends its connection. */
  evict(reason: string): void;
}

export interface ReceiveBudgetOptions {
  readonly clock: Clock;
  /** Bytes held by all connections together before the largest holder is closed. */
  readonly limitBytes: number;
  /** A favoured stream that receives nothing for this long loses its connection. */
  readonly stallMs: number;
}

/** From here on connections get back only what they do not hold. */
const WITHHOLD_FROM = 7 / 8;
/** The window by which room is judged: the default of a stream. */
const FULL_WINDOW_BYTES = 1_048_576;
/** Room to complete one message when nothing is left for the others: twice gRPC's usual limit of a message. */
const RESERVE_BYTES = 8 * 1024 * 1024;
/** Less is not worth a WINDOW_UPDATE: one frame. */
export const MIN_CREDIT_BYTES = 16_384;

/** What a stream asks for. */
export interface CreditRequest extends CreditWaiter {
  /** Owed to its peer. */
  dueBytes: number;
}

export class ReceiveBudget {
  readonly limitBytes: number;
  /** Connections closed for memory. */
  evictions = 0;
  #heldBytes = 0;
  /** Windows of streams whose body is under way. */
  #promisedBytes = 0;
  readonly #options: ReceiveBudgetOptions;
  readonly #holders = new Set<BudgetHolder>();
  /** In order of arrival; the first is the favoured one. */
  readonly #waiters = new Set<CreditWaiter>();
  #stallTimer: Timer | undefined = undefined;
  /** What all may use; the rest of the limit is for the favoured stream. */
  readonly #sharedBytes: number;
  #isSettleQueued = false;
  #isServing = false;

  constructor(options: ReceiveBudgetOptions) {
    this.#options = options;
    this.limitBytes = options.limitBytes;
    this.#sharedBytes =
      options.limitBytes - Math.max(options.limitBytes / 32, Math.min(options.limitBytes / 4, RESERVE_BYTES));
  }

  get heldBytes(): number {
    return this.#heldBytes;
  }

  get promisedBytes(): number {
    return this.#promisedBytes;
  }

  join(holder: BudgetHolder): void {
    this.#holders.add(holder);
  }

  leave(holder: BudgetHolder): void {
    this.#holders.delete(holder);
  }

  charge(bytes: number): void {
    this.#heldBytes += bytes;
  }

  release(bytes: number): void {
    this.#heldBytes -= bytes;
    if (this.#waiters.size > 0) this.#queueSettle();
  }

  /** A window of a stream with a body under way has grown, or shrunk (negative). */
  promise(bytes: number): void {
    this.#promisedBytes += bytes;
    if (bytes < 0 && this.#waiters.size > 0) this.#queueSettle();
  }

  /** True while memory is so short that connections get back only what they do not hold. */
  get isWithholding(): boolean {
    return this.#heldBytes >= this.limitBytes * WITHHOLD_FROM;
  }

  /** The credit for a stream whose window is `fullBytes` in good times. 0 is no: `wait`, if less than a frame is left. */
  creditFor(stream: CreditRequest, fullBytes: number): number {
    const isFavoured = this.isFavoured(stream);
    const target = isFavoured ? fullBytes : this.#narrow(fullBytes);
    // The favoured stream, too, gets only what fits: what others hold has to leave before it gets more.
    const room = isFavoured ? this.limitBytes - this.#usedBytes : Infinity;
    const credit = Math.min(stream.dueBytes, target - stream.receiveWindow, room);
    return credit >= Math.min(MIN_CREDIT_BYTES, fullBytes / 2) ? credit : 0;
  }

  isFavoured(waiter: CreditWaiter): boolean {
    if (this.#waiters.size === 0) return false;
    const [first] = this.#waiters;
    return first === waiter;
  }

  /** True for the connection of the favoured stream. */
  favours(flow: object): boolean {
    const [first] = this.#waiters;
    return first?.flow === flow;
  }

  /** The waiter is asked again when there is room, or when it is the first in line. */
  wait(waiter: CreditWaiter): void {
    this.#waiters.add(waiter);
    if (!this.#isServing) this.#queueSettle();
    if (this.#stallTimer === undefined) this.#watchFavoured();
  }

  /** The waiter's body is complete, or the stream is gone: the favour passes on. */
  forget(waiter: CreditWaiter): void {
    if (this.#waiters.size === 0 || !this.#waiters.delete(waiter)) return;
    if (this.#waiters.size > 0) this.#queueSettle();
    else this.#unwatch();
  }

  /** Closes the largest holder if the limit is passed. After each read turn of a connection. */
  settle(): void {
    while (this.#heldBytes > this.limitBytes && this.#evictLargest()) {}
  }

  #narrow(fullBytes: number): number {
    return Math.ceil(fullBytes * Math.max(0, 1 - this.#usedBytes / this.#sharedBytes));
  }

  get #usedBytes(): number {
    return this.#heldBytes + this.#promisedBytes;
  }

  /** Nobody but the favoured stream can get anything. */
  get #isExhausted(): boolean {
    return this.#narrow(FULL_WINDOW_BYTES) < MIN_CREDIT_BYTES;
  }

  /** Once per turn, whoever freed the memory. */
  #queueSettle(): void {
    if (this.#isSettleQueued) return;
    this.#isSettleQueued = true;
    queueMicrotask(() => {
      this.#isSettleQueued = false;
      this.#serveWaiters();
    });
  }

  #serveWaiters(): void {
    this.#isServing = true;
    for (const waiter of [...this.#waiters]) {
      if (this.#isExhausted) break;
      this.#waiters.delete(waiter);
      // It waits again, at the end of the queue, if there was nothing for it.
      waiter.retryCredit();
    }
    const [favoured] = this.#waiters;
    if (favoured === undefined) this.#unwatch();
    else favoured.retryCredit();
    this.#isServing = false;
  }

  #evictLargest(): boolean {
    let largest: BudgetHolder | undefined;
    for (const holder of this.#holders) {
      if (largest === undefined || holder.heldBytes > largest.heldBytes) largest = holder;
    }
    if (largest === undefined || largest.heldBytes === 0) return false;
    this.evictions++;
    // What it holds is freed as it ends, perhaps not before this returns: it must not be picked twice.
    this.#holders.delete(largest);
    largest.evict('receive_memory_exhausted');
    return true;
  }

  #watchFavoured(): void {
    const [favoured] = this.#waiters;
    const bodyBytes = favoured?.bodyBytes ?? 0;
    this.#stallTimer = this.#options.clock.setTimer(() => {
      this.#stallTimer = undefined;
      if (this.#waiters.size === 0) return;
      if (this.isFavoured(favoured) && favoured.bodyBytes === bodyBytes && this.#isExhausted) {
        this.#endStall(favoured);
      }
      if (this.#waiters.size > 0 && this.#stallTimer === undefined) this.#watchFavoured();
    }, this.#options.stallMs);
  }

  /** A silent favoured stream is to blame; if it was our own lack of room, whoever holds most. */
  #endStall(favoured: CreditWaiter): void {
    if (favoured.receiveWindow === 0) {
      this.#evictLargest();
    } else {
      this.evictions++;
      this.#waiters.delete(favoured);
      favoured.evict('receive_memory_stalled');
    }
    this.#queueSettle();
  }

  #unwatch(): void {
    if (this.#stallTimer !== undefined) this.#options.clock.clearTimer(this.#stallTimer);
    this.#stallTimer = undefined;
  }
}
