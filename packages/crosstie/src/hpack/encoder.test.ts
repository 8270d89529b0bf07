// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HpackDecoder } from './decoder.ts';
import { HpackEncoder, Indexing, maxFieldBytes } from './encoder.ts';

const LIMITS = { maxTableBytes: 4096, maxListBytes: 65_536, maxFields: 512, abortListBytes: 262_144 };

function write(encoder: HpackEncoder, name: string, value: string, indexing: Indexing): string {
  const out = Buffer.alloc(maxFieldBytes(name, value));
  const end = encoder.writeField(name, value, indexing, out, 0);
  assert.ok(end <= out.length, 'maxFieldBytes is an upper bound');
  return out.toString('hex', 0, end);
}

function sizeUpdates(encoder: HpackEncoder): string {
  const out = Buffer.alloc(16);
  return out.toString('hex', 0, encoder.writeSizeUpdates(out, 0));
}

test('a field of the static table is one byte, however it is asked for', () => {
  const encoder = new HpackEncoder(4096);
  for (const indexing of [Indexing.Insert, Indexing.Literal]) {
    assert.equal(write(encoder, ':method', 'GET', indexing), '82');
    assert.equal(write(encoder, ':method', 'POST', indexing), '83');
    assert.equal(write(encoder, ':status', '500', indexing), '8e');
    assert.equal(write(encoder, 'accept-encoding', 'gzip, deflate', indexing), '90');
    assert.equal(write(encoder, 'www-authenticate', '', indexing), 'bd');
  }
  assert.equal(encoder.generation, 0);
});

test('a literal borrows its name from the static table', () => {
  const encoder = new HpackEncoder(4096);
  assert.equal(write(encoder, ':path', '/a', Indexing.Literal), '04022f61');
  assert.equal(write(encoder, ':path', '/a', Indexing.Never), '14022f61');
  assert.equal(write(encoder, ':path', '/a', Indexing.Insert), '44022f61');
  assert.equal(write(encoder, 'user-agent', 'a', Indexing.Literal), '0f2b0161');
});

test('a literal borrows its name from the table', () => {
  const encoder = new HpackEncoder(4096);
  assert.equal(write(encoder, 'x-a', '1', Indexing.Insert), '4003782d610131');
  assert.equal(write(encoder, 'x-b', '1', Indexing.Insert), '4003782d620131');
  assert.equal(write(encoder, 'x-a', '2', Indexing.Literal), '0f300132');
  assert.equal(write(encoder, 'x-b', '2', Indexing.Never), '1f2f0132');
  assert.equal(write(encoder, 'x-a', '3', Indexing.Insert), '7f000133');
});

test('the first of k insertions stands at index 61 + k', () => {
  const encoder = new HpackEncoder(4096);
  for (let k = 1; k <= 60; k++) {
    write(encoder, 'x-hot', `${k}`, Indexing.Insert);
    assert.equal(encoder.generation, k);
    assert.equal(Number.parseInt(write(encoder, 'x-hot', '1', Indexing.Literal), 16), 0x80 | (61 + k));
    assert.equal(write(encoder, 'x-hot', `${k}`, Indexing.Insert), 'be', 'the newest stands at 62');
  }
  assert.equal(encoder.generation, 60, 'an index moves nothing');
});

test('a full table is frozen: nothing is evicted, new fields are literals', () => {
  const encoder = new HpackEncoder(4096);
  const value = 'v'.repeat(4096 - 2 * 32 - 2);
  assert.equal(encoder.canInsert('a', value), true);
  write(encoder, 'a', value, Indexing.Insert);
  assert.equal(encoder.canInsert('b', '1'), false);
  assert.equal(encoder.canInsert('b', ''), true);
  assert.match(write(encoder, 'b', '1', Indexing.Insert), /^00/);
  assert.match(write(encoder, 'b', '', Indexing.Insert), /^40/);
  const { generation } = encoder;
  assert.equal(encoder.canInsert('', ''), false);
  assert.match(write(encoder, 'c', '', Indexing.Insert), /^00/);
  assert.equal(write(encoder, 'a', value, Indexing.Insert), 'bf');
  assert.equal(encoder.generation, generation);
});

test('a sensitive field never becomes an index', () => {
  const encoder = new HpackEncoder(4096);
  assert.equal(write(encoder, ':method', 'GET', Indexing.Never), '1203474554');
  write(encoder, 'x-key', 's', Indexing.Insert);
  assert.equal(write(encoder, 'x-key', 's', Indexing.Never), '1f2f0173');
  assert.equal(write(encoder, 'cookie', 's', Indexing.Never), '1f110173');
});

test('the table that both sides begin with needs no size update', () => {
  for (const encoder of [new HpackEncoder(4096), new HpackEncoder(8192)]) {
    encoder.setPeerTableBytes(4096);
    assert.equal(encoder.needsSizeUpdate, false);
    assert.equal(sizeUpdates(encoder), '');
  }
  const encoder = new HpackEncoder(4096);
  encoder.setPeerTableBytes(65_536);
  assert.equal(encoder.needsSizeUpdate, false, 'we use no more than we want');
});

test('a smaller table is announced, once', () => {
  const encoder = new HpackEncoder(4096);
  encoder.setPeerTableBytes(100);
  assert.equal(encoder.needsSizeUpdate, true);
  assert.equal(sizeUpdates(encoder), '3f45');
  assert.equal(encoder.needsSizeUpdate, false);
  assert.equal(sizeUpdates(encoder), '');
  const modest = new HpackEncoder(0);
  assert.equal(sizeUpdates(modest), '20', 'ours is smaller from the start');
});

test('RFC 7541 §4.2: between two blocks the smallest and the final size are announced', () => {
  const encoder = new HpackEncoder(4096);
  for (const bytes of [2000, 0, 100, 4096]) encoder.setPeerTableBytes(bytes);
  assert.equal(sizeUpdates(encoder), '203fe11f');
  for (const bytes of [4000, 31]) encoder.setPeerTableBytes(bytes);
  assert.equal(sizeUpdates(encoder), '3f00', 'the smallest is the final one');
  encoder.setPeerTableBytes(32);
  assert.equal(sizeUpdates(encoder), '3f01');
});

test('a size update takes at most ten bytes', () => {
  const encoder = new HpackEncoder(0xfff_ffff);
  encoder.setPeerTableBytes(0xfff_fffe);
  encoder.setPeerTableBytes(0xfff_fffd);
  encoder.setPeerTableBytes(0xfff_ffff);
  assert.equal(sizeUpdates(encoder).length, 20);
});

test('a smaller table loses its oldest entries and keeps its numbering', () => {
  const encoder = new HpackEncoder(4096);
  for (const name of ['a', 'b', 'c']) write(encoder, name, '1', Indexing.Insert);
  const { generation } = encoder;
  encoder.setPeerTableBytes(68);
  assert.ok(encoder.generation > generation);
  assert.equal(write(encoder, 'c', '1', Indexing.Literal), 'be');
  assert.equal(write(encoder, 'b', '1', Indexing.Literal), 'bf');
  assert.equal(write(encoder, 'a', '1', Indexing.Literal), '0001610131', 'neither field nor name is left');
  encoder.setPeerTableBytes(102);
  assert.equal(write(encoder, 'a', '1', Indexing.Insert), '4001610131');
  assert.equal(write(encoder, 'b', '1', Indexing.Literal), 'c0');
  assert.equal(write(encoder, 'a', '1', Indexing.Literal), 'be');
});

test('a name stays while one of its values does', () => {
  const encoder = new HpackEncoder(4096);
  for (const value of ['1', '2']) write(encoder, 'a', value, Indexing.Insert);
  encoder.setPeerTableBytes(34);
  assert.equal(write(encoder, 'a', '2', Indexing.Literal), 'be');
  assert.equal(write(encoder, 'a', '1', Indexing.Literal), '0f2f0131');
});

test('at size 0 everything is a literal', () => {
  const encoder = new HpackEncoder(4096);
  write(encoder, 'a', '1', Indexing.Insert);
  encoder.setPeerTableBytes(0);
  assert.equal(encoder.canInsert('', ''), false);
  assert.equal(write(encoder, 'a', '1', Indexing.Insert), '0001610131');
  assert.equal(sizeUpdates(encoder), '20');
});

test('values of every length and octet arrive as they were', () => {
  const encoder = new HpackEncoder(4096);
  const decoder = new HpackDecoder(LIMITS);
  const octets = Array.from({ length: 256 }, (_, octet) => String.fromCharCode(octet)).join('');
  for (const value of [octets, octets.repeat(70), ...Array.from({ length: 140 }, (_, i) => octets.slice(60, 60 + i))]) {
    const out = Buffer.alloc(maxFieldBytes('x', value));
    const end = encoder.writeField('x', value, Indexing.Literal, out, 0);
    assert.deepEqual(decoder.decode(out, 0, end).fields, ['x', value]);
  }
});

test('a character that is not Latin-1 becomes a question mark, since cut to a byte it could end the line', () => {
  const encoder = new HpackEncoder(4096);
  const long = `\u4e2d${'a'.repeat(40)}\u010d`;
  assert.equal(write(encoder, 'x', 'a\u010ab\u{1f600}', Indexing.Literal), '00017805613f623f3f');
  const expected = ['x', `?${'a'.repeat(40)}?`, 'x', `?${'a'.repeat(40)}?`];
  const block = Buffer.from(
    write(encoder, 'x', long, Indexing.Insert) + write(encoder, 'x', long, Indexing.Insert),
    'hex',
  );
  assert.deepEqual(new HpackDecoder(LIMITS).decode(block, 0, block.length).fields, expected);
});
