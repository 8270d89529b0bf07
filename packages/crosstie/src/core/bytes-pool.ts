// SPDX-License-Identifier: Apache-2.0
// Large buffers that are used again. A message of a megabyte that is put together, answered and forgotten costs more in
// fresh pages and garbage collection than in copying.

/** Sizes are powers of two from here; smaller ones are Node's own pool's affair. */
const MIN_BYTES = 65_536;
/** Kept for later, in all; beyond, buffers are left to the garbage collector. */
const MAX_FREE_BYTES = 32 * 1024 * 1024;

export class BytesPool {
  readonly #maxFreeBytes: number;
  readonly #free = new Map<number, Uint8Array[]>();
  #freeBytes = 0;

  constructor(maxFreeBytes = MAX_FREE_BYTES) {
    this.#maxFreeBytes = maxFreeBytes;
  }

  /** Bytes that wait to be used. */
  get freeBytes(): number {
    return this.#freeBytes;
  }

  /** A buffer of at least `minBytes`, with whatever was in it before. */
  borrow(minBytes: number): Uint8Array {
    const size = sizeFor(minBytes);
    const bytes = this.#free.get(size)?.pop();
    if (bytes === undefined) return new Uint8Array(size);
    this.#freeBytes -= size;
    return bytes;
  }

  /** Takes a borrowed buffer back: the whole of it, once, when nobody reads it any more. */
  giveBack(bytes: Uint8Array): void {
    const size = bytes.length;
    if (size !== sizeFor(size) || this.#freeBytes + size > this.#maxFreeBytes) return;
    const free = this.#free.get(size);
    if (free === undefined) this.#free.set(size, [bytes]);
    else free.push(bytes);
    this.#freeBytes += size;
  }
}

function sizeFor(bytes: number): number {
  return bytes <= MIN_BYTES ? MIN_BYTES : 2 ** Math.ceil(Math.log2(bytes));
}
