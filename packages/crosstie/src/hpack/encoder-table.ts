// SPDX-License-Identifier: Apache-2.0
// The encoder's dynamic table, frozen: a field enters while there is room and stays. Nothing is ever evicted to make
// room, so indices settle after the first messages and constant header blocks can be kept as bytes. Only a smaller size
// evicts.

import { STATIC_LENGTH } from './static-table.ts';
import { ENTRY_OVERHEAD_BYTES } from './table-entry.ts';

/** The values sent with one name. Numbers count insertions from 0, in order. */
interface OwnName {
  readonly numbers: Map<string, number>;
  newest: number;
}

interface OwnEntry {
  readonly name: string;
  readonly value: string;
}

export class EncoderTable {
  readonly #names = new Map<string, OwnName>();
  /** Oldest first. */
  readonly #entries: OwnEntry[] = [];
  #inserted = 0;
  usedBytes = 0;

  /** The index of the field, or 0. */
  fieldIndex(name: string, value: string): number {
    const number = this.#names.get(name)?.numbers.get(value);
    return number === undefined ? 0 : this.#indexOf(number);
  }

  /** The index of an entry with this name, or 0. */
  nameIndex(name: string): number {
    const own = this.#names.get(name);
    return own === undefined ? 0 : this.#indexOf(own.newest);
  }

  insert(name: string, value: string): void {
    const own = this.#names.get(name);
    if (own === undefined)
      this.#names.set(name, { numbers: new Map([[value, this.#inserted]]), newest: this.#inserted });
    else {
      own.numbers.set(value, this.#inserted);
      own.newest = this.#inserted;
    }
    this.#entries.push({ name, value });
    this.#inserted++;
    this.usedBytes += fieldBytes(name, value);
  }

  /** RFC 7541 §4.3: a smaller size evicts the oldest entries first, as the peer's decoder does. Returns how many. */
  evictTo(maxBytes: number): number {
    let evicted = 0;
    while (this.usedBytes > maxBytes) {
      const { name, value } = this.#entries[evicted++];
      const numbers = this.#names.get(name)?.numbers;
      numbers?.delete(value);
      if (numbers?.size === 0) this.#names.delete(name);
      this.usedBytes -= fieldBytes(name, value);
    }
    this.#entries.splice(0, evicted);
    return evicted;
  }

  /** RFC 7541 §2.3.3: the newest entry has the lowest index. */
  #indexOf(number: number): number {
    return STATIC_LENGTH + this.#inserted - number;
  }
}

/** What a field takes in the table (RFC 7541 §4.1). */
export function fieldBytes(name: string, value: string): number {
  return name.length + value.length + ENTRY_OVERHEAD_BYTES;
}
