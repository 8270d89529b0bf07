// SPDX-License-Identifier: Apache-2.0
// What a header block costs: `node hpack.bench.ts` prints nanoseconds per call, the best of several rounds, since
// slower rounds measure the machine's other work. The last part decided how strings are read.

import { HpackDecoder } from './decoder.ts';
import { HpackEncoder, Indexing } from './encoder.ts';
import { decodeHuffman } from './huffman.ts';
import { encodeHuffman } from './huffman-encode.ts';
import { writeInteger } from './integer.ts';
import { latin1Text } from './latin1-text.ts';

const ROUNDS = 15;
const CALLS = 50_000;
const LIMITS = { maxTableBytes: 4096, maxListBytes: 16_384, maxFields: 128, abortListBytes: 65_536 };

const REQUEST: readonly (readonly [name: string, value: string])[] = [
  [':method', 'POST'],
  [':scheme', 'http'],
  [':path', '/helloworld.Greeter/SayHello'],
  [':authority', 'localhost:50051'],
  ['te', 'trailers'],
  ['content-type', 'application/grpc'],
  ['user-agent', 'grpc-node-js/1.14.0'],
  ['grpc-accept-encoding', 'identity,deflate,gzip'],
  ['grpc-encoding', 'identity'],
  ['accept-encoding', 'identity'],
];

/** Keeps results alive, so that no call is optimised away. */
let sink = 0;

function measure(label: string, call: () => number): void {
  let bestNs = Number.POSITIVE_INFINITY;
  for (let round = 0; round < ROUNDS; round++) {
    const startMs = performance.now();
    for (let i = 0; i < CALLS; i++) sink += call();
    bestNs = Math.min(bestNs, ((performance.now() - startMs) * 1e6) / CALLS);
  }
  console.log(`${label.padEnd(72)} ${bestNs.toFixed(1).padStart(8)} ns`);
}

function measureDecode(label: string, decoder: HpackDecoder, block: Buffer): void {
  measure(`decode ${label}, ${block.length} bytes`, () => decoder.decode(block, 0, block.length).count);
}

function encodeFields(encoder: HpackEncoder, fields: typeof REQUEST, indexing: Indexing): Buffer {
  const out = Buffer.alloc(4096);
  let at = 0;
  for (const [name, value] of fields) at = encoder.writeField(name, value, indexing, out, at);
  return out.subarray(0, at);
}

function huffmanString(text: string): Buffer {
  const coded = encodeHuffman(Buffer.from(text, 'latin1'));
  const head = Buffer.alloc(5);
  return Buffer.concat([head.subarray(0, writeInteger(0x80, 0x7f, coded.length, head, 0)), coded]);
}

const PLAIN_LITERAL = Buffer.of(0);

function huffmanLiterals(fields: typeof REQUEST): Buffer {
  return Buffer.concat(fields.flatMap(([name, value]) => [PLAIN_LITERAL, huffmanString(name), huffmanString(value)]));
}

const encoder = new HpackEncoder(4096);
const decoder = new HpackDecoder(LIMITS);
const opening = encodeFields(encoder, REQUEST, Indexing.Insert);
decoder.decode(opening, 0, opening.length);
const indexed = encodeFields(encoder, REQUEST, Indexing.Insert);
measureDecode('(a) gRPC request, 10 indexed fields', decoder, indexed);

const TIMEOUT = [['grpc-timeout', '999812u']] as const;
const timeout = Buffer.concat([indexed, encodeFields(encoder, TIMEOUT, Indexing.Literal)]);
measureDecode('(a) the same and grpc-timeout as a literal', decoder, timeout);

const literals = encodeFields(new HpackEncoder(0), REQUEST, Indexing.Literal);
measureDecode('(b) gRPC request, 2 indexed, 8 literals', decoder, literals);

const CUSTOM = [
  ['x-tenant', 'blue'],
  ['x-session-key', '7d1f0a55'],
  ['authorization', `Bearer ${'eyJhbGciOiJSUzI1NiJ9.'.repeat(20)}`],
] as const;
measureDecode('(b) 2 short custom fields and a token', decoder, encodeFields(encoder, CUSTOM, Indexing.Literal));

measureDecode('(c) gRPC request, 10 literals, names and values Huffman', decoder, huffmanLiterals(REQUEST));
measureDecode('(c) 2 short custom fields and a token, Huffman', decoder, huffmanLiterals(CUSTOM));

const out = Buffer.alloc(4096);
const write = (fields: typeof REQUEST, indexing: Indexing): number => {
  let at = 0;
  for (const [name, value] of fields) at = encoder.writeField(name, value, indexing, out, at);
  return at;
};
measure('encode (a) gRPC request, 10 indexed fields', () => write(REQUEST, Indexing.Insert));
measure('encode (b) 2 short custom fields and a token', () => write(CUSTOM, Indexing.Literal));

const text = Buffer.from('/helloworld.Greeter/SayHello and a little more text');
for (const length of [8, 16, 24, 25, 32]) {
  measure(`text of ${length} bytes`, () => latin1Text(text, 0, length).length);
}
const coded = encodeHuffman(text);
measure(`Huffman, ${coded.length} bytes to ${text.length}`, () => decodeHuffman(coded, 0, coded.length, out));

console.log(`(${sink % 10})`);
