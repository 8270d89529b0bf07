// SPDX-License-Identifier: Apache-2.0
// Header blocks: few bytes that become many, many frames that become one block, blocks that never end, and tables that
// the peer wants large.

import assert from 'node:assert/strict';
import { type ExchangeHandler, prepareHeaders } from '../../packages/crosstie/src/exchange/index.ts';
import {
  continuation,
  data,
  END_STREAM,
  encodeFields,
  encodeInteger,
  headers,
  raw,
  request,
  reset,
  settings,
  windowUpdate,
} from '../../packages/crosstie/src/testing/index.ts';
import { actedOn, attack, endedBy, endedByError, legitimate, unhurt } from './arena.ts';
import {
  anyFrame,
  burst,
  inserted,
  REQUEST_BLOCK,
  references,
  repeat,
  requestWith,
  streamIds,
  whole,
} from './frames.ts';
import { createEcho, createSource, createWaiting } from './handlers.ts';

const KIB = 1024;
const HEADERS = 0x1;
const UNFINISHED = { endHeaders: false };

/** What every server answers with here. */
const ANSWER = Buffer.alloc(100, 'answer');

attack('CONTINUATION flood of small frames', async (arena) => {
  const attacked = arena.serve(createEcho());
  const { peer, connection } = attacked;
  await peer.handshake();
  await peer.sends(headers(1, REQUEST_BLOCK, UNFINISHED));
  for (let i = 0; i < 8; i++) await peer.sends(continuation(1, { [`x-${i}`]: 'y' }, UNFINISHED));
  await arena.servesOthers();
  assert.ok(connection.inspect().heldBytes < 2 * KIB);
  await peer.sends(continuation(1, { 'x-8': 'y' }, UNFINISHED));
  endedBy(attacked, 'continuationFrames');
});

attack('CONTINUATION flood of empty frames', async (arena) => {
  const attacked = arena.serve(createEcho());
  await attacked.peer.handshake();
  await attacked.peer.sends(headers(1, REQUEST_BLOCK, UNFINISHED), continuation(1, Buffer.alloc(0), UNFINISHED));
  await arena.servesOthers();
  assert.equal(attacked.connection.inspect().state, 'open');
  await attacked.peer.sends(continuation(1, Buffer.alloc(0), UNFINISHED));
  endedBy(attacked, 'continuationFrames');
});

attack('CONTINUATION flood of full frames', async (arena) => {
  const attacked = arena.serve(createEcho());
  const { peer, connection } = attacked;
  await peer.handshake();
  // A single value that never ends: nothing to decode, only to keep.
  await peer.sends(
    headers(1, Buffer.alloc(16 * KIB), UNFINISHED),
    repeat(3, continuation(1, Buffer.alloc(16 * KIB), UNFINISHED)),
  );
  await arena.servesOthers();
  assert.ok(connection.inspect().heldBytes <= 64 * KIB + 512, `held ${connection.inspect().heldBytes}`);
  await peer.sends(continuation(1, Buffer.alloc(1), UNFINISHED));
  endedBy(attacked, 'headerListBytes');
});

legitimate('a header list near its limit in nine frames', async (arena) => {
  const attacked = arena.serve(createEcho());
  const { peer } = attacked;
  await peer.handshake();
  const block = Buffer.concat([REQUEST_BLOCK, encodeFields([['x-long', 'v'.repeat(15 * KIB)]])]);
  const part = Math.ceil(block.length / 9);
  await peer.sends(headers(1, block.subarray(0, part), { flags: END_STREAM, endHeaders: false }));
  for (let i = 1; i < 8; i++) await peer.sends(continuation(1, block.subarray(part * i, part * (i + 1)), UNFINISHED));
  await peer.sends(continuation(1, block.subarray(part * 8)));
  await peer.receives(headers(1, { ':status': '200' }));
  unhurt(attacked);
});

attack('header block never completed', async (arena) => {
  const attacked = arena.serve(createEcho());
  const { peer } = attacked;
  await peer.handshake();
  await peer.sends(headers(1, REQUEST_BLOCK, UNFINISHED));
  await peer.waits(9_900);
  // A sign of life does not buy more time.
  await peer.sends(continuation(1, { a: 'b' }, UNFINISHED));
  await arena.servesOthers();
  assert.equal(attacked.connection.inspect().state, 'open');
  await peer.waits(200);
  endedBy(attacked, 'headerBlockMs');
});

attack('HEADERS frame never completed', async (arena) => {
  const attacked = arena.serve(createEcho());
  const { peer } = attacked;
  await peer.handshake();
  // The head announces a block; one byte of it comes, then one every few seconds.
  const bytes = headers(1, REQUEST_BLOCK, END_STREAM).encode();
  await peer.sends(raw(bytes.subarray(0, 10)));
  await peer.waits(9_900);
  await peer.sends(raw(bytes.subarray(10, 11)));
  await arena.servesOthers();
  await peer.waits(200);
  endedBy(attacked, 'headerBlockMs');
});

legitimate('a header block that takes nine seconds', async (arena) => {
  const attacked = arena.serve(createEcho());
  const { peer } = attacked;
  await peer.handshake();
  await peer.sends(headers(1, REQUEST_BLOCK.subarray(0, 10), { flags: END_STREAM, endHeaders: false }));
  await peer.waits(9_000);
  await peer.sends(continuation(1, REQUEST_BLOCK.subarray(10)));
  await peer.receives(headers(1, { ':status': '200' }));
  await peer.waits(20_000);
  unhurt(attacked);
});

attack('HPACK bomb beyond four times the limit', async (arena) => {
  const attacked = arena.serve(createEcho());
  const { peer } = attacked;
  await peer.handshake();
  // CVE-2016-6581: an entry of 4 KB, then a byte for each copy of it: 16 bytes stand for 64 KiB.
  await peer.sends(headers(1, Buffer.concat([REQUEST_BLOCK, inserted('x-bomb', 'v'.repeat(4_000))]), END_STREAM));
  await peer.receives(headers(1, { ':status': '200' }));
  await arena.servesOthers();
  await peer.sends(headers(3, Buffer.concat([REQUEST_BLOCK, references(4_000)]), END_STREAM));
  endedBy(attacked, 'headerListBytes');
});

attack('HPACK bomb within four times the limit', async (arena) => {
  const handler = createEcho();
  const attacked = arena.serve(handler);
  const { peer, connection } = attacked;
  await peer.handshake();
  await peer.sends(headers(1, Buffer.concat([REQUEST_BLOCK, inserted('x-bomb', 'v'.repeat(3_900))]), END_STREAM));
  await peer.takes();
  for (const id of streamIds(200, 3)) {
    await peer.sends(headers(id, Buffer.concat([REQUEST_BLOCK, references(8)]), END_STREAM));
    await peer.receives(headers(id, { ':status': '431' }, END_STREAM));
  }
  await arena.servesOthers();
  assert.equal(connection.inspect().heldBytes, 0);
  assert.equal(handler.calls, 1);
  actedOn(attacked, 'headerListBytes');
  // Each refusal is an answer that the peer's fault has cost us: 200 in 30 seconds.
  await peer.sends(headers(405, Buffer.concat([REQUEST_BLOCK, references(8)]), END_STREAM));
  endedBy(attacked, 'resetsSent');
});

attack('HPACK bomb in trailers', async (arena) => {
  const attacked = arena.serve(createWaiting());
  const { peer } = attacked;
  await peer.handshake();
  await peer.sends(headers(1, Buffer.concat([REQUEST_BLOCK, inserted('x-bomb', 'v'.repeat(3_900))])));
  await peer.sends(headers(1, references(8), END_STREAM));
  await arena.servesOthers();
  assert.equal(attacked.connection.inspect().streams.open, 0);
  actedOn(attacked, 'headerListBytes');
});

attack('HPACK integer of six bytes', async (arena) => {
  const attacked = arena.serve(createEcho());
  await attacked.peer.handshake();
  await arena.servesOthers();
  await attacked.peer.sends(headers(1, Buffer.from('00ff8080808080808001', 'hex'), END_STREAM));
  endedByError(attacked, 'COMPRESSION_ERROR', /integer/);
});

attack('HPACK string longer than its block', async (arena) => {
  const attacked = arena.serve(createEcho());
  await attacked.peer.handshake();
  await arena.servesOthers();
  const before = process.memoryUsage();
  // 256 MiB announced, none of it sent.
  await attacked.peer.sends(headers(1, Buffer.concat([Buffer.of(0x00), encodeInteger(2 ** 28, 7)]), END_STREAM));
  endedByError(attacked, 'COMPRESSION_ERROR', /longer than/);
  assert.ok(process.memoryUsage().rss - before.rss < 64 * KIB * KIB);
});

attack('decoder table made larger than announced', async (arena) => {
  const attacked = arena.serve(createEcho());
  await attacked.peer.handshake();
  await arena.servesOthers();
  await attacked.peer.sends(headers(1, Buffer.concat([encodeInteger(2 ** 20, 5, 0x20), REQUEST_BLOCK]), END_STREAM));
  endedByError(attacked, 'COMPRESSION_ERROR', /size update/);
});

attack('cookie bomb beyond the field count', async (arena) => {
  const handler = createEcho();
  const attacked = arena.serve(handler);
  const { peer, connection } = attacked;
  await peer.handshake();
  // CVE-2026-49975: a crumb is one byte on the wire and an allocation in the server. 4 + 125 fields, limit 128.
  await peer.sends(headers(1, Buffer.concat([REQUEST_BLOCK, inserted('cookie', 'a=1')]), END_STREAM));
  await peer.takes();
  await peer.sends(headers(3, Buffer.concat([REQUEST_BLOCK, references(125)]), END_STREAM));
  await peer.receives(headers(3, { ':status': '431' }, END_STREAM));
  await arena.servesOthers();
  assert.deepEqual([handler.calls, connection.inspect().heldBytes], [1, 0]);
  actedOn(attacked, 'headerFields');
});

attack('cookie bomb beyond four times the field count', async (arena) => {
  const attacked = arena.serve(createEcho());
  const { peer } = attacked;
  await peer.handshake();
  await peer.sends(headers(1, Buffer.concat([REQUEST_BLOCK, inserted('cookie', 'a=1')]), END_STREAM));
  await arena.servesOthers();
  // 513 fields of 41 bytes each: 20 KB of list, so it is the count that is four times too large.
  await peer.sends(headers(3, Buffer.concat([REQUEST_BLOCK, references(509)]), END_STREAM));
  endedBy(attacked, 'headerFields');
});

attack('indexed-reference bomb held by a window stall', async (arena) => {
  const handler = createSource(ANSWER);
  const attacked = arena.serve(handler);
  const { peer, connection } = attacked;
  await peer.handshake({ INITIAL_WINDOW_SIZE: 0 });
  // CVE-2026-47774: within the limits, 124 references to one entry on each of 256 streams, and no answer is taken.
  await peer.sends(headers(1, Buffer.concat([REQUEST_BLOCK, inserted('cookie', 'a'.repeat(80))])));
  const bomb = Buffer.concat([REQUEST_BLOCK, references(120)]);
  await peer.sends(burst([...streamIds(255, 3)].map((id) => headers(id, bomb, END_STREAM))));
  const { heldBytes, streams } = connection.inspect();
  assert.equal(streams.waitingToSend, 256);
  // The decoded list is accounted for as long as it is kept, and cannot be more than its limit for each slot.
  assert.ok(heldBytes > 255 * 120 * 80, `held ${heldBytes}`);
  assert.ok(heldBytes < 256 * 16 * KIB, `held ${heldBytes}`);
  assert.ok(arena.budget.heldBytes >= heldBytes);
  await arena.servesOthers();
  await peer.waits(40_000);
  actedOn(attacked, 'sendStallMs');
  const after = connection.inspect();
  assert.deepEqual([after.streams.open, after.streams.slots, after.heldBytes], [0, 0, 0]);
  assert.equal(arena.budget.heldBytes, 0);
});

legitimate('many cookies within the limits', async (arena) => {
  const attacked = arena.serve(createEcho());
  const { peer } = attacked;
  await peer.handshake();
  // A browser's crumbs, one field each (RFC 9113 §8.2.3): 4 + 120 fields, about 11 KiB of list.
  const crumbs = Array.from({ length: 120 }, (_, i) => ['cookie', `session-${i}=${'v'.repeat(40)}`] as const);
  for (const id of streamIds(500)) {
    await peer.sends(requestWith(id, crumbs, END_STREAM));
    await peer.receives(headers(id, { ':status': '200' }), headers(id, { 'grpc-status': '0' }, END_STREAM));
  }
  unhurt(attacked);
});

legitimate('long header lists within the limits', async (arena) => {
  const attacked = arena.serve(createEcho());
  const { peer } = attacked;
  await peer.handshake();
  const long = Array.from({ length: 10 }, (_, i) => [`x-metadata-${i}`, 'v'.repeat(1_400)] as const);
  for (const id of streamIds(200)) {
    await peer.sends(requestWith(id, long, END_STREAM));
    await peer.receives(headers(id, { ':status': '200' }), headers(id, { 'grpc-status': '0' }, END_STREAM));
  }
  unhurt(attacked);
});

attack('zero-length header names', async (arena) => {
  const attacked = arena.serve(createEcho());
  const { peer, connection } = attacked;
  await peer.handshake();
  // CVE-2019-9516: names of no length with values of no length, each of them once kept for ever.
  const empty = encodeFields(
    Array.from({ length: 100 }, () => ['', ''] as const),
    'indexed',
  );
  for (const id of streamIds(200)) {
    await peer.sends(headers(id, Buffer.concat([REQUEST_BLOCK, empty]), END_STREAM));
    await peer.receives(reset(id, 'PROTOCOL_ERROR'));
  }
  await arena.servesOthers();
  assert.equal(connection.inspect().heldBytes, 0);
  await peer.sends(headers(401, Buffer.concat([REQUEST_BLOCK, empty]), END_STREAM));
  endedBy(attacked, 'resetsSent');
});

attack('encoder table bomb', async (arena) => {
  const attacked = arena.serve(manyHeads());
  const { peer } = attacked;
  await peer.handshake({ HEADER_TABLE_SIZE: 0xffff_ffff });
  const before = process.memoryUsage();
  for (const id of streamIds(2_000)) {
    await peer.sends(whole(id));
    const [head] = await peer.takes();
    // RFC 7541 §6.3: a size update, were there one, names no more than 4096; the peer's decoder keeps 4096 in any case
    // and would not find what a larger encoder table refers to.
    assert.equal(head.kind, 'headers');
    if (head.body[0] >>> 5 === 1) assert.ok(sizeUpdate(head.body) <= 4_096);
  }
  await arena.servesOthers();
  const grown = process.memoryUsage().heapUsed - before.heapUsed;
  assert.ok(grown < 64 * KIB * KIB, `heap grew by ${grown}`);
  unhurt(attacked);
});

legitimate('a header table resized between requests', async (arena) => {
  const attacked = arena.serve(manyHeads());
  const { peer } = attacked;
  await peer.handshake();
  for (const [i, id] of [...streamIds(20)].entries()) {
    if (i % 5 === 4) await peer.sends(settings({ HEADER_TABLE_SIZE: i % 2 === 0 ? 0 : 4_096 }));
    await peer.sends(whole(id));
    const frames = await peer.takes();
    assert.ok(frames.some((one) => headers(id, { ':status': '200', 'x-head': String(i) }, END_STREAM).matches(one)));
  }
  unhurt(attacked);
});

legitimate('padded HEADERS and DATA', async (arena) => {
  const attacked = arena.serve(createEcho());
  const { peer, connection } = attacked;
  await peer.handshake({ INITIAL_WINDOW_SIZE: 2 ** 24 });
  await peer.sends(windowUpdate(0, 2 ** 24));
  // Fifty times the window of a stream in padding: it counts for flow control and comes back at once.
  for (const id of streamIds(50)) {
    await peer.sends(headers(id, request('POST', '/echo'), { paddingBytes: 255 }));
    await peer.sends(repeat(4_000, data(id, 'x', { paddingBytes: 255 })), data(id, 'end', END_STREAM));
    const answer = (await peer.takes()).filter((one) => one.wire.type === 0 && one.wire.streamId === id);
    assert.equal(
      answer.reduce((sum, one) => sum + one.body.length, 0),
      4_003,
    );
  }
  assert.equal(connection.inspect().heldBytes, 0);
  unhurt(attacked);
});

attack('HEADERS frames larger than allowed', async (arena) => {
  const attacked = arena.serve(createEcho());
  await attacked.peer.handshake();
  await arena.servesOthers();
  await attacked.peer.sends(anyFrame(HEADERS, 16_385, 1, 0x4));
  endedByError(attacked, 'FRAME_SIZE_ERROR', /16385/);
});

/** Answers with a head of its own each time, prepared as if it were constant: what fills an encoder's table. */
function manyHeads(): ExchangeHandler {
  let count = 0;
  return (exchange) => {
    exchange.reply(
      prepareHeaders([
        [':status', '200'],
        ['x-head', String(count++)],
      ]),
    );
    return { onData: () => {}, onEnd: () => {}, onFailure: () => {}, onWritable: () => {} };
  };
}

/** The size that a block begins by announcing. */
function sizeUpdate(block: Buffer): number {
  if ((block[0] & 0x1f) < 0x1f) return block[0] & 0x1f;
  let value = 0x1f;
  for (let at = 1, shift = 0; ; at++, shift += 7) {
    value += (block[at] & 0x7f) * 2 ** shift;
    if (block[at] < 0x80) return value;
  }
}
