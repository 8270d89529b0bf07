// SPDX-License-Identifier: Apache-2.0
// Huffman decoding (RFC 7541 §5.2) as a state machine that takes a byte at a step. A state is an inner node of the
// code tree, 256 in all; a step emits at most two octets, since the shortest code has five bits. The table takes
// 256 KiB and a few milliseconds at load; look-up tables in two levels, 7 KiB, were 1.3 to 2 times slower in our trial.
// We never send it: it costs more time than the bytes are worth.

import { HpackError } from './error.ts';
import { EOS, huffmanCodes } from './huffman-code.ts';

/** The shortest code: a string of n bytes decodes to at most n * 8 / 5 octets. */
const SHORTEST_CODE_BITS = 5;

/** RFC 7541 §5.2: a padding strictly longer than 7 bits is an error. */
const MAX_PADDING_BITS = 7;

/** Each inner node's two children: another inner node (above 0, the root is no child), or a leaf as -1 - symbol. */
interface CodeTree {
  readonly zero: number[];
  readonly one: number[];
}

const TREE = growTree();

/** [state * 256 + byte]: first octet, second octet << 8, how many << 16, next state << 18; negative where EOS is. */
const STEPS = buildSteps(TREE);

/** [state]: 1 where a string may end, that is at the root or up to seven ones below it. */
const MAY_END = buildEnds(TREE);

/** An upper bound of what `decodeHuffman` writes for a string of `bytes` bytes; it may touch one octet more. */
export function maxHuffmanBytes(bytes: number): number {
  return Math.ceil((bytes * 8) / SHORTEST_CODE_BITS) + 1;
}

/** Decodes block[at, end) into the front of `out`, which has room for `maxHuffmanBytes`; returns how many octets. */
export function decodeHuffman(block: Buffer, at: number, end: number, out: Buffer): number {
  let state = 0;
  let length = 0;
  for (let i = at; i < end; i++) {
    const step = STEPS[state | block[i]];
    // RFC 7541 §5.2: a string that contains the EOS symbol is a decoding error.
    if (step < 0) throw new HpackError('a Huffman-coded string contains EOS');
    // Both octets are written and only those that count are kept: a branch would be mispredicted half of the time.
    out[length] = step;
    out[length + 1] = step >>> 8;
    length += (step >>> 16) & 3;
    state = (step >>> 10) & 0xff00;
  }
  // RFC 7541 §5.2: padding longer than 7 bits, or not the most significant bits of EOS, is a decoding error.
  if (MAY_END[state >>> 8] === 0) throw new HpackError('a Huffman-coded string has wrong padding');
  return length;
}

function growTree(): CodeTree {
  const tree: CodeTree = { zero: [0], one: [0] };
  for (const { symbol, bits, code } of huffmanCodes()) {
    let node = 0;
    for (let bit = bits - 1; bit > 0; bit--) {
      const side = (code >>> bit) & 1 ? tree.one : tree.zero;
      if (side[node] === 0) {
        side[node] = tree.zero.length;
        tree.zero.push(0);
        tree.one.push(0);
      }
      node = side[node];
    }
    (code & 1 ? tree.one : tree.zero)[node] = -1 - symbol;
  }
  return tree;
}

function buildSteps(tree: CodeTree): Int32Array {
  const steps = new Int32Array(tree.zero.length << 8);
  for (let state = 0; state < tree.zero.length; state++) {
    const row = steps.subarray(state << 8, (state + 1) << 8);
    row[0] = state << 18;
    // The row doubles eight times: what the first bits lead to is extended by a zero and by a one. From the back, since
    // the two results of the place p belong at 2p and 2p + 1.
    for (let known = 1; known < 256; known <<= 1) {
      for (let prefix = known - 1; prefix >= 0; prefix--) {
        const step = row[prefix];
        row[2 * prefix] = extendStep(step, tree.zero);
        row[2 * prefix + 1] = extendStep(step, tree.one);
      }
    }
  }
  return steps;
}

/** The step one bit further, in the form of STEPS. `side` is the children for that bit. */
function extendStep(step: number, side: number[]): number {
  if (step < 0) return step;
  const child = side[step >>> 18];
  if (child > 0) return (child << 18) | (step & 0x3ffff);
  const symbol = -1 - child;
  if (symbol === EOS) return -1;
  const emitted = (step >>> 16) & 3;
  return ((emitted + 1) << 16) | (symbol << (8 * emitted)) | (step & 0xffff);
}

function buildEnds(tree: CodeTree): Uint8Array {
  const ends = new Uint8Array(tree.zero.length);
  for (let node = 0, bits = 0; bits <= MAX_PADDING_BITS; node = tree.one[node], bits++) ends[node] = 1;
  return ends;
}
