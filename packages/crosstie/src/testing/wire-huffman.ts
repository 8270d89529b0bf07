// SPDX-License-Identifier: Apache-2.0
// Reads the Huffman-coded strings of HPACK (RFC 7541 §5.2), bit by bit: slow and short, and independent of the engine's.

/** The code length of each octet and of EOS in bits, a base-36 digit each (RFC 7541 Appendix B). */
const CODE_LENGTHS = [
  'dnsssssssoussussssssssusssssssss6aacd68baa8b8666555666666678f6ca',
  'd67777777777777777777777878djde6f56565666577666567655677777fbeds',
  'kmkkmmmnmnnnnnonoomnonnnnlmnmnnomlkmmnnlnmmolmnnllmlnmnnkmmmnmmn',
  'qqkjmnmpqqqrrqopjlqrrqrollqqsrrrkoklmllnmmppooqnqrqqrrrrrsrrrrrq',
  'u',
].join('');

/** `length:code` to octet. The code is canonical: shorter first, and within a length in the order of the octets. */
const OCTETS = new Map<string, number>();
{
  let code = 0;
  for (let length = 1; length <= 30; length++, code *= 2) {
    for (let octet = 0; octet < CODE_LENGTHS.length; octet++) {
      if (Number.parseInt(CODE_LENGTHS[octet], 36) === length) OCTETS.set(`${length}:${code++}`, octet);
    }
  }
}

export function decodeHuffmanText(bytes: Uint8Array): string {
  let text = '';
  let code = 0;
  let length = 0;
  for (let bit = 0; bit < bytes.length * 8; bit++) {
    code = code * 2 + ((bytes[bit >> 3] >> (7 - (bit & 7))) & 1);
    const octet = OCTETS.get(`${++length}:${code}`);
    if (octet === undefined) continue;
    text += String.fromCharCode(octet);
    code = 0;
    length = 0;
  }
  // §5.2: padding is the beginning of EOS, all ones, and shorter than a byte.
  if (length > 7 || code !== 2 ** length - 1) throw new Error('a Huffman-coded string ends inside a code');
  return text;
}
