// SPDX-License-Identifier: Apache-2.0
// Header blocks to fields (RFC 7541 §3, §6). The loop in `decode` is the hot path: an indexed field is an array read.

import { DynamicTable } from './dynamic-table.ts';
import { HpackError, HpackListTooLargeError } from './error.ts';
import { findNameFault, findValueFault } from './field-syntax.ts';
import { decodeHuffman, maxHuffmanBytes } from './huffman.ts';
import { integerCursor, readLongInteger } from './integer.ts';
import { latin1Text } from './latin1-text.ts';
import { STATIC_ENTRIES, STATIC_LENGTH } from './static-table.ts';
import { TableEntry } from './table-entry.ts';
import { findWellKnownName } from './well-known-names.ts';

/** One decoded header block. */
export interface FieldBlock {
  /** name, value, name, value, … up to the limits; what comes after the first overflow is decoded but not kept. */
  readonly fields: string[];
  /** Name + value + 32 over all fields, kept or not (RFC 9113 §6.5.2). */
  readonly listBytes: number;
  /** All fields, kept or not. */
  readonly count: number;
  /** The limit that was exceeded first. */
  readonly overflow: 'none' | 'list-bytes' | 'field-count';
  /** The first violation of RFC 9113 §8.2.1, as a sentence for the log. The block's message is malformed then. */
  readonly malformed: string | undefined;
  /** Names that came as never-indexed literals (RFC 7541 §6.2.3): pass that on when forwarding. */
  readonly neverIndexed: ReadonlySet<string> | undefined;
}

export interface HpackDecoderOptions {
  /**
   * The SETTINGS_HEADER_TABLE_SIZE we announce, the bound of size updates. The table begins with 4096 bytes whatever it
   * is (RFC 9113 §6.5.2). A smaller one binds once the peer follows; that it never does is not noticed, and costs no
   * more than those 4096 bytes.
   */
  readonly maxTableBytes: number;
  /** Header list size up to which fields are kept. */
  readonly maxListBytes: number;
  /** Number of fields up to which they are kept. */
  readonly maxFields: number;
  /** Header list size beyond which decoding stops. Four times `maxListBytes` is usual. */
  readonly abortListBytes: number;
  /** Beyond so many fields decoding stops. Default: never. */
  readonly abortFields?: number;
}

/** RFC 7541 §4.2: at most the smallest size and the final one are signalled between two blocks. */
const MAX_SIZE_UPDATES = 2;

/** Huffman-coded strings up to this length decode into one buffer shared by all decoders; longer ones get their own. */
const SCRATCH_HUFFMAN_BYTES = 4096;
const SCRATCH = Buffer.allocUnsafeSlow(maxHuffmanBytes(SCRATCH_HUFFMAN_BYTES));

export class HpackDecoder {
  readonly #maxTableBytes: number;
  readonly #maxListBytes: number;
  readonly #maxFields: number;
  readonly #abortListBytes: number;
  readonly #abortFields: number;
  readonly #table = new DynamicTable();
  // Second results of the read functions below, as fields because an object per string would be garbage.
  /** Behind what was read last. */
  #at = 0;
  #textStart = 0;
  #textEnd = 0;

  constructor(options: HpackDecoderOptions) {
    this.#maxTableBytes = options.maxTableBytes;
    this.#maxListBytes = options.maxListBytes;
    this.#maxFields = options.maxFields;
    this.#abortListBytes = options.abortListBytes;
    this.#abortFields = options.abortFields ?? Infinity;
  }

  /** Grows with every insertion, eviction and size update: while it is equal, an indexed field means the same. */
  get generation(): number {
    return this.#table.generation;
  }

  /**
   * Decodes block[start, end), a whole header block. Throws HpackError for a COMPRESSION_ERROR and
   * HpackListTooLargeError beyond `abortListBytes` or `abortFields`; either way the connection is at its end.
   */
  decode(block: Buffer, start: number, end: number): FieldBlock {
    let at = this.#receiveSizeUpdates(block, start, end);
    const fields: string[] = [];
    let listBytes = 0;
    let count = 0;
    let overflow: FieldBlock['overflow'] = 'none';
    let malformed: string | undefined;
    let neverIndexed: Set<string> | undefined;
    while (at < end) {
      const first = block[at];
      let entry: TableEntry;
      if (first >= 0x80) {
        // RFC 7541 §6.1. One byte reaches index 126, which is nearly always enough: no call for it.
        if (first !== 0xff) {
          entry = this.#entry(first & 0x7f);
          at++;
        } else {
          entry = this.#entry(this.#readInteger(block, at, end, 0x7f));
          at = this.#at;
        }
      } else {
        entry = this.#readLiteral(block, at, end, first);
        at = this.#at;
        if (first >>> 4 === 1) neverIndexed = (neverIndexed ?? new Set()).add(entry.name);
      }
      count++;
      listBytes += entry.bytes;
      if (overflow === 'none') {
        if (listBytes > this.#maxListBytes) overflow = 'list-bytes';
        else if (count > this.#maxFields) overflow = 'field-count';
        else fields.push(entry.name, entry.value);
      }
      if (overflow !== 'none') this.#ensureWorthDecoding(listBytes, count);
      if (malformed === undefined) malformed = entry.fault;
    }
    return { fields, listBytes, count, overflow, malformed, neverIndexed };
  }

  /** RFC 7541 §4.2: a change of the table size is signalled at the beginning of the first block after it. */
  #receiveSizeUpdates(block: Buffer, start: number, end: number): number {
    let at = start;
    for (let updates = 0; at < end && block[at] >>> 5 === 1; updates++) {
      if (updates === MAX_SIZE_UPDATES) throw new HpackError('more than two table size updates in a header block');
      const bytes = this.#readInteger(block, at, end, 0x1f);
      // RFC 7541 §6.3: the new size MUST be lower than or equal to the limit that the protocol has set.
      if (bytes > this.#maxTableBytes) {
        throw new HpackError(`a table size update to ${bytes} bytes, the limit is ${this.#maxTableBytes}`);
      }
      this.#table.resize(bytes);
      at = this.#at;
    }
    return at;
  }

  /** RFC 7541 §6.2: 01 with incremental indexing, 0000 without, 0001 never indexed; 001 is a size update. */
  #readLiteral(block: Buffer, at: number, end: number, first: number): TableEntry {
    const isInserting = first >= 0x40;
    // RFC 7541 §4.2: a size update occurs at the beginning of a block only.
    if (!isInserting && first >= 0x20) throw new HpackError('a table size update behind a field');
    const index = this.#readInteger(block, at, end, isInserting ? 0x3f : 0x0f);
    let name: string;
    let nameFault: string | undefined;
    if (index === 0) {
      const bytes = this.#openString(block, this.#at, end);
      const known = findWellKnownName(bytes, this.#textStart, this.#textEnd);
      name = known ?? latin1Text(bytes, this.#textStart, this.#textEnd);
      if (known === undefined) nameFault = findNameFault(bytes, this.#textStart, this.#textEnd);
    } else {
      // RFC 7541 §4.4: the entry may be evicted by the one that borrows its name; we hold it, not its index.
      const lender = this.#entry(index);
      name = lender.name;
      nameFault = lender.nameFault;
    }
    const bytes = this.#openString(block, this.#at, end);
    const value = latin1Text(bytes, this.#textStart, this.#textEnd);
    const valueFault = findValueFault(name, bytes, this.#textStart, this.#textEnd);
    const entry = new TableEntry(name, value, nameFault, valueFault);
    if (isInserting) this.#table.insert(entry);
    return entry;
  }

  #entry(index: number): TableEntry {
    const entry = index <= STATIC_LENGTH ? STATIC_ENTRIES[index] : this.#table.entry(index - STATIC_LENGTH - 1);
    // RFC 7541 §2.3.3 and §6.1: an index beyond both tables, or 0, is a decoding error.
    if (entry === undefined) throw new HpackError(`no table entry has the index ${index}`);
    return entry;
  }

  #readInteger(block: Buffer, at: number, end: number, prefixMask: number): number {
    const prefix = block[at] & prefixMask;
    if (prefix !== prefixMask) {
      this.#at = at + 1;
      return prefix;
    }
    const value = readLongInteger(block, at + 1, end, prefixMask);
    this.#at = integerCursor.end;
    return value;
  }

  /**
   * RFC 7541 §5.2: finds the string literal at `at`. Returns the bytes that hold its text, the block's or the scratch
   * buffer's, and leaves in `textStart` and `textEnd` where.
   */
  #openString(block: Buffer, at: number, end: number): Buffer {
    if (at >= end) throw new HpackError('the header block ends before a string');
    const isHuffman = block[at] >= 0x80;
    const length = this.#readInteger(block, at, end, 0x7f);
    const start = this.#at;
    if (start + length > end) throw new HpackError('a string is longer than the rest of its header block');
    this.#at = start + length;
    if (!isHuffman) {
      this.#textStart = start;
      this.#textEnd = this.#at;
      return block;
    }
    const text = length <= SCRATCH_HUFFMAN_BYTES ? SCRATCH : Buffer.allocUnsafeSlow(maxHuffmanBytes(length));
    this.#textStart = 0;
    this.#textEnd = decodeHuffman(block, start, this.#at, text);
    return text;
  }

  /** Too large is answered; far too large is not decoded to its end. */
  #ensureWorthDecoding(listBytes: number, count: number): void {
    if (listBytes > this.#abortListBytes) {
      const message = `a header list of more than ${this.#abortListBytes} bytes, the limit is ${this.#maxListBytes}`;
      throw new HpackListTooLargeError('list-bytes', message);
    }
    if (count > this.#abortFields) {
      const message = `a header list of more than ${this.#abortFields} fields, the limit is ${this.#maxFields}`;
      throw new HpackListTooLargeError('field-count', message);
    }
  }
}

/**
 * Whether block[start, end) is indexed fields of one byte each and nothing else. Then its result depends on the table's
 * generation and these bytes alone.
 */
export function isIndexedOnly(block: Buffer, start: number, end: number): boolean {
  for (let i = start; i < end; i++) if (block[i] < 0x80 || block[i] === 0xff) return false;
  return true;
}

/** RFC 7541 §6.2.2: a literal without indexing whose name is entry 28 of the static table, `content-length`. */
const LITERAL_CONTENT_LENGTH = [0x0f, 0x0d] as const;
/** A length of more digits is none that repeats. */
const MAX_LENGTH_BYTES = 15;

/**
 * Whether block[start, end) is indexed fields of one byte and, among them, a content-length in the clear: most clients send
 * that as a literal. Such a block leaves the table as it is, and holds nothing that must not be remembered.
 */
export function isIndexedButLength(block: Buffer, start: number, end: number): boolean {
  let at = start;
  while (at < end) {
    const byte = block[at];
    if (byte >= 0x80 && byte !== 0xff) at++;
    else if (byte === LITERAL_CONTENT_LENGTH[0] && block[at + 1] === LITERAL_CONTENT_LENGTH[1]) {
      const length = block[at + 2] & 0x7f;
      if (length > MAX_LENGTH_BYTES) return false;
      at += 3 + length;
    } else return false;
  }
  return at === end;
}
