// SPDX-License-Identifier: Apache-2.0
// The other way round: a hostile server, and our client. It keeps the same limits, and its callers are told.

import assert from 'node:assert/strict';
import { outgoingHeaders, type ResponseReceiver } from '../../packages/crosstie/src/exchange/index.ts';
import type { ClientConnection } from '../../packages/crosstie/src/h2/index.ts';
import {
  ack,
  continuation,
  data,
  END_STREAM,
  encodeFields,
  frame,
  goAway,
  headers,
  ping,
  pong,
  pushPromise,
  ResponseRecorder,
  reset,
  settings,
  windowUpdate,
} from '../../packages/crosstie/src/testing/index.ts';
import {
  type Arena,
  type AttackedByPeer,
  actedOn,
  attack,
  endedBy,
  endedByError,
  legitimate,
  unhurt,
} from './arena.ts';
import { anyFrame, bulkData, inserted, references, repeat, streamIds } from './frames.ts';
import { POST } from './handlers.ts';

const KIB = 1_024;
const MIB = 1_024 * KIB;
const GLITCHES = 10_000;
const ALTSVC = 0xa;
const ORIGIN = 0xc;
const STATUS_200 = encodeFields([[':status', '200']]);
const HINTS = { ':status': '103', link: '</style.css>' };

attack('1xx responses without end', async (arena) => {
  const { attacked, answer } = await callOnce(arena);
  const { peer } = attacked;
  await peer.sends(repeat(32, headers(1, HINTS)));
  await arena.servesOthers();
  assert.deepEqual([answer.information.length, answer.failure], [32, undefined]);
  await peer.sends(headers(1, HINTS));
  await peer.receives(reset(1, 'ENHANCE_YOUR_CALM'));
  assert.equal(answer.failure?.origin, 'local');
  actedOn(attacked, 'informationHeads');
  // What it still sends for the stream is late, then too late.
  await peer.sends(repeat(GLITCHES + 1, headers(1, HINTS)));
  endedBy(attacked, 'glitches');
});

attack('1xx responses without end, all in one read', async (arena) => {
  const { attacked, answer } = await callOnce(arena);
  await attacked.peer.sends(repeat(500, headers(1, HINTS)));
  await arena.servesOthers();
  assert.ok(answer.information.length <= 33);
  assert.equal(answer.failure?.origin, 'local');
  actedOn(attacked, 'informationHeads');
});

attack('PUSH_PROMISE although push is off', async (arena) => {
  const { attacked, answer } = await callOnce(arena);
  await arena.servesOthers();
  await attacked.peer.sends(
    pushPromise(1, 2, { ':method': 'GET', ':path': '/', ':scheme': 'http', ':authority': 'a' }),
  );
  endedByError(attacked, 'PROTOCOL_ERROR', /PUSH_PROMISE/);
  assert.equal(answer.failure?.origin, 'local');
});

attack('ENABLE_PUSH of 1 from a server', async (arena) => {
  const attacked = arena.connect();
  await arena.servesOthers();
  await attacked.peer.sends(settings({ ENABLE_PUSH: 1 }));
  endedByError(attacked, 'PROTOCOL_ERROR', /ENABLE_PUSH/);
});

attack('MAX_FRAME_SIZE of zero from a server', async (arena) => {
  const { attacked } = await callOnce(arena);
  await arena.servesOthers();
  await attacked.peer.sends(settings({ MAX_FRAME_SIZE: 0 }));
  endedByError(attacked, 'PROTOCOL_ERROR', /MAX_FRAME_SIZE of 0/);
});

attack('ORIGIN flood from a server', async (arena) => {
  const { attacked } = await callOnce(arena);
  // CVE-2026-48619: each frame names new origins, and once all of them were kept.
  const name = Buffer.concat([Buffer.of(0, 11), Buffer.from('https://o.a')]);
  await attacked.peer.sends(repeat(GLITCHES, frame({ type: ORIGIN, payload: name })));
  await arena.servesOthers();
  assert.equal(attacked.connection.inspect().heldBytes, 0);
  await attacked.peer.sends(anyFrame(ORIGIN, 0));
  endedBy(attacked, 'glitches');
});

attack('ALTSVC flood from a server', async (arena) => {
  const { attacked } = await callOnce(arena);
  await attacked.peer.sends(repeat(GLITCHES, anyFrame(ALTSVC, 50)));
  await arena.servesOthers();
  await attacked.peer.sends(anyFrame(ALTSVC, 50));
  endedBy(attacked, 'glitches');
});

attack('SETTINGS flood from a server', async (arena) => {
  const { attacked, answer } = await callOnce(arena);
  // One of its 32 was the handshake's.
  await attacked.peer.sends(repeat(31, settings({ MAX_CONCURRENT_STREAMS: 1 })));
  await arena.servesOthers();
  assert.equal(attacked.connection.inspect().state, 'open');
  await attacked.peer.sends(settings());
  endedBy(attacked, 'settingsFrames');
  assert.equal(answer.failure?.origin, 'local');
});

attack('PING flood from a server that does not read', async (arena) => {
  const { attacked, answer } = await callOnce(arena);
  const { peer, connection } = attacked;
  await peer.reads(0);
  for (let i = 0; i < 100; i++) await peer.sends(repeat(1_000, ping()));
  await arena.servesOthers();
  const facts = connection.inspect();
  assert.ok(facts.bufferedBytes < 128 * KIB && facts.heldBytes < 64 * KIB, JSON.stringify(facts));
  await peer.waits(40_000);
  endedBy(attacked, 'sendStallMs');
  assert.notEqual(answer.failure, undefined);
});

attack('CONTINUATION flood from a server', async (arena) => {
  const { attacked, answer } = await callOnce(arena);
  const unfinished = { endHeaders: false };
  await attacked.peer.sends(headers(1, STATUS_200, unfinished), repeat(8, continuation(1, { a: 'b' }, unfinished)));
  await arena.servesOthers();
  await attacked.peer.sends(continuation(1, { a: 'b' }, unfinished));
  endedBy(attacked, 'continuationFrames');
  assert.equal(answer.failure?.origin, 'local');
});

attack('response header block never completed', async (arena) => {
  const { attacked, answer } = await callOnce(arena);
  await attacked.peer.sends(headers(1, STATUS_200, { endHeaders: false }));
  await arena.servesOthers();
  await attacked.peer.waits(10_000);
  endedBy(attacked, 'headerBlockMs');
  assert.equal(answer.failure?.origin, 'local');
});

attack('HPACK bomb from a server within four times the limit', async (arena) => {
  const { attacked, answer } = await callOnce(arena);
  const { peer } = attacked;
  await peer.sends(headers(1, Buffer.concat([STATUS_200, inserted('x-bomb', 'v'.repeat(3_900)), references(8)])));
  await arena.servesOthers();
  await peer.receives(reset(1, 'ENHANCE_YOUR_CALM'));
  assert.equal(answer.failure?.origin, 'local');
  assert.equal(attacked.connection.inspect().heldBytes, 0);
  actedOn(attacked, 'headerListBytes');
});

attack('HPACK bomb from a server beyond four times the limit', async (arena) => {
  const { attacked } = await callOnce(arena);
  await arena.servesOthers();
  await attacked.peer.sends(
    headers(1, Buffer.concat([STATUS_200, inserted('x-bomb', 'v'.repeat(3_900)), references(500)])),
  );
  endedBy(attacked, 'headerListBytes');
});

attack('cookie bomb from a server', async (arena) => {
  const { attacked, answer } = await callOnce(arena);
  await attacked.peer.sends(headers(1, Buffer.concat([STATUS_200, inserted('set-cookie', 'a=1'), references(130)])));
  await arena.servesOthers();
  assert.equal(answer.failure?.origin, 'local');
  actedOn(attacked, 'headerFields');
});

attack('encoder table bomb from a server', async (arena) => {
  const attacked = arena.connect();
  const { peer, connection } = attacked;
  await peer.handshake({ HEADER_TABLE_SIZE: 0xffff_ffff });
  // The peer's decoder keeps 4096 bytes; were ours larger, it would not find what we refer to.
  for (let i = 0; i < 500; i++) {
    const head = POST.with(['x-call', String(i)]);
    connection.request(head, undefined, new ResponseRecorder());
    await peer.receives(headers(1 + 2 * i, { 'x-call': String(i) }, END_STREAM));
    await peer.sends(headers(1 + 2 * i, STATUS_200, END_STREAM));
  }
  await arena.servesOthers();
  unhurt(attacked);
});

attack('empty DATA from a server', async (arena) => {
  const { attacked, answer } = await callOnce(arena);
  await attacked.peer.sends(headers(1, STATUS_200), repeat(10, data(1)));
  await arena.servesOthers();
  await attacked.peer.sends(data(1));
  endedBy(attacked, 'emptyData');
  assert.equal(answer.failure?.origin, 'local');
});

attack('WINDOW_UPDATE flood from a server', async (arena) => {
  const { attacked } = await callOnce(arena);
  await arena.servesOthers();
  await attacked.peer.sends(repeat(8, windowUpdate(0, 1)));
  endedBy(attacked, 'windowUpdates');
});

attack('WINDOW_UPDATE overflow from a server', async (arena) => {
  const { attacked, answer } = await callOnce(arena);
  await arena.servesOthers();
  await attacked.peer.sends(windowUpdate(0, 0x7fff_ffff));
  endedByError(attacked, 'FLOW_CONTROL_ERROR', /connection window/);
  assert.equal(answer.failure?.origin, 'local');
});

attack('a server that never sends SETTINGS', async (arena) => {
  const attacked = arena.connect();
  const lost = attacked.connection.ready.catch((error: unknown) => error);
  await arena.servesOthers();
  await attacked.peer.waits(10_000);
  endedBy(attacked, 'prefaceMs', 'PROTOCOL_ERROR');
  await attacked.peer.waits(1_000);
  assert.ok((await lost) instanceof Error);
});

attack('a server that never acknowledges SETTINGS', async (arena) => {
  const attacked = arena.connect();
  await attacked.peer.sends(settings());
  await arena.servesOthers();
  await attacked.peer.waits(10_000);
  endedBy(attacked, 'settingsAckMs', 'SETTINGS_TIMEOUT');
});

attack('a response body that nobody reads', async (arena) => {
  const attacked = arena.connect();
  const { peer, connection } = attacked;
  await peer.handshake();
  const lazy: ResponseReceiver = {
    onInformation: () => {},
    onHead: () => {},
    onData: () => {},
    onEnd: () => {},
    onFailure: () => {},
    onWritable: () => {},
  };
  connection.request(POST, undefined, lazy);
  await peer.takes();
  await peer.sends(headers(1, STATUS_200), bulkData(1, MIB - 64 * KIB));
  await arena.servesOthers();
  assert.ok(connection.inspect().heldBytes <= MIB + KIB);
  // The window is spent and not given back; more is an error of the stream.
  await peer.sends(bulkData(1, 128 * KIB));
  await peer.receives(reset(1, 'FLOW_CONTROL_ERROR'));
  assert.equal(connection.inspect().heldBytes, 0);
});

attack('a server that takes no upload', async (arena) => {
  const attacked = arena.connect();
  const { peer, connection } = attacked;
  await peer.handshake({ INITIAL_WINDOW_SIZE: 0 });
  const answers = Array.from({ length: 100 }, () => new ResponseRecorder());
  for (const answer of answers) connection.request(POST, Buffer.alloc(1_000), answer);
  await arena.servesOthers();
  await peer.waits(40_000);
  assert.ok(answers.every((answer) => answer.failure?.origin === 'local'));
  assert.equal(connection.inspect().streams.open, 0);
  actedOn(attacked, 'sendStallMs');
});

attack('GOAWAY flood from a server', async (arena) => {
  const { attacked } = await callOnce(arena);
  await attacked.peer.sends(repeat(GLITCHES + 2, goAway('NO_ERROR', 'bye', 1)));
  await arena.servesOthers();
  endedBy(attacked, 'glitches');
});

attack('streams that a server opens', async (arena) => {
  const { attacked } = await callOnce(arena);
  await arena.servesOthers();
  await attacked.peer.sends(headers(2, STATUS_200));
  endedByError(attacked, 'PROTOCOL_ERROR', /idle stream 2/);
});

legitimate('early hints before an answer', async (arena) => {
  const { attacked, answer } = await callOnce(arena);
  await attacked.peer.sends(repeat(20, headers(1, HINTS)), headers(1, STATUS_200), data(1, 'x', END_STREAM));
  assert.deepEqual([answer.information.length, answer.text, answer.isEnded], [20, 'x', true]);
  unhurt(attacked);
});

legitimate('a server stream of 100,000 tiny messages', async (arena) => {
  const attacked = arena.connect();
  const { peer, connection } = attacked;
  await peer.handshake();
  let bytes = 0;
  let isEnded = false;
  const exchange = connection.request(POST, undefined, {
    onInformation: () => {},
    onHead: () => {},
    onData: (piece) => {
      bytes += piece.length;
      exchange.release(piece.length);
    },
    onEnd: () => {
      isEnded = true;
    },
    onFailure: () => {},
    onWritable: () => {},
  });
  await peer.takes();
  await peer.sends(headers(1, STATUS_200));
  for (let i = 0; i < 20; i++) await peer.sends(repeat(5_000, data(1, '1234567')));
  await peer.sends(headers(1, { 'grpc-status': '0' }, END_STREAM));
  assert.deepEqual([bytes, isEnded], [700_000, true]);
  unhurt(attacked);
});

legitimate('a server that pings, announces alternatives and changes its mind', async (arena) => {
  const { attacked, answer } = await callOnce(arena);
  const { peer } = attacked;
  for (let i = 0; i < 100; i++) {
    await peer.sends(ping('bdp-ping'), anyFrame(ALTSVC, 50), settings({ MAX_CONCURRENT_STREAMS: 100 + i }));
    await peer.receives(pong('bdp-ping'), ack);
    await peer.waits(1_000);
  }
  await peer.sends(headers(1, STATUS_200, END_STREAM));
  assert.ok(answer.isEnded);
  unhurt(attacked);
});

legitimate('a server that refuses streams', async (arena) => {
  const attacked = arena.connect();
  const { peer, connection } = attacked;
  await peer.handshake();
  const answers: ResponseRecorder[] = [];
  for (const id of streamIds(800)) {
    const answer = new ResponseRecorder();
    answers.push(answer);
    connection.request(outgoingHeaders([...POST]), undefined, answer);
    await peer.sends(reset(id, 'REFUSED_STREAM'));
  }
  assert.ok(answers.every((answer) => answer.failure?.unprocessed === true));
  await peer.takes();
  unhurt(attacked);
});

/** Our client with one call under way, all of it read by the peer. */
async function callOnce(
  arena: Arena,
): Promise<{ readonly attacked: AttackedByPeer<ClientConnection>; readonly answer: ResponseRecorder }> {
  const attacked = arena.connect();
  await attacked.peer.handshake();
  const answer = new ResponseRecorder();
  attacked.connection.request(POST, undefined, answer);
  await attacked.peer.receives(headers(1, { ':method': 'POST' }, END_STREAM));
  return { attacked, answer };
}
