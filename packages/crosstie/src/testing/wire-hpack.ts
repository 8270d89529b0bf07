// SPDX-License-Identifier: Apache-2.0
// Just enough HPACK (RFC 7541) for the scripted peer, independent of the engine's: it sends plain literals only, and
// reads every representation, the dynamic table and Huffman-coded strings included.

import type { FieldPair } from '../exchange/index.ts';
import { decodeHuffmanText } from './wire-huffman.ts';

/** How one field is written (RFC 7541 §6.2). */
export type FieldForm = 'plain' | 'indexed' | 'never-indexed';

const FIRST_BYTE: Record<FieldForm, number> = { plain: 0x00, indexed: 0x40, 'never-indexed': 0x10 };

/** A field with a new name, in the form asked for; `indexed` enters the other side's dynamic table. */
export function encodeField(name: string, value: string, form: FieldForm = 'plain'): Buffer {
  return Buffer.concat([Buffer.of(FIRST_BYTE[form]), encodeString(name), encodeString(value)]);
}

export function encodeFields(fields: readonly FieldPair[], form: FieldForm = 'plain'): Buffer {
  return Buffer.concat(fields.map(([name, value]) => encodeField(name, value, form)));
}

/** RFC 7541 §5.1: an integer behind a prefix of `prefixBits`; the bits above the prefix are `firstByte`'s. */
export function encodeInteger(value: number, prefixBits: number, firstByte = 0): Buffer {
  const limit = 2 ** prefixBits - 1;
  if (value < limit) return Buffer.of(firstByte | value);
  const bytes = [firstByte | limit];
  let rest = value - limit;
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 0x80);
  bytes.push(rest);
  return Buffer.from(bytes);
}

function encodeString(text: string): Buffer {
  const bytes = Buffer.from(text, 'latin1');
  return Buffer.concat([encodeInteger(bytes.length, 7), bytes]);
}

/** RFC 7541 Appendix A, from index 1 on: `name` or `name=value`. */
const STATIC_TABLE: readonly FieldPair[] = `
:authority :method=GET :method=POST :path=/ :path=/index.html :scheme=http :scheme=https :status=200 :status=204
:status=206 :status=304 :status=400 :status=404 :status=500 accept-charset accept-encoding=gzip,_deflate accept-language
accept-ranges accept access-control-allow-origin age allow authorization cache-control content-disposition
content-encoding content-language content-length content-location content-range content-type cookie date etag expect
expires from host if-match if-modified-since if-none-match if-range if-unmodified-since last-modified link location
max-forwards proxy-authenticate proxy-authorization range referer refresh retry-after server set-cookie
strict-transport-security transfer-encoding user-agent vary via www-authenticate`
  .trim()
  .split(/\s+/)
  .map((entry) => {
    const [name, value = ''] = entry.split('=');
    return [name, value.replace('_', ' ')] as const;
  });

/** RFC 7541 §4.1: what an entry counts besides its name and value. */
const ENTRY_OVERHEAD_BYTES = 32;
/** RFC 9113 §6.5.2: SETTINGS_HEADER_TABLE_SIZE before any SETTINGS. */
const DEFAULT_TABLE_BYTES = 4096;

/** Reads the header blocks of one direction, in order. Throws on bytes that RFC 7541 does not allow. */
export class WireHpackDecoder {
  #dynamic: FieldPair[] = [];
  #tableBytes = DEFAULT_TABLE_BYTES;
  #bytes: Buffer = Buffer.alloc(0);
  #at = 0;

  decode(block: Uint8Array): FieldPair[] {
    this.#bytes = Buffer.from(block);
    this.#at = 0;
    const fields: FieldPair[] = [];
    while (this.#at < this.#bytes.length) {
      const field = this.#readRepresentation();
      if (field !== undefined) fields.push(field);
    }
    return fields;
  }

  #readRepresentation(): FieldPair | undefined {
    const first = this.#bytes[this.#at];
    if (first >= 0x80) return this.#lookUp(this.#readInteger(7)); // §6.1 indexed
    if (first >= 0x40) return this.#insert(this.#readLiteral(6)); // §6.2.1 with incremental indexing
    if (first < 0x20) return this.#readLiteral(4); // §6.2.2 and §6.2.3
    this.#tableBytes = this.#readInteger(5); // §6.3 size update
    this.#evict();
    return undefined;
  }

  #readLiteral(prefixBits: number): FieldPair {
    const index = this.#readInteger(prefixBits);
    const name = index === 0 ? this.#readString() : this.#lookUp(index)[0];
    return [name, this.#readString()];
  }

  #lookUp(index: number): FieldPair {
    const field =
      index <= STATIC_TABLE.length ? STATIC_TABLE[index - 1] : this.#dynamic[index - STATIC_TABLE.length - 1];
    if (field === undefined) throw new Error(`HPACK index ${index} is in neither table`);
    return field;
  }

  #insert(field: FieldPair): FieldPair {
    this.#dynamic.unshift(field);
    this.#evict();
    return field;
  }

  #evict(): void {
    let bytes = 0;
    const kept = this.#dynamic.findIndex(([name, value]) => {
      bytes += name.length + value.length + ENTRY_OVERHEAD_BYTES;
      return bytes > this.#tableBytes;
    });
    if (kept !== -1) this.#dynamic.length = kept;
  }

  #readInteger(prefixBits: number): number {
    const limit = 2 ** prefixBits - 1;
    let value = this.#readByte() & limit;
    if (value < limit) return value;
    for (let factor = 1; ; factor *= 128) {
      const byte = this.#readByte();
      value += (byte & 0x7f) * factor;
      if (byte < 0x80) return value;
    }
  }

  #readString(): string {
    const isHuffman = this.#bytes[this.#at] >= 0x80;
    const length = this.#readInteger(7);
    const end = this.#at + length;
    if (end > this.#bytes.length) throw new Error(`an HPACK string of ${length} bytes ends after its block`);
    const bytes = this.#bytes.subarray(this.#at, end);
    this.#at = end;
    return isHuffman ? decodeHuffmanText(bytes) : bytes.toString('latin1');
  }

  #readByte(): number {
    if (this.#at >= this.#bytes.length) throw new Error('the header block ends inside a field');
    return this.#bytes[this.#at++];
  }
}
