// SPDX-License-Identifier: Apache-2.0
// The Huffman code of RFC 7541 Appendix B. It is canonical: within one length codes count up with the symbol, and each
// length continues where the shorter one ended. So the lengths are the whole table.

/** The end-of-string symbol. It pads the last byte and never appears (RFC 7541 §5.2). */
export const EOS = 256;

/** Bits of the code of each octet, sixteen a line, and of EOS. */
// biome-ignore format: sixteen octets a line, as a code chart
const CODE_BITS: readonly number[] = [
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
  30,
];

/** One symbol's code: the low `bits` bits of `code`, the first of them on the left. */
export interface HuffmanCode {
  readonly symbol: number;
  readonly bits: number;
  readonly code: number;
}

/** The codes in canonical order. */
export function huffmanCodes(): HuffmanCode[] {
  const symbols = CODE_BITS.map((bits, symbol) => ({ symbol, bits }));
  symbols.sort((a, b) => a.bits - b.bits || a.symbol - b.symbol);
  let next = 0;
  let length = 0;
  return symbols.map(({ symbol, bits }) => {
    next <<= bits - length;
    length = bits;
    return { symbol, bits, code: next++ };
  });
}
