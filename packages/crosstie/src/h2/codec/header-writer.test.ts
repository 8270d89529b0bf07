// SPDX-License-Identifier: Apache-2.0

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type OutgoingHeaders, outgoingHeaders, prepareHeaders } from '../../exchange/index.ts';
import { HpackDecoder } from '../../hpack/index.ts';
import { Flag, type FrameHead, FrameType, parseFrameHead } from '../frame/index.ts';
import { HeaderWriter } from './header-writer.ts';
import { OutputBatch } from './output-batch.ts';

interface Written {
  readonly frames: readonly (FrameHead & { readonly payload: Buffer })[];
  readonly block: Buffer;
  readonly bytes: number;
}

/** A writer and the peer that decodes all it writes. */
class Conversation {
  readonly writer = new HeaderWriter(4096);
  readonly #batch = new OutputBatch();
  readonly decoder = new HpackDecoder({
    maxTableBytes: 4096,
    maxListBytes: 1e9,
    maxFields: 1e6,
    abortListBytes: 1e9,
  });

  write(headers: OutgoingHeaders, endStream = false): Written {
    this.writer.write(this.#batch, 1, headers, endStream);
    const { segments, release } = this.#batch.take();
    const bytes = Buffer.concat(segments);
    release();
    const frames: (FrameHead & { payload: Buffer })[] = [];
    for (let at = 0; at < bytes.length; at += 9 + frames[frames.length - 1].length) {
      const head = { length: 0, type: 0, flags: 0, streamId: 0 };
      parseFrameHead(bytes, at, head);
      frames.push({ ...head, payload: bytes.subarray(at + 9, at + 9 + head.length) });
    }
    return { frames, block: Buffer.concat(frames.map((frame) => frame.payload)), bytes: bytes.length };
  }

  /** Writes, decodes and compares. */
  says(headers: OutgoingHeaders): { readonly hex: string; readonly neverIndexed: readonly string[] } {
    const { block } = this.write(headers);
    const decoded = this.decoder.decode(block, 0, block.length);
    assert.deepEqual(decoded.fields, [...headers].flat());
    return { hex: block.toString('hex'), neverIndexed: [...(decoded.neverIndexed ?? [])] };
  }
}

const HEAD = prepareHeaders([
  [':status', '200'],
  ['content-type', 'application/grpc+proto'],
]);
const TRAILERS = prepareHeaders([['grpc-status', '0']]);

test('prepared fields are one byte each after first use', () => {
  const peer = new Conversation();
  assert.equal(peer.says(HEAD).hex.slice(0, 4), '885f', ':status from the static table, content-type inserted');
  peer.says(TRAILERS);
  // The oldest of two entries has index 63, the newest 62 (RFC 7541 §2.3.3).
  for (let i = 0; i < 3; i++) {
    assert.equal(peer.says(HEAD).hex, '88bf');
    assert.equal(peer.says(TRAILERS).hex, 'be');
  }
  // 9 + 2 for the head, 9 + 1 for the trailers.
  assert.deepEqual([peer.write(HEAD).bytes, peer.write(TRAILERS).bytes], [11, 10]);
});

test('later insertions move the indices of constants made before', () => {
  const peer = new Conversation();
  for (let i = 0; i < 3; i++) peer.says(HEAD);
  for (let i = 0; i < 60; i++) peer.says(prepareHeaders([[`x-${i}`, 'v']]));
  for (let i = 0; i < 3; i++) assert.equal(peer.says(HEAD).hex, '88fa');
});

test('a full table takes no more: nothing is ever evicted', () => {
  const peer = new Conversation();
  peer.says(HEAD);
  const many = Array.from({ length: 200 }, (_, i) => prepareHeaders([[`x-${i}`, 'v'.repeat(20)]]));
  for (const headers of many) peer.says(headers);
  assert.equal(peer.says(many[199]).hex.slice(0, 2), '00', 'a literal without indexing');
  const { generation } = peer.decoder;
  assert.equal(peer.says(HEAD).hex.length <= 6, true);
  assert.equal(peer.decoder.generation, generation);
});

test('fields of one call are never indexed by us', () => {
  const peer = new Conversation();
  const { generation } = peer.decoder;
  const call = outgoingHeaders([
    ['x-request-id', 'a1'],
    ['content-type', 'text/plain'],
  ]);
  for (let i = 0; i < 3; i++) peer.says(call);
  assert.equal(peer.decoder.generation, generation);
  peer.says(HEAD.with(['x-request-id', 'a2']));
  peer.says(HEAD.with(['x-request-id', 'a2']));
  assert.equal(peer.decoder.generation, generation + 1, 'content-type of the prepared part alone');
});

test('secrets are never-indexed literals', () => {
  // RFC 7541 §7.1.3: "Implementations MAY choose not to index values [...] more likely to contain sensitive information".
  const peer = new Conversation();
  const secrets = ['authorization', 'proxy-authorization', 'cookie', 'set-cookie'];
  const { neverIndexed } = peer.says(outgoingHeaders(secrets.map((name) => [name, 'secret'] as const)));
  assert.deepEqual(neverIndexed, secrets);
  assert.deepEqual(peer.says(prepareHeaders([['cookie', 'secret']])).neverIndexed, ['cookie'], 'prepared or not');
  const named = outgoingHeaders([['x-api-key', 'k']], new Set(['x-api-key']));
  assert.deepEqual(peer.says(named).neverIndexed, ['x-api-key']);
  assert.deepEqual(peer.says(HEAD.with(['x-api-key', 'k'], new Set(['x-api-key']))).neverIndexed, ['x-api-key']);
});

test('a smaller table of the peer is announced before the next block, and constants are made anew', () => {
  const peer = new Conversation();
  for (let i = 0; i < 3; i++) peer.says(HEAD);
  peer.writer.setPeerTableBytes(0);
  // RFC 7541 §4.2: "This dynamic table size update MUST occur at the beginning of the first header block following the
  // change".
  assert.match(peer.says(HEAD).hex, /^20880f10/, 'size update to 0, then literals');
  assert.match(peer.says(HEAD).hex, /^880f10/);
  peer.writer.setPeerTableBytes(4096);
  assert.match(peer.says(HEAD).hex, /^3fe11f885f/);
  assert.equal(peer.says(HEAD).hex, '88be');
});

test('of several changes the smallest and the last are announced', () => {
  const peer = new Conversation();
  peer.says(HEAD);
  for (const bytes of [100, 0, 2_000]) peer.writer.setPeerTableBytes(bytes);
  assert.match(peer.says(HEAD).hex, /^203fb10f88/);
  assert.equal(peer.says(HEAD).hex, '88be');
});

test('a larger table of the peer is not used: 4096 bytes are ours', () => {
  const peer = new Conversation();
  peer.writer.setPeerTableBytes(0xffffffff);
  assert.equal(peer.says(HEAD).hex.slice(0, 2), '88');
});

test('one HEADERS frame, END_STREAM and END_HEADERS on it', () => {
  const peer = new Conversation();
  const { frames } = peer.write(TRAILERS, true);
  assert.deepEqual(
    frames.map(({ type, flags, streamId }) => [type, flags, streamId]),
    [[FrameType.HEADERS, Flag.END_STREAM | Flag.END_HEADERS, 1]],
  );
});

test('a block larger than the peer accepts goes on in CONTINUATION', () => {
  const peer = new Conversation();
  const large = outgoingHeaders([['x', 'v'.repeat(40_000)]]);
  const { frames, block } = peer.write(large, true);
  // §6.10: END_HEADERS on the last frame of the block; §6.2: END_STREAM on HEADERS.
  assert.deepEqual(
    frames.map(({ type, flags, length }) => [type, flags, length]),
    [
      [FrameType.HEADERS, Flag.END_STREAM, 16_384],
      [FrameType.CONTINUATION, 0, 16_384],
      [FrameType.CONTINUATION, Flag.END_HEADERS, block.length - 2 * 16_384],
    ],
  );
  assert.deepEqual(peer.decoder.decode(block, 0, block.length).fields, [...large].flat());
});

test('the last frame is never empty, and the peer may accept more', () => {
  const peer = new Conversation();
  // Name and value cost 1 + 1 + 1 + 4 bytes beside the value.
  const exact = outgoingHeaders([['x', 'v'.repeat(2 * 16_384 - 7)]]);
  assert.deepEqual(
    peer.write(exact).frames.map((frame) => frame.length),
    [16_384, 16_384],
  );
  peer.writer.maxFrameBytes = 2 * 16_384;
  assert.deepEqual(
    peer.write(exact).frames.map(({ type, flags }) => [type, flags]),
    [[FrameType.HEADERS, Flag.END_HEADERS]],
  );
});
