// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HpackError } from './error.ts';
import { decodeHuffman, maxHuffmanBytes } from './huffman.ts';
import { EOS, huffmanCodes } from './huffman-code.ts';
import { encodeHuffman } from './huffman-encode.ts';

function decode(coded: Buffer): Buffer {
  const out = Buffer.alloc(maxHuffmanBytes(coded.length));
  return out.subarray(0, decodeHuffman(coded, 0, coded.length, out));
}

const hex = (text: string): Buffer => Buffer.from(text.replaceAll(' ', ''), 'hex');

test('the code is complete, and some of its lines are those of RFC 7541 Appendix B', () => {
  const codes = huffmanCodes();
  assert.equal(
    codes.reduce((sum, { bits }) => sum + 2 ** -bits, 0),
    1,
  );
  const line = (symbol: number): string | undefined => codes.find((code) => code.symbol === symbol)?.code.toString(16);
  const expected: [number, string][] = [
    [0, '1ff8'],
    [0x0a, '3ffffffc'],
    [0x20, '14'],
    [0x2f, '18'],
    [0x30, '0'],
    [0x61, '3'],
    [0x7a, '7b'],
    [0x7f, 'ffffffc'],
    [0x80, 'fffe6'],
    [0xf9, 'ffffffe'],
    [0xff, '3ffffee'],
    [EOS, '3fffffff'],
  ];
  for (const [symbol, code] of expected) assert.equal(line(symbol), code, `symbol ${symbol}`);
});

test('strings of RFC 7541 C.4 and C.6', () => {
  assert.equal(decode(hex('f1e3 c2e5 f23a 6ba0 ab90 f4ff')).toString(), 'www.example.com');
  assert.equal(
    decode(hex('d07a be94 1054 d444 a820 0595 040b 8166 e082 a62d 1bff')).toString(),
    'Mon, 21 Oct 2013 20:13:21 GMT',
  );
});

test('every octet survives next to every other', () => {
  for (let first = 0; first < 256; first++) {
    const octets = Buffer.alloc(512);
    for (let second = 0; second < 256; second++) octets.set([first, second], 2 * second);
    assert.deepEqual(decode(encodeHuffman(octets)), octets);
  }
});

test('an empty string is nothing', () => {
  assert.equal(decode(Buffer.alloc(0)).length, 0);
});

test('padding of eight or more ones is an error', () => {
  assert.equal(decode(hex('1f')).toString(), 'a', 'three bits of padding');
  assert.throws(() => decode(hex('1fff')), HpackError);
  assert.throws(() => decode(hex('ff')), HpackError);
  assert.throws(() => decode(hex('ffffff')), HpackError);
});

test('padding that is not all ones is an error', () => {
  for (const last of ['18', '1e', '1d', '1b']) assert.throws(() => decode(hex(last)), HpackError, last);
  // Three times "0" is fifteen bits; the sixteenth is a zero.
  assert.throws(() => decode(hex('0000')), HpackError);
});

test('a code that is cut off is an error', () => {
  const tilde = encodeHuffman(Buffer.from('~'));
  assert.equal(decode(tilde).toString(), '~');
  assert.throws(() => decode(tilde.subarray(0, 1)), HpackError);
});

test('EOS is an error at every bit position', () => {
  for (const lead of ['', '0', 'a0', '&', '?', '#', '!0', '$']) {
    const bits = [...Buffer.from(lead)].map((octet) => codeBits(octet)).join('') + codeBits(EOS);
    const bytes = bits.match(/.{1,8}/g) ?? [];
    const coded = Buffer.from(bytes.map((byte) => Number.parseInt(byte.padEnd(8, '1'), 2)));
    assert.throws(() => decode(coded), HpackError, `behind "${lead}"`);
  }
});

function codeBits(symbol: number): string {
  const found = huffmanCodes().find((code) => code.symbol === symbol);
  assert.ok(found);
  return found.code.toString(2).padStart(found.bits, '0');
}
