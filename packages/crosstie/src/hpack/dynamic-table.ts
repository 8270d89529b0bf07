// SPDX-License-Identifier: Apache-2.0
// The decoder's dynamic table (RFC 7541 §2.3.2, §4): a ring, newest entry first. It has no memory before its first
// entry: most of ten thousand idle connections never send one.

import type { TableEntry } from './table-entry.ts';

/** SETTINGS_HEADER_TABLE_SIZE before any SETTINGS frame (RFC 9113 §6.5.2). */
export const INITIAL_TABLE_BYTES = 4096;

/** Slots of a new ring; a typical gRPC peer inserts about ten fields. A power of two, doubled when full. */
const FIRST_SLOTS = 16;

const NO_SLOTS: (TableEntry | undefined)[] = [];

export class DynamicTable {
  /** Grows with every insertion, eviction and size update: as long as it is equal, every index means the same. */
  generation = 0;
  #slots: (TableEntry | undefined)[] = NO_SLOTS;
  /** The slot of the next insertion. */
  #next = 0;
  #count = 0;
  #usedBytes = 0;
  #maxBytes = INITIAL_TABLE_BYTES;

  /** The entry `age` insertions before the newest one, which is 0. Undefined when there is none. */
  entry(age: number): TableEntry | undefined {
    if (age >= this.#count) return undefined;
    return this.#slots[(this.#next - 1 - age) & (this.#slots.length - 1)];
  }

  insert(entry: TableEntry): void {
    this.generation++;
    // RFC 7541 §4.4: entries are evicted until the new one fits. One that is larger than the table empties it and is
    // not added; that is not an error.
    this.#evictTo(this.#maxBytes - entry.bytes);
    if (entry.bytes > this.#maxBytes) return;
    if (this.#count === this.#slots.length) this.#growSlots();
    this.#slots[this.#next] = entry;
    this.#next = (this.#next + 1) & (this.#slots.length - 1);
    this.#count++;
    this.#usedBytes += entry.bytes;
  }

  /** A dynamic table size update (RFC 7541 §4.3). */
  resize(maxBytes: number): void {
    this.generation++;
    this.#maxBytes = maxBytes;
    this.#evictTo(maxBytes);
  }

  #evictTo(bytes: number): void {
    while (this.#usedBytes > bytes && this.#count > 0) {
      const slot = (this.#next - this.#count) & (this.#slots.length - 1);
      this.#usedBytes -= this.#slots[slot]?.bytes ?? 0;
      // Not left for the next insertion to overwrite: it may be a token.
      this.#slots[slot] = undefined;
      this.#count--;
    }
  }

  #growSlots(): void {
    const grown = new Array<TableEntry | undefined>(Math.max(FIRST_SLOTS, this.#slots.length * 2)).fill(undefined);
    for (let i = 0; i < this.#count; i++) grown[i] = this.entry(this.#count - 1 - i);
    this.#slots = grown;
    this.#next = this.#count;
  }
}
