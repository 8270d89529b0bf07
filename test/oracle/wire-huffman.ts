// SPDX-License-Identifier: Apache-2.0
// The Huffman code of HPACK from its code lengths alone. The table of RFC 7541 Appendix B is a canonical code: codes of
// one length follow each other in the order of their symbols, and longer codes follow shorter ones.

// biome-ignore format: sixteen symbols a line, as a table reads best
const CODE_LENGTHS: readonly number[] = [
  13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28,
  28, 28, 28, 28, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 28,
  6, 10, 10, 12, 13, 6, 8, 11, 10, 10, 8, 11, 8, 6, 6, 6,
  5, 5, 5, 6, 6, 6, 6, 6, 6, 6, 7, 8, 15, 6, 12, 10,
  13, 6, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7,
  7, 7, 7, 7, 7, 7, 7, 7, 8, 7, 8, 13, 19, 13, 14, 6,
  15, 5, 6, 5, 6, 5, 6, 6, 6, 5, 7, 7, 6, 6, 6, 5,
  6, 7, 6, 5, 5, 6, 7, 7, 7, 7, 7, 15, 11, 14, 13, 28,
  20, 22, 20, 20, 22, 22, 22, 23, 22, 23, 23, 23, 23, 23, 24, 23,
  24, 24, 22, 23, 24, 23, 23, 23, 23, 21, 22, 23, 22, 23, 23, 24,
  22, 21, 20, 22, 22, 23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23,
  21, 21, 22, 21, 23, 22, 23, 23, 20, 22, 22, 22, 23, 22, 22, 23,
  26, 26, 20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25,
  19, 21, 26, 27, 27, 26, 27, 24, 21, 21, 26, 26, 28, 27, 27, 27,
  20, 24, 20, 21, 22, 21, 21, 23, 22, 22, 25, 25, 24, 24, 26, 23,
  26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27, 27, 27, 27, 26,
  30, // EOS, which is never sent
];

const EOS = 256;
const LONGEST_CODE = 30;

const codes: number[] = [];
/** Length and code as one number (`length * 2 ** 30 + code`) to the symbol. */
const symbols = new Map<number, number>();

let nextCode = 0;
for (let length = 1; length <= LONGEST_CODE; length++) {
  for (let symbol = 0; symbol <= EOS; symbol++) {
    if (CODE_LENGTHS[symbol] !== length) continue;
    codes[symbol] = nextCode;
    symbols.set(length * 2 ** LONGEST_CODE + nextCode, symbol);
    nextCode++;
  }
  nextCode *= 2;
}

export function huffmanEncode(text: Buffer): Buffer {
  let bits = '';
  for (const byte of text) bits += codes[byte].toString(2).padStart(CODE_LENGTHS[byte], '0');
  bits = bits.padEnd(Math.ceil(bits.length / 8) * 8, '1'); // §5.2: padded with the most significant bits of EOS
  const bytes = Buffer.alloc(bits.length / 8);
  for (let i = 0; i < bytes.length; i++) bytes[i] = Number.parseInt(bits.slice(i * 8, i * 8 + 8), 2);
  return bytes;
}

export function huffmanDecode(encoded: Buffer): Buffer {
  const decoded: number[] = [];
  let code = 0;
  let length = 0;
  for (let at = 0; at < encoded.length * 8; at++) {
    code = code * 2 + ((encoded[at >> 3] >> (7 - (at & 7))) & 1);
    length++;
    const symbol = symbols.get(length * 2 ** LONGEST_CODE + code);
    if (symbol === EOS) throw new Error('EOS in a Huffman string');
    if (symbol !== undefined) {
      decoded.push(symbol);
      code = 0;
      length = 0;
    } else if (length > LONGEST_CODE) throw new Error('no such Huffman code');
  }
  // §5.2: padding longer than 7 bits, or not of EOS bits, is a decoding error.
  if (length > 7 || code !== 2 ** length - 1) throw new Error('bad Huffman padding');
  return Buffer.from(decoded);
}
