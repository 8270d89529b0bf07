// SPDX-License-Identifier: Apache-2.0
// How a connection ends: GOAWAY in two steps (RFC 9113 §6.8), with an error, by FIN, by loss.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Clock } from '../../core/index.ts';
import { type ExchangeHandler, prepareHeaders, type ServerExchange } from '../../exchange/index.ts';
import {
  BodyRecorder,
  connectPeer,
  createScriptedPeer,
  data,
  END_STREAM,
  goAway,
  headers,
  ping,
  pong,
  priority,
  ResponseRecorder,
  request,
  reset,
  type ScriptedPeer,
  servePeer,
  windowUpdate,
} from '../../testing/index.ts';
import {
  type CloseReason,
  type ConnectionEvent,
  describeClose,
  ReceiveBudget,
  resolveLimits,
  ServerConnection,
} from '../index.ts';

const OK = prepareHeaders([[':status', '200']]);
const GET = prepareHeaders([
  [':method', 'GET'],
  [':scheme', 'http'],
  [':authority', 'localhost'],
  [':path', '/'],
]);
const POST = request('POST', '/');
const LAST_ID = 0x7fffffff;

async function serveCalls(options: Parameters<typeof servePeer>[1] = {}) {
  const calls: { readonly exchange: ServerExchange; readonly body: BodyRecorder }[] = [];
  const handler: ExchangeHandler = (exchange) => {
    const body = new BodyRecorder();
    calls.push({ exchange, body });
    return body;
  };
  const served = servePeer(handler, options);
  await served.peer.handshake();
  return { served, peer: served.peer, connection: served.connection, calls };
}

/** Asked for anew: the compiler does not know that a step of the dialogue may change it. */
function closeOf(record: { readonly closed: CloseReason | undefined }): CloseReason | undefined {
  return record.closed;
}

/** The first GOAWAY and the PING behind it; returns the answer that the PING waits for. */
async function receiveFirstStep(peer: ScriptedPeer) {
  const [first, second] = await peer.takes();
  assert.ok(goAway('NO_ERROR', 'draining', LAST_ID).matches(first), peer.transcript);
  assert.ok(ping().matches(second), peer.transcript);
  return pong(second.body.toString('latin1'));
}

// ── a server drains ──

test('drain: GOAWAY that accepts everything, a round trip later the last stream, then the end', async () => {
  // §6.8: "A server that is attempting to gracefully shut down a connection SHOULD send an initial GOAWAY frame with the last
  // stream identifier set to 2^31-1 and a NO_ERROR code. [...] After allowing time for any in-flight stream creation (at least
  // one round-trip time), the server MAY send another GOAWAY frame with an updated last stream identifier."
  const { served, peer, connection, calls } = await serveCalls();
  await peer.sends(headers(1, POST, END_STREAM));
  connection.drain(60_000);
  const answer = await receiveFirstStep(peer);
  await peer.sends(headers(3, POST, END_STREAM), answer);
  await peer.receives(goAway('NO_ERROR', 'draining', 3));
  assert.equal(calls.length, 2, 'what crossed the first GOAWAY is accepted');
  assert.equal(connection.inspect().state, 'draining');
  for (const { exchange } of calls) exchange.reply(OK);
  await peer.receives(headers(1, {}, END_STREAM), headers(3, {}, END_STREAM));
  await peer.receivesEnd();
  await peer.ends();
  assert.deepEqual(served.closed, { origin: 'local', code: 0, message: 'drained' });
});

test('drain: without an answer to the PING the second GOAWAY comes after a second', async () => {
  const { peer, connection } = await serveCalls();
  await peer.sends(headers(1, POST, END_STREAM));
  connection.drain(60_000);
  const late = await receiveFirstStep(peer);
  await peer.waits(999);
  await peer.receivesNothing();
  await peer.waits(1);
  await peer.receives(goAway('NO_ERROR', 'draining', 1));
  await peer.sends(late);
  await peer.receivesNothing();
});

test('drain: without a stream the connection ends after the second GOAWAY', async () => {
  const { peer, connection } = await serveCalls();
  connection.drain(60_000);
  await peer.sends(await receiveFirstStep(peer));
  await peer.receives(goAway('NO_ERROR', 'draining', 0));
  await peer.receivesEnd();
});

test('drain: what is opened after the second GOAWAY is discarded, but decoded and counted', async () => {
  // §6.8: "Endpoints SHOULD [...] discard frames on streams with identifiers higher than the identified last stream. However,
  // any frames that alter connection state cannot be completely ignored."
  const { peer, connection, calls } = await serveCalls();
  await peer.sends(headers(1, POST));
  connection.drain(60_000);
  await peer.sends(await receiveFirstStep(peer));
  await peer.receives(goAway('NO_ERROR', 'draining', 1));
  const before = connection.inspect().windows.receive;
  await peer.sends(
    headers(3, { ...POST, 'x-a': 'inserted' }, { form: 'indexed' }),
    data(3, 'body'),
    windowUpdate(3, 5),
    headers(3, { a: 'b' }, END_STREAM),
    headers(5, POST),
    reset(5, 'CANCEL'),
    headers(1, Buffer.of(0xbe), END_STREAM),
  );
  await peer.receivesNothing();
  assert.equal(calls.length, 1);
  assert.equal(before - connection.inspect().windows.receive, 4);
  assert.equal(calls[0].body.trailers?.get('x-a'), 'inserted');
  calls[0].exchange.reply(OK);
  await peer.receives(headers(1, {}, END_STREAM));
  await peer.receivesEnd();
});

test('drain: whoever has not ended within the grace is ended', async () => {
  const { served, peer, connection, calls } = await serveCalls();
  await peer.sends(headers(1, POST));
  connection.drain(5_000);
  await peer.sends(await receiveFirstStep(peer));
  await peer.receives(goAway('NO_ERROR', 'draining', 1));
  await peer.waits(4_999);
  await peer.receivesNothing();
  await peer.waits(1);
  await peer.receives(goAway('NO_ERROR', 'drain_timeout', 1));
  await peer.receivesEnd();
  assert.equal(calls[0].body.failure?.origin, 'local');
  assert.equal(connection.inspect().limits.drainMs, 1);
  await peer.ends();
  assert.equal(closeOf(served)?.message, 'drain_timeout');
});

test('drain twice is drain once', async () => {
  const { peer, connection } = await serveCalls();
  connection.drain(60_000);
  connection.drain(1);
  await receiveFirstStep(peer);
  await peer.waits(10);
  await peer.receivesNothing();
});

// ── the abrupt end ──

test('close: GOAWAY with the last stream, open streams fail, FIN, then the socket', async () => {
  const { served, peer, connection, calls } = await serveCalls();
  await peer.sends(headers(1, POST), headers(3, POST));
  connection.close();
  connection.close();
  await peer.receives(goAway('NO_ERROR', 'closed', 3));
  await peer.receivesEnd();
  assert.deepEqual(
    calls.map(({ body }) => [body.failure?.origin, body.failure?.unprocessed]),
    [
      ['local', false],
      ['local', false],
    ],
  );
  assert.equal(served.closed, undefined, 'the peer has a moment to read it');
  await peer.waits(1_000);
  assert.equal(closeOf(served)?.message, 'closed');
  assert.equal(peer.channel.isClosed, true);
});

test('after an error nothing more is read or written', async () => {
  const { peer, calls } = await serveCalls();
  await peer.sends(windowUpdate(0, 0), headers(1, POST), ping('12345678'));
  await peer.sends(headers(3, POST), ping('12345678'));
  await peer.receives(goAway('PROTOCOL_ERROR'));
  await peer.receivesEnd();
  assert.equal(calls.length, 0);
});

test('requests before the error of the same read are told that it is over', async () => {
  const { peer, calls } = await serveCalls();
  await peer.sends(headers(1, POST));
  await peer.sends(data(1, 'x'), windowUpdate(0, 0));
  await peer.receives(goAway('PROTOCOL_ERROR', undefined, 1));
  assert.equal(calls[0].body.failure?.code, 1);
});

test('a peer that does not read its GOAWAY is closed all the same', async () => {
  const { served, peer, connection } = await serveCalls();
  await peer.reads(0);
  connection.close();
  await peer.waits(1_000);
  assert.equal(peer.channel.isClosed, true);
  assert.equal(closeOf(served)?.origin, 'local');
});

test('every frame to come back is released: a lost connection holds nothing', async () => {
  const { served, peer, connection, calls } = await serveCalls();
  await peer.sends(headers(1, POST), data(1, Buffer.alloc(10_000)), headers(3, POST, { endHeaders: false }));
  calls[0].exchange.sendHead(OK);
  calls[0].exchange.sendData(Buffer.alloc(200_000));
  await peer.breaks();
  const { failure } = calls[0].body;
  assert.deepEqual([failure?.origin, failure?.unprocessed], ['transport', false]);
  const { heldBytes, streams, state } = connection.inspect();
  assert.deepEqual([heldBytes, streams.open, streams.waitingToSend, state], [0, 0, 0, 'closed']);
  assert.equal(closeOf(served)?.origin, 'transport');
  const reason = closeOf(served);
  assert.match(reason === undefined ? '' : describeClose(reason), /lost/);
});

// ── FIN ──

test('a client that has said all may still be answered', async () => {
  const { served, peer, calls } = await serveCalls();
  await peer.sends(headers(1, POST, END_STREAM));
  await peer.ends();
  calls[0].exchange.reply(OK, Buffer.from('late'));
  await peer.receives(headers(1), data(1, 'late', END_STREAM));
  await peer.receivesEnd();
  assert.equal(closeOf(served)?.code, 0);
});

test('FIN of an idle client ends the connection in good order', async () => {
  const { served, peer } = await serveCalls();
  await peer.ends();
  await peer.receivesNothing();
  assert.deepEqual([closeOf(served)?.code, peer.channel.isClosed], [0, true]);
});

test('a client that has ended does not wait for ever', async () => {
  const { peer, calls } = await serveCalls();
  await peer.sends(headers(1, POST, END_STREAM));
  await peer.ends();
  await peer.waits(30_000);
  assert.notEqual(calls[0].body.isEnded, false);
  await peer.waits(5_000);
  assert.equal(peer.channel.isClosed, true);
});

test('a GOAWAY of the client changes nothing for its open streams', async () => {
  const { served, peer, calls } = await serveCalls();
  await peer.sends(headers(1, POST, END_STREAM), goAway('NO_ERROR', 'bye'));
  calls[0].exchange.reply(OK);
  await peer.receives(headers(1, {}, END_STREAM));
  assert.deepEqual(served.events, [{ kind: 'go-away-received', code: 0, message: 'bye', lastStreamId: 0 }]);
});

test('the same GOAWAY again is an oddity, told once', async () => {
  const { served, peer, connection } = await serveCalls();
  await peer.sends(goAway('NO_ERROR', 'bye', 5), goAway('NO_ERROR', 'bye', 5), goAway('NO_ERROR', 'bye', 3));
  assert.equal(served.events.length, 2);
  assert.equal(connection.inspect().glitches, 1);
});

test('a bug of ours ends the connection, and is told as one', async () => {
  const peer = createScriptedPeer('client');
  let callsLeft = Infinity;
  const clock: Clock = {
    now: () => {
      if (callsLeft-- === 0) throw new Error('a bug');
      return peer.clock.now();
    },
    setTimer: (callback, delayMs) => peer.clock.setTimer(callback, delayMs),
    clearTimer: (timer) => peer.clock.clearTimer(timer),
    defer: (callback) => peer.clock.defer(callback),
  };
  const budget = new ReceiveBudget({ clock, limitBytes: 1e9, stallMs: 1_000 });
  const events: ConnectionEvent[] = [];
  const onEvent = (event: ConnectionEvent) => events.push(event);
  const options = { clock, budget, limits: resolveLimits(), onEvent };
  peer.channel.open(new ServerConnection(peer.channel, () => new BodyRecorder(), options));
  await peer.handshake();
  // The first look at the clock is for the turn, the second for the oddity, inside the parser.
  callsLeft = 1;
  await peer.sends(priority(1, 0));
  await peer.receives(goAway('INTERNAL_ERROR', 'internal error'));
  await peer.receivesEnd();
  assert.deepEqual(
    events.map(({ kind }) => kind),
    ['internal-error', 'protocol-error'],
  );
});

// ── a client ──

async function openCalls(count: number) {
  const connected = connectPeer();
  await connected.peer.handshake();
  const answers = Array.from({ length: count }, () => new ResponseRecorder());
  for (const answer of answers) connected.connection.request(GET, undefined, answer);
  await connected.peer.settles();
  await connected.peer.takes();
  return { connected, peer: connected.peer, connection: connected.connection, answers };
}

test('GOAWAY: streams above the last one were not processed, the others go on', async () => {
  // §6.8: "requests [...] on streams with identifiers higher than the last stream identifier [...] can be retried".
  const { connected, peer, connection, answers } = await openCalls(3);
  await peer.sends(goAway('NO_ERROR', 'bye', 3));
  assert.deepEqual(
    answers.map(({ failure }) => failure?.unprocessed),
    [undefined, undefined, true],
  );
  const refused = new ResponseRecorder();
  connection.request(GET, undefined, refused);
  await peer.receivesNothing();
  assert.deepEqual([refused.failure?.unprocessed, connection.availableStreams], [true, 0]);
  await peer.sends(headers(1, { ':status': '200' }, END_STREAM), headers(3, { ':status': '204' }, END_STREAM));
  assert.deepEqual([answers[0].isEnded, answers[1].isEnded], [true, true]);
  await peer.receivesEnd();
  await peer.ends();
  assert.equal(connected.closed?.code, 0);
});

test('GOAWAY in two steps', async () => {
  const { peer, connection, answers } = await openCalls(2);
  await peer.sends(goAway('NO_ERROR', '', LAST_ID));
  assert.deepEqual(
    answers.map(({ failure }) => failure),
    [undefined, undefined],
  );
  assert.equal(connection.inspect().state, 'draining');
  await peer.sends(goAway('NO_ERROR', '', 1));
  assert.deepEqual(
    answers.map(({ failure }) => failure?.unprocessed),
    [undefined, true],
  );
});

test('a second GOAWAY may not take back more', async () => {
  // §6.8: "Endpoints MUST NOT increase the value they send in the last stream identifier".
  const { peer } = await openCalls(2);
  await peer.sends(goAway('NO_ERROR', '', 1), goAway('NO_ERROR', '', 3));
  await peer.receives(goAway('PROTOCOL_ERROR'));
});

test('a server that loses its connection has perhaps processed everything', async () => {
  const { peer, answers } = await openCalls(1);
  await peer.breaks();
  assert.deepEqual([answers[0].failure?.origin, answers[0].failure?.unprocessed], ['transport', false]);
});

test('FIN of the server ends the calls', async () => {
  const { connected, peer, answers } = await openCalls(1);
  await peer.ends();
  assert.equal(answers[0].failure?.origin, 'transport');
  assert.notEqual(connected.closed, undefined);
});

test('a client drains: no new streams, the open ones end, then the connection', async () => {
  const { peer, connection, answers } = await openCalls(1);
  connection.drain(10_000);
  const refused = new ResponseRecorder();
  connection.request(GET, undefined, refused);
  await peer.settles();
  assert.equal(refused.failure?.unprocessed, true);
  await peer.sends(headers(1, { ':status': '204' }, END_STREAM));
  assert.equal(answers[0].isEnded, true);
  await peer.receivesEnd();
});

test('a client drains no longer than its grace', async () => {
  const { peer, connection, answers } = await openCalls(1);
  connection.drain(10_000);
  await peer.waits(10_000);
  await peer.receives(goAway('CANCEL', 'drain_timeout'));
  assert.equal(answers[0].failure?.code, 8);
});

test('a client without a stream drains at once', async () => {
  const { peer, connection } = await openCalls(0);
  connection.drain(10_000);
  await peer.receivesEnd();
});
