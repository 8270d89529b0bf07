// SPDX-License-Identifier: Apache-2.0
// Frames → bytes. Everything a connection sends in one turn is encoded into one batch and leaves in one write. Small
// payloads are copied behind their frame heads, large ones chained by reference between them.

import { borrowSlab, releaseSlab, returnSlab, type Slab } from './slab.ts';

export class OutputBatch {
  /** Where frames are encoded now; `bytes` and `position` are meaningful after `reserve`. */
  bytes: Buffer = EMPTY;
  position = 0;
  /** Bytes in the batch before the present part of the slab. */
  #sealedBytes = 0;
  #slab: Slab | undefined = undefined;
  /** Where the present part of the slab begins. */
  #start = 0;
  #segments: Uint8Array[] = [];
  #slabs: Slab[] = [];
  #onReleased: (() => void)[] = [];

  get byteLength(): number {
    return this.#sealedBytes + this.position - this.#start;
  }

  /** Makes room for `bytes` in one piece at `position`. */
  reserve(bytes: number): void {
    if (this.#slab !== undefined && this.bytes.length - this.position >= bytes) return;
    this.#closeSlab();
    const slab = borrowSlab(bytes);
    this.#slab = slab;
    this.bytes = slab.bytes;
    this.position = slab.position;
    this.#start = slab.position;
  }

  /** Puts `payload` next in line without copying it. */
  chain(payload: Uint8Array): void {
    this.#sealPart();
    this.#segments.push(payload);
    this.#sealedBytes += payload.length;
  }

  /** Calls back when everything encoded so far is no longer read. */
  onReleased(callback: () => void): void {
    this.#onReleased.push(callback);
  }

  /** Hands over what was encoded and begins anew. Call `release` once when the bytes are no longer read. */
  take(): { readonly segments: Uint8Array[]; readonly release: () => void } {
    this.#closeSlab();
    const segments = this.#segments;
    const slabs = this.#slabs;
    const callbacks = this.#onReleased;
    this.#segments = [];
    this.#slabs = [];
    if (callbacks.length > 0) this.#onReleased = [];
    this.#sealedBytes = 0;
    const release = (): void => {
      for (const slab of slabs) releaseSlab(slab);
      for (const callback of callbacks) callback();
    };
    return { segments, release };
  }

  /** Throws away what was encoded. */
  clear(): void {
    this.take().release();
  }

  #sealPart(): void {
    if (this.position === this.#start) return;
    this.#segments.push(this.bytes.subarray(this.#start, this.position));
    this.#sealedBytes += this.position - this.#start;
    this.#start = this.position;
  }

  #closeSlab(): void {
    const slab = this.#slab;
    if (slab === undefined) return;
    this.#sealPart();
    slab.inFlight++;
    this.#slabs.push(slab);
    returnSlab(slab, this.position);
    this.#slab = undefined;
    this.bytes = EMPTY;
    this.position = 0;
    this.#start = 0;
  }
}

const EMPTY = Buffer.alloc(0);
