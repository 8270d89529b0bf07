// SPDX-License-Identifier: Apache-2.0
// Huffman encoding (RFC 7541 §5.2), plain and slow, for tests and benches: what we send is never Huffman-coded.

import { huffmanCodes } from './huffman-code.ts';

const CODES = huffmanCodes().sort((a, b) => a.symbol - b.symbol);

/** The coded bytes, padded with ones. */
export function encodeHuffman(octets: Uint8Array): Buffer {
  const bits = Array.from(octets, (octet) => CODES[octet].code.toString(2).padStart(CODES[octet].bits, '0')).join('');
  const bytes = bits.match(/.{1,8}/g) ?? [];
  return Buffer.from(bytes.map((byte) => Number.parseInt(byte.padEnd(8, '1'), 2)));
}
