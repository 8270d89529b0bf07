// SPDX-License-Identifier: Apache-2.0
// The body of one HTTP/1.1 request as memory: how much the client may still send, how much is held, and when to stop
// reading. HTTP/2's window, played on a connection that only knows stop and go.

import type { ReceiveBudget } from '../h2/index.ts';
import type { Http1Call } from './http1-port.ts';

export class Http1Body {
  /** Received and neither released nor freed; what the budget looks for when memory is short. */
  heldBytes = 0;
  /** Received in all. */
  bodyBytes = 0;
  /** Over HTTP/1.1 a body has its connection for itself. */
  readonly flow: object = this;
  readonly #call: Http1Call;
  readonly #budget: ReceiveBudget;
  readonly #onEvicted: (reason: string) => void;
  /** What the client may still send. May go below zero: a read is as large as it is. */
  #credit: number;
  /** Held bytes for which credit has been given ahead of their release. */
  #granted = 0;
  #isPaused = false;
  #hasJoined = false;
  #isOver = false;

  constructor(
    call: Http1Call,
    windowBytes: number,
    { budget, onEvicted }: { budget: ReceiveBudget; onEvicted: (reason: string) => void },
  ) {
    this.#call = call;
    this.#credit = windowBytes;
    this.#budget = budget;
    this.#onEvicted = onEvicted;
  }

  /** What the client may still send, as the budget asks. */
  get receiveWindow(): number {
    return Math.max(0, this.#credit);
  }

  /** `bytes` have arrived. May evict this very body. */
  receive(bytes: number): void {
    if (!this.#hasJoined) this.#budget.join(this);
    this.#hasJoined = true;
    this.heldBytes += bytes;
    this.bodyBytes += bytes;
    this.#credit -= bytes;
    this.#budget.charge(bytes);
    this.#steer();
    this.#budget.settle();
  }

  grant(bytes: number): void {
    const ahead = Math.min(bytes, this.heldBytes - this.#granted);
    if (ahead <= 0) return;
    this.#granted += ahead;
    this.#credit += ahead;
    this.#steer();
  }

  release(bytes: number): void {
    const released = Math.min(bytes, this.heldBytes);
    if (released <= 0) return;
    const alreadyGranted = Math.min(released, this.#granted);
    this.#granted -= alreadyGranted;
    this.heldBytes -= released;
    this.#credit += released - alreadyGranted;
    this.#budget.release(released);
    this.#steer();
    // Others may wait for this memory.
    this.#budget.settle();
  }

  /** Nobody holds anything of it any more; what still arrives flows by, for the sake of the next request. */
  close(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#budget.forget(this);
    if (this.#hasJoined) this.#budget.leave(this);
    if (this.heldBytes > 0) this.#budget.release(this.heldBytes);
    this.heldBytes = 0;
    if (this.#isPaused) this.#call.resumeBody();
    this.#budget.settle();
  }

  /** The budget's: memory has been released. */
  retryCredit(): void {
    this.#steer();
  }

  /** The budget's: this one holds most, and memory is short. */
  evict(reason: string): void {
    this.#onEvicted(reason);
  }

  #steer(): void {
    if (this.#isOver) return;
    const mayRead = this.#credit > 0 && this.#hasMemory();
    if (mayRead === !this.#isPaused) return;
    this.#isPaused = !mayRead;
    if (mayRead) this.#call.resumeBody();
    else this.#call.pauseBody();
  }

  /** With memory short only the first in line reads on, so that one message gets complete at a time. */
  #hasMemory(): boolean {
    if (!this.#budget.isWithholding) return true;
    if (this.#credit > 0) this.#budget.wait(this);
    return this.#budget.isFavoured(this);
  }
}
