// SPDX-License-Identifier: Apache-2.0
// The decode memo: a header block made of indexed fields only means the same as long as the decoder's table does not
// change, so its validated result is remembered. Blocks with literals (tokens, ids) are never kept.

interface MemoEntry<T> {
  readonly generation: number;
  readonly block: Buffer;
  readonly value: T;
}

/** Eight methods of one client take turns without a miss; a scan of eight stays cheaper than a decode. */
const MAX_ENTRIES = 8;
/** A longer block is not worth remembering: ten indexed fields are ten bytes. */
const MAX_BLOCK_BYTES = 32;

export class HeadMemo<T> {
  #entries: MemoEntry<T>[] = [];

  find(generation: number, bytes: Uint8Array, start: number, end: number): T | undefined {
    const entries = this.#entries;
    for (let i = 0; i < entries.length; i++) {
      const entry = entries[i];
      if (entry.generation === generation && isSameBlock(entry.block, bytes, start, end)) {
        // Most recently used first: the common case is one comparison.
        if (i > 0) {
          entries[i] = entries[i - 1];
          entries[i - 1] = entry;
        }
        return entry.value;
      }
    }
    return undefined;
  }

  store(generation: number, block: Uint8Array, value: T): void {
    if (block.length > MAX_BLOCK_BYTES) return;
    const current = this.#entries.filter((entry) => entry.generation === generation);
    current.unshift({ generation, block: Buffer.from(block), value });
    this.#entries = current.slice(0, MAX_ENTRIES);
  }
}

function isSameBlock(block: Buffer, bytes: Uint8Array, start: number, end: number): boolean {
  const length = block.length;
  if (end - start !== length) return false;
  for (let i = 0; i < length; i++) if (block[i] !== bytes[start + i]) return false;
  return true;
}
