// SPDX-License-Identifier: Apache-2.0
// HPACK (RFC 7541) as tests write and read it: slow, plain, and without a line of the engine's.

import { huffmanDecode, huffmanEncode } from './wire-huffman.ts';

export type Field = readonly [name: string, value: string];

const STATIC_TABLE: readonly Field[] = parseStaticTable();

/** Bytes an entry costs besides its text (§4.1). */
const ENTRY_OVERHEAD = 32;
export const DEFAULT_TABLE_SIZE = 4096;

class DynamicTable {
  #entries: Field[] = [];
  #size = 0;
  maxSize = DEFAULT_TABLE_SIZE;

  at(index: number): Field {
    const field =
      index <= STATIC_TABLE.length ? STATIC_TABLE[index - 1] : this.#entries[index - STATIC_TABLE.length - 1];
    if (field === undefined) throw new Error(`no entry at index ${index}`);
    return field;
  }

  add(field: Field): void {
    const size = field[0].length + field[1].length + ENTRY_OVERHEAD;
    this.#entries.unshift(field);
    this.#size += size;
    this.#evict();
  }

  resize(maxSize: number): void {
    this.maxSize = maxSize;
    this.#evict();
  }

  /** The index of the field, or of its name alone; 0 when there is none. */
  find(name: string, value?: string): number {
    const matches = (entry: Field) => entry[0] === name && (value === undefined || entry[1] === value);
    const inStatic = STATIC_TABLE.findIndex(matches);
    if (inStatic >= 0) return inStatic + 1;
    const inDynamic = this.#entries.findIndex(matches);
    return inDynamic < 0 ? 0 : STATIC_TABLE.length + 1 + inDynamic;
  }

  #evict(): void {
    while (this.#size > this.maxSize) {
      const last = this.#entries.pop();
      if (last === undefined) return;
      this.#size -= last[0].length + last[1].length + ENTRY_OVERHEAD;
    }
  }
}

/** How one field is written (§6). */
export interface Representation {
  readonly kind: 'indexed' | 'incremental' | 'plain' | 'never';
  readonly huffmanName?: boolean;
  readonly huffmanValue?: boolean;
  /** Refer to a name in the tables where there is one. */
  readonly nameIndex?: boolean;
}

const PLAIN: Representation = { kind: 'plain' };

const LITERAL = {
  incremental: { prefix: 6, pattern: 0x40 },
  plain: { prefix: 4, pattern: 0x00 },
  never: { prefix: 4, pattern: 0x10 },
} as const;

export class HpackWriter {
  readonly #table = new DynamicTable();

  block(fields: readonly Field[], represent: (field: Field) => Representation = () => PLAIN): Buffer {
    return Buffer.concat(fields.map((field) => this.#field(field, represent(field))));
  }

  /** A dynamic table size update (§6.3); belongs at the beginning of a block. */
  sizeUpdate(maxSize: number): Buffer {
    this.#table.resize(maxSize);
    return encodeInteger(maxSize, 5, 0x20);
  }

  #field(field: Field, how: Representation): Buffer {
    const [name, value] = field;
    if (how.kind === 'indexed') {
      const index = this.#table.find(name, value);
      return index > 0 ? encodeInteger(index, 7, 0x80) : this.#field(field, PLAIN);
    }
    const { prefix, pattern } = LITERAL[how.kind];
    const nameIndex = how.nameIndex === true ? this.#table.find(name) : 0;
    const parts = [encodeInteger(nameIndex, prefix, pattern)];
    if (nameIndex === 0) parts.push(encodeText(name, how.huffmanName === true));
    parts.push(encodeText(value, how.huffmanValue === true));
    if (how.kind === 'incremental') this.#table.add(field);
    return Buffer.concat(parts);
  }
}

export class HpackReader {
  readonly #table = new DynamicTable();
  /** The largest table its peer may ask for: what the reader's own SETTINGS said. */
  allowedTableSize = DEFAULT_TABLE_SIZE;

  get tableSize(): number {
    return this.#table.maxSize;
  }

  /** The fields of a whole header block; throws on any violation. */
  read(block: Buffer): Field[] {
    const fields: Field[] = [];
    const cursor = { block, at: 0 };
    while (cursor.at < block.length) {
      const first = block[cursor.at];
      if (first & 0x80) fields.push(this.#table.at(readInteger(cursor, 7)));
      else if (first & 0x40) fields.push(this.#literal(cursor, 6, true));
      else if (first & 0x20) this.#sizeUpdate(cursor, fields.length);
      else fields.push(this.#literal(cursor, 4, false));
    }
    return fields;
  }

  #literal(cursor: Cursor, prefix: number, insert: boolean): Field {
    const index = readInteger(cursor, prefix);
    const name = index === 0 ? readText(cursor) : this.#table.at(index)[0];
    const field: Field = [name, readText(cursor)];
    if (insert) this.#table.add(field);
    return field;
  }

  #sizeUpdate(cursor: Cursor, fieldsBefore: number): void {
    const size = readInteger(cursor, 5);
    if (fieldsBefore > 0) throw new Error('size update after a field');
    if (size > this.allowedTableSize) throw new Error(`size update to ${size}, allowed ${this.allowedTableSize}`);
    this.#table.resize(size);
  }
}

interface Cursor {
  readonly block: Buffer;
  at: number;
}

/** §5.1. `pattern` holds the bits in front of the prefix. */
export function encodeInteger(value: number, prefix: number, pattern: number): Buffer {
  const limit = 2 ** prefix - 1;
  if (value < limit) return Buffer.from([pattern | value]);
  const bytes = [pattern | limit];
  let rest = value - limit;
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 0x80);
  bytes.push(rest);
  return Buffer.from(bytes);
}

function readInteger(cursor: Cursor, prefix: number): number {
  const limit = 2 ** prefix - 1;
  let value = readByte(cursor) & limit;
  if (value < limit) return value;
  for (let factor = 1; factor <= 2 ** 42; factor *= 128) {
    const byte = readByte(cursor);
    value += (byte & 0x7f) * factor;
    if (byte < 0x80) return value;
  }
  throw new Error('integer too long');
}

export function encodeText(text: string, huffman: boolean): Buffer {
  const plain = Buffer.from(text, 'latin1');
  const bytes = huffman ? huffmanEncode(plain) : plain;
  return Buffer.concat([encodeInteger(bytes.length, 7, huffman ? 0x80 : 0), bytes]);
}

function readText(cursor: Cursor): string {
  const huffman = (cursor.block[cursor.at] & 0x80) !== 0;
  const length = readInteger(cursor, 7);
  const bytes = cursor.block.subarray(cursor.at, cursor.at + length);
  if (bytes.length < length) throw new Error('string beyond the block');
  cursor.at += length;
  return (huffman ? huffmanDecode(bytes) : bytes).toString('latin1');
}

function readByte(cursor: Cursor): number {
  if (cursor.at >= cursor.block.length) throw new Error('integer beyond the block');
  return cursor.block[cursor.at++];
}

/** RFC 7541 Appendix A, one entry a word: `name` or `name=value`. */
function parseStaticTable(): Field[] {
  const entries =
    ':authority|:method=GET|:method=POST|:path=/|:path=/index.html|:scheme=http|:scheme=https|:status=200|:status=204|' +
    ':status=206|:status=304|:status=400|:status=404|:status=500|accept-charset|accept-encoding=gzip, deflate|' +
    'accept-language|accept-ranges|accept|access-control-allow-origin|age|allow|authorization|cache-control|' +
    'content-disposition|content-encoding|content-language|content-length|content-location|content-range|content-type|' +
    'cookie|date|etag|expect|expires|from|host|if-match|if-modified-since|if-none-match|if-range|if-unmodified-since|' +
    'last-modified|link|location|max-forwards|proxy-authenticate|proxy-authorization|range|referer|refresh|retry-after|' +
    'server|set-cookie|strict-transport-security|transfer-encoding|user-agent|vary|via|www-authenticate';
  return entries.split('|').map((entry) => {
    const [name, value = ''] = entry.split('=');
    return [name, value] as const;
  });
}
