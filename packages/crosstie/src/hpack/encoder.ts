// SPDX-License-Identifier: Apache-2.0
// Fields to header blocks (RFC 7541 §6), written straight into the batch buffer. The caller decides what may enter the
// table.

import { INITIAL_TABLE_BYTES } from './dynamic-table.ts';
import { EncoderTable, fieldBytes } from './encoder-table.ts';
import { MAX_INTEGER_BYTES, writeInteger } from './integer.ts';
import { STATIC_NAMES } from './static-table.ts';

/** How a field may be represented (RFC 7541 §6.2). One that a table holds is sent as its index, save with `Never`. */
export const Indexing = {
  /** Enters the table if it fits without an eviction. For constants: no secret, nothing that a user chose. */
  Insert: 0,
  /** Stays out of the table. */
  Literal: 1,
  /** As a literal on every hop of the way, for secrets (RFC 7541 §7.1.3). */
  Never: 2,
} as const;
export type Indexing = (typeof Indexing)[keyof typeof Indexing];

/** The first byte's pattern of each representation (RFC 7541 §6). */
const INDEXED = 0x80;
const INSERTING_LITERAL = 0x40;
const SIZE_UPDATE = 0x20;
const NEVER_INDEXED_LITERAL = 0x10;
const PLAIN_LITERAL = 0x00;

const NO_UPDATE = -1;

export class HpackEncoder {
  readonly #maxTableBytes: number;
  #tableBytes: number;
  /** The smallest size since the last block, which the peer must hear of; NO_UPDATE when the size has not changed. */
  #smallestUnsent = NO_UPDATE;
  /** Made by the first insertion: most of ten thousand idle connections never have one. */
  #table: EncoderTable | undefined;
  #moves = 0;

  /** `maxTableBytes`: what we are willing to use, whatever the peer allows. */
  constructor(maxTableBytes: number) {
    this.#maxTableBytes = maxTableBytes;
    this.#tableBytes = INITIAL_TABLE_BYTES;
    this.setPeerTableBytes(INITIAL_TABLE_BYTES);
  }

  /** Grows whenever indices move: with an insertion, an eviction or a new size. Blocks kept as bytes are stale then. */
  get generation(): number {
    return this.#moves;
  }

  /** The peer's SETTINGS_HEADER_TABLE_SIZE, each time it arrives. */
  setPeerTableBytes(bytes: number): void {
    const tableBytes = Math.min(bytes, this.#maxTableBytes);
    if (tableBytes === this.#tableBytes) return;
    this.#tableBytes = tableBytes;
    // RFC 7541 §4.2: if the size changes more than once between two blocks, the smallest and the final are signalled.
    if (this.#smallestUnsent === NO_UPDATE || tableBytes < this.#smallestUnsent) this.#smallestUnsent = tableBytes;
    this.#table?.evictTo(tableBytes);
    this.#moves++;
  }

  /** Whether the next block must begin with `writeSizeUpdates`. */
  get needsSizeUpdate(): boolean {
    return this.#smallestUnsent !== NO_UPDATE;
  }

  /** Writes what is due, at most ten bytes, at the start of a block; returns the position behind it. */
  writeSizeUpdates(out: Buffer, at: number): number {
    if (this.#smallestUnsent === NO_UPDATE) return at;
    if (this.#smallestUnsent < this.#tableBytes) at = writeInteger(SIZE_UPDATE, 0x1f, this.#smallestUnsent, out, at);
    this.#smallestUnsent = NO_UPDATE;
    return writeInteger(SIZE_UPDATE, 0x1f, this.#tableBytes, out, at);
  }

  /** Whether the field could enter the table now. */
  canInsert(name: string, value: string): boolean {
    return (this.#table?.usedBytes ?? 0) + fieldBytes(name, value) <= this.#tableBytes;
  }

  /**
   * Writes a field where `out` has room for `maxFieldBytes`; returns the position behind it. Name and value are valid
   * (RFC 9113 §8.2.1), the name in lower case; a character that is not Latin-1 is sent as a question mark. Never
   * throws. A block that inserts must reach the peer, in order.
   */
  writeField(name: string, value: string, indexing: Indexing, out: Buffer, at: number): number {
    const common = STATIC_NAMES.get(name);
    if (indexing !== Indexing.Never) {
      const offset = common === undefined ? -1 : common.values.indexOf(value);
      const index = common !== undefined && offset >= 0 ? common.index + offset : this.#fieldIndex(name, value);
      if (index > 0) return writeInteger(INDEXED, 0x7f, index, out, at);
    }
    const nameIndex = common !== undefined ? common.index : this.#nameIndex(name);
    const isInserting = indexing === Indexing.Insert && this.canInsert(name, value);
    let next: number;
    if (isInserting) next = writeInteger(INSERTING_LITERAL, 0x3f, nameIndex, out, at);
    else {
      const pattern = indexing === Indexing.Never ? NEVER_INDEXED_LITERAL : PLAIN_LITERAL;
      next = writeInteger(pattern, 0x0f, nameIndex, out, at);
    }
    if (nameIndex === 0) next = writeString(name, out, next);
    next = writeString(value, out, next);
    if (isInserting) this.#insert(name, value);
    return next;
  }

  #fieldIndex(name: string, value: string): number {
    return this.#table === undefined ? 0 : this.#table.fieldIndex(name, value);
  }

  #nameIndex(name: string): number {
    return this.#table === undefined ? 0 : this.#table.nameIndex(name);
  }

  #insert(name: string, value: string): void {
    this.#table ??= new EncoderTable();
    this.#table.insert(name, value);
    this.#moves++;
  }
}

/** An upper bound of what `writeField` writes: the first byte, and three integers of at most this length. */
export function maxFieldBytes(name: string, value: string): number {
  return name.length + value.length + 3 * MAX_INTEGER_BYTES;
}

/** Up to here a loop beats the call into C++: 17 against 36 ns for 8 characters, 57 against 38 for 32 (our trial). */
const LOOPED_CHARACTERS = 24;

/** On a string that V8 holds as Latin-1, it answers this without looking at the characters. */
const NOT_LATIN1 = /[\u0100-\uffff]/g;

/** RFC 7541 §5.2, without Huffman coding: it costs more time than the bytes are worth. */
function writeString(text: string, out: Buffer, at: number): number {
  const length = text.length;
  const start = writeInteger(0x00, 0x7f, length, out, at);
  // Cut to a byte, U+010A would arrive as a line feed. Not an exception: an earlier field of the block may have entered
  // the table, and then the block has to reach the peer.
  const latin1 = text.search(NOT_LATIN1) < 0 ? text : text.replace(NOT_LATIN1, '?');
  if (length > LOOPED_CHARACTERS) out.write(latin1, start, 'latin1');
  else for (let i = 0; i < length; i++) out[start + i] = latin1.charCodeAt(i);
  return start + length;
}
