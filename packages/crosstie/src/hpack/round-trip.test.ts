// SPDX-License-Identifier: Apache-2.0
// Seeded properties: our encoder against our decoder, a plain model of RFC 7541 against our decoder, and noise.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HpackDecoder } from './decoder.ts';
import { HpackEncoder, Indexing, maxFieldBytes } from './encoder.ts';
import { HpackError, HpackListTooLargeError } from './error.ts';
import { encodeHuffman } from './huffman-encode.ts';
import { writeInteger } from './integer.ts';
import { STATIC_ENTRIES, STATIC_LENGTH } from './static-table.ts';

const LIMITS = { maxTableBytes: 4096, maxListBytes: 1e6, maxFields: 1e6, abortListBytes: 4e6 };

/** A small linear congruential generator (Numerical Recipes' constants), so that a failure can be repeated. */
function createRandom(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

type Random = ReturnType<typeof createRandom>;

const NAME_CHARS = 'abcdefghijklmnopqrstuvwxyz0123456789-._~!';

function randomName(random: Random): string {
  const common = STATIC_ENTRIES[1 + random(STATIC_LENGTH)];
  if (random(2) === 0 && common !== undefined) return common.name;
  if (random(2) === 0) return `x-${random(12)}`;
  return Array.from({ length: 1 + random(40) }, () => NAME_CHARS[random(NAME_CHARS.length)]).join('');
}

function randomValue(random: Random): string {
  if (random(2) === 0) return ['', '1', 'trailers', 'POST', '/', 'https', '200'][random(7)];
  const length = random(10) === 0 ? random(600) : random(30);
  const inner = Array.from({ length }, () => String.fromCharCode(0x21 + random(random(4) === 0 ? 0x5e : 0xdf)));
  return inner.join('').replaceAll('\x7f', 'x');
}

test('what the encoder writes, the decoder reads, through changes of the table size', () => {
  for (let seed = 1; seed <= 20; seed++) {
    const random = createRandom(seed);
    const encoder = new HpackEncoder(random(3) === 0 ? 1024 : 4096);
    const decoder = new HpackDecoder(LIMITS);
    for (let block = 0; block < 60; block++) {
      while (random(8) === 0) encoder.setPeerTableBytes(random(3) === 0 ? 4096 : random(4097));
      const { generation } = decoder;
      const settled = encoder.generation;
      const out = Buffer.alloc(64 * 1024);
      const isResizing = encoder.needsSizeUpdate;
      let at = encoder.writeSizeUpdates(out, 0);
      const fields: string[] = [];
      const sensitive = new Set<string>();
      for (let i = random(12); i > 0; i--) {
        const name = randomName(random);
        const value = randomValue(random);
        const indexing = [Indexing.Insert, Indexing.Insert, Indexing.Literal, Indexing.Never][random(4)];
        const end = encoder.writeField(name, value, indexing, out, at);
        assert.ok(end - at <= maxFieldBytes(name, value));
        at = end;
        fields.push(name, value);
        if (indexing === Indexing.Never) sensitive.add(name);
      }
      const decoded = decoder.decode(out, 0, at);
      assert.deepEqual(decoded.fields, fields, `seed ${seed}, block ${block}`);
      assert.deepEqual(decoded.neverIndexed ?? new Set(), sensitive);
      assert.equal(decoded.malformed, undefined);
      assert.equal(decoder.generation > generation, isResizing || encoder.generation > settled);
    }
  }
});

/** RFC 7541 by the letter, with an array for a table. It inserts without mercy, so entries are evicted all the time. */
class Model {
  readonly #table: [name: string, value: string][] = [];
  #maxBytes = 4096;
  readonly #random: Random;

  constructor(random: Random) {
    this.#random = random;
  }

  writeBlock(): { bytes: Buffer; fields: string[] } {
    const parts: Buffer[] = [];
    const fields: string[] = [];
    for (let i = this.#random(6) - 3; i > 0; i--) parts.push(this.#resize(this.#random(4097)));
    for (let i = this.#random(10); i > 0; i--) this.#writeField(parts, fields);
    return { bytes: Buffer.concat(parts), fields };
  }

  #resize(bytes: number): Buffer {
    this.#maxBytes = bytes;
    this.#evictTo(bytes);
    return integer(0x20, 0x1f, bytes);
  }

  #writeField(parts: Buffer[], fields: string[]): void {
    const index = 1 + this.#random(STATIC_LENGTH + this.#table.length);
    const [name, value] = this.#entry(index);
    if (this.#random(3) === 0) {
      parts.push(integer(0x80, 0x7f, index));
      fields.push(name, value);
      return;
    }
    const isInserting = this.#random(3) > 0;
    const [pattern, mask] = isInserting ? [0x40, 0x3f] : [this.#random(2) << 4, 0x0f];
    const newName = this.#random(2) === 0 ? randomName(this.#random) : undefined;
    const newValue = randomValue(this.#random);
    if (newName === undefined) parts.push(integer(pattern, mask, index));
    else parts.push(Buffer.of(pattern), this.#text(newName));
    parts.push(this.#text(newValue));
    fields.push(newName ?? name, newValue);
    if (isInserting) this.#insert(newName ?? name, newValue);
  }

  #text(value: string): Buffer {
    const octets = Buffer.from(value, 'latin1');
    const isHuffman = this.#random(2) === 0;
    const coded = isHuffman ? encodeHuffman(octets) : octets;
    return Buffer.concat([integer(isHuffman ? 0x80 : 0, 0x7f, coded.length), coded]);
  }

  #entry(index: number): readonly [name: string, value: string] {
    const common = STATIC_ENTRIES[index];
    return common === undefined ? this.#table[index - STATIC_LENGTH - 1] : [common.name, common.value];
  }

  #insert(name: string, value: string): void {
    const bytes = name.length + value.length + 32;
    this.#evictTo(this.#maxBytes - bytes);
    if (bytes <= this.#maxBytes) this.#table.unshift([name, value]);
  }

  #evictTo(bytes: number): void {
    const used = (): number => this.#table.reduce((sum, [name, value]) => sum + name.length + value.length + 32, 0);
    while (this.#table.length > 0 && used() > bytes) this.#table.pop();
  }
}

function integer(pattern: number, prefixMask: number, value: number): Buffer {
  const out = Buffer.alloc(8);
  return out.subarray(0, writeInteger(pattern, prefixMask, value, out, 0));
}

test('the decoder agrees with a plain model that evicts, resizes and uses every representation', () => {
  for (let seed = 1; seed <= 20; seed++) {
    const model = new Model(createRandom(seed));
    const decoder = new HpackDecoder(LIMITS);
    for (let block = 0; block < 80; block++) {
      const { bytes, fields } = model.writeBlock();
      assert.deepEqual(decoder.decode(bytes, 0, bytes.length).fields, fields, `seed ${seed}, block ${block}`);
    }
  }
});

test('noise is decoded or refused with our errors, never another', () => {
  const random = createRandom(7);
  const limits = { maxTableBytes: 4096, maxListBytes: 1000, maxFields: 20, abortListBytes: 4000 };
  let refused = 0;
  for (let i = 0; i < 5000; i++) {
    const { bytes } = new Model(random).writeBlock();
    for (let edits = random(4); edits > 0 && bytes.length > 0; edits--) bytes[random(bytes.length)] = random(256);
    const end = random(4) === 0 ? random(bytes.length + 1) : bytes.length;
    try {
      const block = new HpackDecoder(limits).decode(bytes, 0, end);
      assert.ok(block.fields.length <= 40 && block.fields.length <= 2 * block.count);
    } catch (error) {
      assert.ok(error instanceof HpackError || error instanceof HpackListTooLargeError, `${error}`);
      refused++;
    }
  }
  assert.ok(refused > 500 && refused < 4500, `${refused} refused: the noise is neither all wrong nor all right`);
});
