// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type FieldBlock, HpackDecoder, isIndexedButLength, isIndexedOnly } from './decoder.ts';
import { HpackError, HpackListTooLargeError } from './error.ts';
import { encodeHuffman } from './huffman-encode.ts';
import { writeInteger } from './integer.ts';

const LIMITS = { maxTableBytes: 4096, maxListBytes: 16_384, maxFields: 128, abortListBytes: 65_536 };

function decodeHex(decoder: HpackDecoder, hex: string): FieldBlock {
  const block = Buffer.from(hex.replaceAll(' ', ''), 'hex');
  return decoder.decode(block, 0, block.length);
}

function integer(pattern: number, prefixMask: number, value: number): Buffer {
  const out = Buffer.alloc(8);
  return out.subarray(0, writeInteger(pattern, prefixMask, value, out, 0));
}

/** A string literal (RFC 7541 §5.2). */
const text = (value: string): Buffer => Buffer.concat([integer(0, 0x7f, value.length), Buffer.from(value, 'latin1')]);

/** A literal with a new name: 0x40 with incremental indexing, 0x00 without, 0x10 never. */
const literal = (pattern: number, name: string, value: string): Buffer =>
  Buffer.concat([Buffer.of(pattern), text(name), text(value)]);

function decode(decoder: HpackDecoder, ...parts: readonly Buffer[]): FieldBlock {
  const block = Buffer.concat(parts);
  return decoder.decode(block, 0, block.length);
}

function isHpackError(message: RegExp): (error: unknown) => boolean {
  return (error) => error instanceof HpackError && message.test(error.message);
}

test('the static table: its ends and a name that is borrowed', () => {
  const decoder = new HpackDecoder(LIMITS);
  assert.deepEqual(decodeHex(decoder, '81').fields, [':authority', '']);
  assert.deepEqual(decodeHex(decoder, 'bd').fields, ['www-authenticate', '']);
  assert.deepEqual(decodeHex(decoder, '90').fields, ['accept-encoding', 'gzip, deflate']);
  assert.deepEqual(decodeHex(decoder, '0f2e 0161').fields, ['www-authenticate', 'a']);
});

test('only the range given is read', () => {
  const decoder = new HpackDecoder(LIMITS);
  const block = Buffer.from('ffff8286ffff', 'hex');
  assert.deepEqual(decoder.decode(block, 2, 4).fields, [':method', 'GET', ':scheme', 'http']);
  assert.throws(() => decoder.decode(block, 2, 5), isHpackError(/ends inside an integer/));
});

test('an empty block has no fields', () => {
  assert.deepEqual(decodeHex(new HpackDecoder(LIMITS), ''), {
    fields: [],
    listBytes: 0,
    count: 0,
    overflow: 'none',
    malformed: undefined,
    neverIndexed: undefined,
  });
});

test('RFC 7541 §6.1: index 0 is an error, as is one beyond the tables', () => {
  for (const hex of ['80', 'be', 'ff00', '0f2f 0161', '7e 0161', 'ff ffffff7f']) {
    assert.throws(() => decodeHex(new HpackDecoder(LIMITS), hex), isHpackError(/no table entry has the index/), hex);
  }
});

test('a block that ends too early is an error, wherever it ends', () => {
  const whole = Buffer.concat([literal(0x40, 'name', 'value'), literal(0x10, 'n', 'v'.repeat(200)), Buffer.of(0xbe)]);
  const fieldEnds = new Set([0, 12, whole.length - 1, whole.length]);
  for (let end = 0; end <= whole.length; end++) {
    const attempt = (): FieldBlock => new HpackDecoder(LIMITS).decode(whole, 0, end);
    if (fieldEnds.has(end)) attempt();
    else assert.throws(attempt, HpackError, `at ${end}`);
  }
});

test('a string longer than its block is an error, also when the buffer goes on', () => {
  const block = Buffer.from('0001610261626364', 'hex');
  assert.throws(() => new HpackDecoder(LIMITS).decode(block, 0, 5), isHpackError(/longer than the rest/));
});

test('bad Huffman strings are errors in names and in values', () => {
  for (const bad of ['82ffff', '81fe', '84ffffffff']) {
    assert.throws(() => decodeHex(new HpackDecoder(LIMITS), `00${bad}0161`), HpackError, bad);
    assert.throws(() => decodeHex(new HpackDecoder(LIMITS), `000161${bad}`), HpackError, bad);
  }
});

test('a Huffman string longer than the shared buffer is decoded', () => {
  const value = 'abc'.repeat(3000);
  const coded = encodeHuffman(Buffer.from(value));
  const decoded = decode(
    new HpackDecoder(LIMITS),
    Buffer.from('000161', 'hex'),
    integer(0x80, 0x7f, coded.length),
    coded,
  );
  assert.equal(decoded.fields[1], value);
});

test('RFC 7541 §4.2: size updates come first, two at most', () => {
  assert.deepEqual(decodeHex(new HpackDecoder(LIMITS), '20 3fe11f 82').fields, [':method', 'GET']);
  assert.equal(decodeHex(new HpackDecoder(LIMITS), '20').count, 0, 'a block of nothing else');
  assert.throws(() => decodeHex(new HpackDecoder(LIMITS), '20 21 22 82'), isHpackError(/more than two/));
  assert.throws(() => decodeHex(new HpackDecoder(LIMITS), '82 20'), isHpackError(/behind a field/));
  assert.throws(() => decodeHex(new HpackDecoder(LIMITS), '20 82 20'), isHpackError(/behind a field/));
});

test('RFC 7541 §6.3: a size update above the limit is an error', () => {
  decodeHex(new HpackDecoder(LIMITS), '3fe11f');
  assert.throws(() => decodeHex(new HpackDecoder(LIMITS), '3fe21f'), isHpackError(/to 4097 bytes, the limit is 4096/));
  const small = new HpackDecoder({ ...LIMITS, maxTableBytes: 100 });
  decodeHex(small, '3f45');
  assert.throws(() => decodeHex(small, '3f46'), isHpackError(/to 101 bytes, the limit is 100/));
});

test('a size update evicts, and the table goes on from there', () => {
  const decoder = new HpackDecoder(LIMITS);
  decode(decoder, literal(0x40, 'a', '1'), literal(0x40, 'b', '2'));
  assert.deepEqual(decodeHex(decoder, 'bf be').fields, ['a', '1', 'b', '2']);
  assert.deepEqual(decodeHex(decoder, '3f03 be').fields, ['b', '2'], '34 bytes hold one');
  assert.throws(() => decodeHex(decoder, 'bf'), HpackError);
  assert.throws(() => decodeHex(decoder, '20 3fe11f be'), HpackError, 'through zero, none is left');
});

test('a name may be borrowed from the entry that its insertion evicts (RFC 7541 §4.4)', () => {
  const decoder = new HpackDecoder(LIMITS);
  const value = 'v'.repeat(4050);
  decode(decoder, literal(0x40, 'x-a', 'old'));
  decode(decoder, Buffer.of(0x7e), text(value));
  assert.deepEqual(decodeHex(decoder, 'be').fields, ['x-a', value]);
  assert.throws(() => decodeHex(decoder, 'bf'), HpackError);
});

test('an entry larger than the table empties it and is still a field (RFC 7541 §4.4)', () => {
  const decoder = new HpackDecoder(LIMITS);
  decode(decoder, literal(0x40, 'a', '1'));
  const value = 'v'.repeat(5000);
  assert.deepEqual(decode(decoder, literal(0x40, 'b', value)).fields, ['b', value]);
  assert.throws(() => decodeHex(decoder, 'be'), HpackError);
});

test('the generation tells apart blocks that may decode differently', () => {
  const decoder = new HpackDecoder(LIMITS);
  const start = decoder.generation;
  decode(decoder, literal(0x00, 'a', '1'), literal(0x10, 'b', '2'), Buffer.of(0x82));
  assert.equal(decoder.generation, start, 'nothing was inserted');
  decode(decoder, literal(0x40, 'a', '1'));
  const inserted = decoder.generation;
  assert.ok(inserted > start);
  decodeHex(decoder, '20');
  assert.ok(decoder.generation > inserted);
});

test('fields beyond the list size are counted, not kept, and the table stays right', () => {
  const decoder = new HpackDecoder({ ...LIMITS, maxListBytes: 100, abortListBytes: 400 });
  const block = decode(decoder, literal(0x40, 'a', '1'), literal(0x40, 'b', 'v'.repeat(80)), literal(0x40, 'c', '3'));
  assert.deepEqual(block.fields, ['a', '1']);
  assert.equal(block.overflow, 'list-bytes');
  assert.equal(block.count, 3);
  assert.equal(block.listBytes, 34 + 113 + 34);
  assert.deepEqual(decodeHex(decoder, 'be c0').fields, ['c', '3', 'a', '1']);
  assert.equal(decodeHex(decoder, 'bf').overflow, 'list-bytes');
});

test('the list size may be reached but not exceeded', () => {
  const decoder = new HpackDecoder({ ...LIMITS, maxListBytes: 68, abortListBytes: 272 });
  assert.equal(decode(decoder, literal(0x00, 'a', '1'), literal(0x00, 'b', '2')).overflow, 'none');
  assert.equal(decode(decoder, literal(0x00, 'a', '1'), literal(0x00, 'b', '22')).overflow, 'list-bytes');
});

test('fields beyond the count are counted and not kept', () => {
  const decoder = new HpackDecoder({ ...LIMITS, maxFields: 3 });
  const full = decodeHex(decoder, '82 86 84');
  assert.equal(full.overflow, 'none');
  const block = decodeHex(decoder, '82 86 84 82 86');
  assert.equal(block.overflow, 'field-count');
  assert.equal(block.fields.length, 6);
  assert.equal(block.count, 5);
  assert.equal(block.listBytes, full.listBytes + 42 + 43);
});

test('the first limit exceeded is the one named', () => {
  const decoder = new HpackDecoder({ ...LIMITS, maxFields: 1, maxListBytes: 100 });
  assert.equal(decodeHex(decoder, '82 82 82 82').overflow, 'field-count');
  assert.equal(
    new HpackDecoder({ ...LIMITS, maxFields: 9, maxListBytes: 100 }).decode(Buffer.alloc(20, 0x82), 0, 20).overflow,
    'list-bytes',
  );
});

test('CVE-2016-6581: one large entry referred to again and again ends the decoding', () => {
  const decoder = new HpackDecoder(LIMITS);
  decode(decoder, literal(0x40, 'a', 'v'.repeat(4000)));
  assert.equal(decoder.decode(Buffer.alloc(16, 0xbe), 0, 16).overflow, 'list-bytes');
  assert.throws(() => decoder.decode(Buffer.alloc(17, 0xbe), 0, 17), HpackListTooLargeError);
});

test('decoding goes on up to the abort limit, and not a byte further', () => {
  const decoder = new HpackDecoder({ ...LIMITS, maxListBytes: 40, abortListBytes: 102 });
  const threeFields = [literal(0x00, 'a', '1'), literal(0x00, 'b', '2'), literal(0x00, 'c', '3')];
  assert.equal(decode(decoder, ...threeFields).listBytes, 102);
  assert.throws(() => decode(decoder, ...threeFields, literal(0x00, '', '')), HpackListTooLargeError);
  assert.throws(() => decode(decoder, literal(0x00, 'a', 'v'.repeat(70))), HpackListTooLargeError);
});

test('a name with an upper-case letter makes the block malformed, not wrong: the table takes it', () => {
  const decoder = new HpackDecoder(LIMITS);
  const block = decode(decoder, literal(0x40, 'Bad', 'v'), literal(0x00, 'also bad', 'v'));
  assert.equal(block.malformed, 'field name "Bad" has an upper-case letter');
  assert.equal(block.count, 2);
  assert.equal(decodeHex(decoder, '82').malformed, undefined);
  assert.equal(decodeHex(decoder, 'be').malformed, 'field name "Bad" has an upper-case letter');
  const borrowing = decode(decoder, Buffer.of(0x7e), text('fine'));
  assert.equal(borrowing.malformed, 'field name "Bad" has an upper-case letter');
});

test('a bad value is remembered with its entry, but not by a field that borrows the name', () => {
  const decoder = new HpackDecoder(LIMITS);
  const sentence = 'value of field "x-a" has the control character 0x0a at 1';
  assert.equal(decode(decoder, literal(0x40, 'x-a', 'a\nb')).malformed, sentence);
  assert.equal(decodeHex(decoder, 'be').malformed, sentence);
  assert.equal(decode(decoder, Buffer.of(0x0f, 0x2f), text('fine')).malformed, undefined);
});

test('the first fault is the one reported, also beyond the limits and through Huffman coding', () => {
  const decoder = new HpackDecoder({ ...LIMITS, maxFields: 1 });
  const block = decode(decoder, literal(0x00, 'a', '1'), literal(0x00, '', '2'), literal(0x00, 'B', '3'));
  assert.equal(block.malformed, 'a field name is empty');
  const coded = encodeHuffman(Buffer.from('a\r\nb'));
  const smuggled = decode(decoder, Buffer.from('000161', 'hex'), integer(0x80, 0x7f, coded.length), coded);
  assert.equal(smuggled.malformed, 'value of field "a" has the control character 0x0d at 1');
});

test('never-indexed names are reported, new and borrowed ones', () => {
  const decoder = new HpackDecoder(LIMITS);
  const block = decode(
    decoder,
    literal(0x10, 'x-key', 's'),
    Buffer.from('1f08', 'hex'),
    text('Basic x'),
    literal(0x00, 'a', '1'),
  );
  assert.deepEqual(block.neverIndexed, new Set(['x-key', 'authorization']));
  assert.throws(() => decodeHex(decoder, 'be'), HpackError, 'and not in the table');
});

test('octets above ASCII arrive as Latin-1', () => {
  const block = decode(new HpackDecoder(LIMITS), literal(0x00, 'a', 'caf\xe9 \xff'));
  assert.deepEqual(block.fields, ['a', 'caf\xe9 \xff']);
  assert.equal(block.listBytes, 1 + 6 + 32);
  assert.equal(block.malformed, undefined);
});

test('what is kept does not change when the block is overwritten', () => {
  const decoder = new HpackDecoder(LIMITS);
  const block = literal(0x40, 'x-name-of-more-than-twenty-four-octets', 'and a value of more than that');
  const { fields } = decoder.decode(block, 0, block.length);
  block.fill(0);
  const expected = ['x-name-of-more-than-twenty-four-octets', 'and a value of more than that'];
  assert.deepEqual(fields, expected);
  assert.deepEqual(decodeHex(decoder, 'be').fields, expected);
});

test('a block is indexed only when each byte is one indexed field', () => {
  const isIndexed = (hex: string): boolean => isIndexedOnly(Buffer.from(`00${hex}00`, 'hex'), 1, 1 + hex.length / 2);
  assert.equal(isIndexed('8286be'), true);
  assert.equal(isIndexed('fe80'), true);
  assert.equal(isIndexed('82ff80'), false, 'an index of more than one byte');
  assert.equal(isIndexed('824001610162'), false);
  assert.equal(isIndexed('2082'), false);
});

test('a block of indexed fields and a content-length in the clear repeats; no other literal does', () => {
  const repeats = (hex: string): boolean => {
    const block = Buffer.from(hex.replaceAll(' ', ''), 'hex');
    return isIndexedButLength(block, 0, block.length);
  };
  assert.equal(repeats('83 86 be'), true);
  assert.equal(repeats('83 0f0d 02 3132 86'), true);
  // content-length with incremental indexing changes the table; `authorization` and a new name are nobody's to remember.
  assert.equal(repeats('83 5c 02 3132'), false);
  assert.equal(repeats('83 0f08 02 3132'), false);
  assert.equal(repeats('83 00 01 61 01 62'), false);
  // Cut short, or longer than any length is.
  assert.equal(repeats('83 0f0d 05 3132'), false);
  assert.equal(repeats(`83 0f0d 10 ${'31'.repeat(16)}`), false);
});
