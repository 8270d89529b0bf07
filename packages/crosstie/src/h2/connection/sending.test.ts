// SPDX-License-Identifier: Apache-2.0
// What leaves, when, and in how many writes: one batch per turn, taking turns, backpressure, stalls.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type ExchangeHandler, prepareHeaders, type ServerExchange } from '../../exchange/index.ts';
import {
  BodyRecorder,
  connectPeer,
  data,
  END_STREAM,
  goAway,
  headers,
  ping,
  pong,
  type ReceivedFrame,
  ResponseRecorder,
  request,
  reset,
  servePeer,
  settings,
  windowUpdate,
} from '../../testing/index.ts';

const OK = prepareHeaders([
  [':status', '200'],
  ['content-type', 'application/grpc+proto'],
]);
const STATUS_0 = prepareHeaders([['grpc-status', '0']]);
const POST = request('POST', '/');
const MIB = 1_048_576;

async function serveCalls(options: Parameters<typeof servePeer>[1] = {}) {
  const calls: { readonly exchange: ServerExchange; readonly body: BodyRecorder }[] = [];
  const handler: ExchangeHandler = (exchange) => {
    const body = new BodyRecorder();
    calls.push({ exchange, body });
    return body;
  };
  const served = servePeer(handler, options);
  await served.peer.handshake({ INITIAL_WINDOW_SIZE: 16 * MIB });
  return { ...served, calls };
}

/** Opens the connection's window as wide as the streams'. */
const openWindow = windowUpdate(0, 16 * MIB);

/** `stream:length`, in the order in which DATA came. */
function dataOrder(frames: readonly ReceivedFrame[]): number[] {
  return frames.filter(({ wire }) => wire.type === 0).map(({ wire }) => wire.streamId);
}

// ── one write per turn ──

test('a unary answer leaves in one write, of 35 + N bytes from the third on', async () => {
  const { peer, connection } = servePeer((exchange) => {
    exchange.reply(OK, Buffer.alloc(5 + 7), STATUS_0);
    return new BodyRecorder();
  });
  await peer.handshake();
  for (const id of [1, 3, 5, 7]) {
    const [writes, bytes] = [peer.channel.writeCount, connection.inspect().bytesSent];
    await peer.sends(headers(id, POST, END_STREAM));
    await peer.receives(
      headers(id, { ':status': '200', 'content-type': 'application/grpc+proto' }),
      data(id, Buffer.alloc(12)),
      headers(id, { 'grpc-status': '0' }, END_STREAM),
    );
    assert.equal(peer.channel.writeCount - writes, 1);
    // 9 + 2, 9 + 5 + N, 9 + 1.
    if (id >= 5) assert.equal(connection.inspect().bytesSent - bytes, 35 + 7);
  }
});

test('answers to a hundred requests of one read leave in one write', async () => {
  const { peer } = servePeer((exchange) => {
    exchange.reply(OK, Buffer.from('answer'), STATUS_0);
    return new BodyRecorder();
  });
  await peer.handshake();
  const writes = peer.channel.writeCount;
  await peer.sends(...Array.from({ length: 100 }, (_, i) => headers(i * 2 + 1, POST, END_STREAM)), ping('12345678'));
  assert.equal((await peer.takes()).length, 301);
  assert.equal(peer.channel.writeCount - writes, 1);
});

test('handlers that answer in a microtask are in the same write', async () => {
  const { peer } = servePeer((exchange) => {
    void Promise.resolve().then(() => exchange.reply(OK, Buffer.from('x'), STATUS_0));
    return new BodyRecorder();
  });
  await peer.handshake();
  const writes = peer.channel.writeCount;
  await peer.sends(...[1, 3, 5].map((id) => headers(id, POST, END_STREAM)));
  assert.equal((await peer.takes()).length, 9);
  assert.equal(peer.channel.writeCount - writes, 1);
});

test('an answer given later leaves in one write, too', async () => {
  const { peer, calls } = await serveCalls();
  await peer.sends(headers(1, POST, END_STREAM));
  const writes = peer.channel.writeCount;
  const [{ exchange }] = calls;
  exchange.sendHead(OK);
  for (let i = 0; i < 10; i++) exchange.sendData(Buffer.from(`message ${i}`));
  exchange.sendEnd(STATUS_0);
  assert.equal((await peer.takes()).length, 12);
  assert.equal(peer.channel.writeCount - writes, 1);
});

test('a client that asks a hundred times in a turn writes once', async () => {
  const { peer, connection } = connectPeer();
  await peer.handshake();
  const writes = peer.channel.writeCount;
  for (let i = 0; i < 100; i++) connection.request(OK, Buffer.from('x'), new ResponseRecorder());
  assert.equal((await peer.takes()).length, 200);
  assert.equal(peer.channel.writeCount - writes, 1);
});

test('the bytes of a body are the ones given, chained or copied', async () => {
  const { peer, calls } = await serveCalls();
  const bodies = [1, 31, 32, 33, 8_191, 8_192, 16_384, 16_385, 50_000].map((length) =>
    Buffer.from(Array.from({ length }, (_, i) => (i * 7 + length) & 0xff)),
  );
  await peer.sends(openWindow);
  for (const [i, body] of bodies.entries()) {
    await peer.sends(headers(i * 2 + 1, POST, END_STREAM));
    calls[i].exchange.reply(OK, body);
    const frames = await peer.takes();
    assert.ok(Buffer.concat(frames.slice(1).map((each) => each.body)).equals(body), `${body.length} bytes`);
  }
});

// ── taking turns ──

test('a large body delays a small one by no more than its frame', async () => {
  const { peer, calls } = await serveCalls();
  await peer.sends(openWindow, headers(1, POST, END_STREAM), headers(3, POST, END_STREAM));
  calls[0].exchange.reply(OK, Buffer.alloc(MIB));
  calls[1].exchange.reply(OK, Buffer.from('small'), STATUS_0);
  const order = dataOrder(await peer.takes());
  // The first frame of the large one had been sent when the small one came; one more may stand before it.
  assert.ok(order.indexOf(3) <= 2, order.slice(0, 10).join());
  assert.equal(order.length, 64 + 1);
});

test('large bodies take turns, a frame each', async () => {
  const { peer, calls } = await serveCalls();
  await peer.sends(openWindow, ...[1, 3, 5].map((id) => headers(id, POST, END_STREAM)));
  for (const { exchange } of calls) exchange.reply(OK, Buffer.alloc(160_000));
  const order = dataOrder(await peer.takes());
  for (let i = 3; i + 3 <= 24; i += 3) assert.equal(new Set(order.slice(i, i + 3)).size, 3, order.join());
});

test('one that waits for its own window does not hold up the others', async () => {
  const { peer, calls } = await serveCalls();
  await peer.sends(settings({ INITIAL_WINDOW_SIZE: 100 }), headers(1, POST, END_STREAM), headers(3, POST, END_STREAM));
  calls[0].exchange.reply(OK, Buffer.alloc(200));
  calls[1].exchange.reply(OK, Buffer.from('small'));
  const order = dataOrder(await peer.takes());
  assert.deepEqual(order, [1, 3]);
});

test('a turn writes about a mebibyte, then others are served before it goes on', async () => {
  const { peer, calls } = await serveCalls({ highWaterBytes: 64 * MIB });
  await peer.sends(openWindow, headers(1, POST, END_STREAM));
  calls[0].exchange.reply(OK, Buffer.alloc(5 * MIB));
  const writes = peer.channel.writeCount;
  await Promise.resolve();
  await Promise.resolve();
  assert.equal(peer.clock.deferredCount, 1, 'the rest waits for the next turn of the event loop');
  const written = peer.channel.bufferedBytes;
  assert.ok(written >= MIB && written < 1.5 * MIB, String(written));
  await peer.settles();
  assert.ok(peer.channel.writeCount - writes >= 5);
  assert.equal(
    (await peer.takes()).reduce((sum, { wire, body }) => sum + (wire.type === 0 ? body.length : 0), 0),
    5 * MIB,
  );
});

// ── backpressure ──

test('sendData says stop at 64 KiB queued, and onWritable follows when half of it has left', async () => {
  const { peer, calls } = await serveCalls();
  await peer.sends(settings({ INITIAL_WINDOW_SIZE: 0 }), headers(1, POST, END_STREAM));
  const [{ exchange, body }] = calls;
  exchange.sendHead(OK);
  assert.equal(exchange.sendData(Buffer.alloc(65_535)), true);
  assert.equal(exchange.sendData(Buffer.alloc(1)), false);
  assert.equal(exchange.sendData(Buffer.alloc(1)), false, 'going on loses nothing');
  await peer.sends(windowUpdate(0, 1_000), windowUpdate(1, 30_000));
  assert.equal(body.writableCount, 0);
  await peer.sends(windowUpdate(1, 10_000));
  await peer.sends(windowUpdate(1, 25_537));
  assert.equal(body.writableCount, 1);
  const sent = (await peer.takes()).reduce((sum, each) => sum + (each.wire.type === 0 ? each.body.length : 0), 0);
  assert.equal(sent, 65_537);
  assert.equal(exchange.sendData(Buffer.alloc(1)), true);
});

test('one large piece that leaves bit by bit is writable again before its end', async () => {
  const { peer, calls } = await serveCalls();
  await peer.sends(settings({ INITIAL_WINDOW_SIZE: 0 }), headers(1, POST, END_STREAM));
  const [{ exchange, body }] = calls;
  exchange.sendHead(OK);
  assert.equal(exchange.sendData(Buffer.alloc(200_000)), false);
  await peer.sends(windowUpdate(0, 200_000), windowUpdate(1, 199_999));
  assert.equal(body.writableCount, 1, 'one byte of 200,000 is left');
});

test('onWritable does not come when our side has ended meanwhile', async () => {
  const { peer, calls } = await serveCalls();
  await peer.sends(settings({ INITIAL_WINDOW_SIZE: 0 }), headers(1, POST));
  const [{ exchange, body }] = calls;
  exchange.sendHead(OK);
  assert.equal(exchange.sendData(Buffer.alloc(70_000)), false);
  exchange.sendEnd();
  await peer.sends(windowUpdate(0, 70_000), windowUpdate(1, 70_000));
  assert.equal(body.writableCount, 0);
});

test('a socket that takes no more is not written to until it does', async () => {
  const { peer, calls, connection } = await serveCalls();
  await peer.sends(openWindow, headers(1, POST, END_STREAM));
  await peer.reads(0);
  const [{ exchange, body }] = calls;
  exchange.sendHead(OK);
  const writes = peer.channel.writeCount;
  assert.equal(exchange.sendData(Buffer.alloc(100_000)), false);
  await peer.settles();
  for (let i = 0; i < 20; i++) {
    exchange.sendData(Buffer.alloc(100_000));
    await peer.settles();
  }
  assert.equal(peer.channel.writeCount - writes, 1);
  assert.equal(connection.inspect().isSocketBlocked, true);
  assert.equal(body.writableCount, 0);
  await peer.reads(Number.POSITIVE_INFINITY);
  assert.equal(body.writableCount, 1);
  assert.equal(connection.inspect().isSocketBlocked, false);
  exchange.sendEnd();
  const sent = (await peer.takes()).reduce((sum, each) => sum + (each.wire.type === 0 ? each.body.length : 0), 0);
  assert.equal(sent, 2_100_000);
});

test('backpressure of a client', async () => {
  const { peer, connection } = connectPeer();
  await peer.handshake();
  const answer = new ResponseRecorder();
  const exchange = connection.open(OK, answer);
  assert.equal(exchange.sendData(Buffer.alloc(65_535 + 65_536)), false);
  await peer.takes();
  await peer.sends(windowUpdate(0, 100_000), windowUpdate(1, 100_000));
  assert.equal(answer.writableCount, 1);
  exchange.reset(8);
});

test("onSent: the buffers are the handler's again when the socket has taken them, not before", async () => {
  const sent: string[] = [];
  const served = servePeer((exchange) => {
    exchange.reply(OK, Buffer.alloc(20_000, 'x'), STATUS_0);
    return Object.assign(new BodyRecorder(), { onSent: () => sent.push(exchange.head.path) });
  });
  const { peer } = served;
  await peer.handshake();
  await peer.reads(0);
  await peer.sends(headers(1, request('GET', '/a'), END_STREAM));
  assert.deepEqual(sent, []);
  await peer.reads(Number.POSITIVE_INFINITY);
  assert.deepEqual(sent, ['/a']);
  await peer.takes();
});

test('onSent comes for an answer given from inside the handler, too', async () => {
  let sent = 0;
  const served = servePeer((exchange) => {
    exchange.reply(OK, Buffer.alloc(10_000), STATUS_0);
    return Object.assign(new BodyRecorder(), { onSent: () => sent++ });
  });
  const { peer } = served;
  await peer.handshake();
  await peer.sends(headers(1, POST, END_STREAM));
  await peer.takes();
  assert.equal(sent, 1);
});

test('onSent does not come after a failure', async () => {
  let sent = 0;
  const served = servePeer((exchange) => {
    exchange.reply(OK, Buffer.alloc(200_000));
    return Object.assign(new BodyRecorder(), { onSent: () => sent++ });
  });
  const { peer } = served;
  await peer.handshake();
  await peer.sends(headers(1, POST, END_STREAM));
  await peer.sends(reset(1, 'CANCEL'));
  await peer.takes();
  assert.equal(sent, 0);
});

// ── stalls (CVE-2019-9511, -9517) ──

test('a stream whose window stays shut is reset after the stall time', async () => {
  const { peer, calls, events } = await serveCalls();
  await peer.sends(settings({ INITIAL_WINDOW_SIZE: 0 }), headers(1, POST, END_STREAM));
  calls[0].exchange.sendHead(OK);
  calls[0].exchange.sendData(Buffer.from('waits'));
  await peer.settles();
  await peer.takes();
  await peer.waits(29_999);
  await peer.receivesNothing();
  await peer.waits(1);
  await peer.receives(reset(1, 'CANCEL'));
  assert.deepEqual([calls[0].body.failure?.origin, calls[0].body.failure?.code], ['local', 8]);
  assert.deepEqual(events, [{ kind: 'limit', limit: 'sendStallMs', reason: 'send_stall' }]);
  assert.equal(peer.clock.pendingTimers.length, 0);
  await peer.sends(ping('12345678'));
  await peer.receives(pong());
});

test('a trickle is a stall, a slow stream is not', async () => {
  const { peer, calls } = await serveCalls();
  await peer.sends(settings({ INITIAL_WINDOW_SIZE: 0 }), headers(1, POST, END_STREAM), headers(3, POST, END_STREAM));
  for (const { exchange } of calls) exchange.reply(OK, Buffer.alloc(60_000));
  await peer.takes();
  for (let i = 0; i < 6; i++) {
    await peer.sends(windowUpdate(1, 10), windowUpdate(3, 6_000));
    await peer.waits(10_000);
  }
  const resets = (await peer.takes()).filter(({ wire }) => wire.type === 3);
  assert.deepEqual(
    resets.map(({ wire }) => wire.streamId),
    [1],
  );
});

test('a socket that takes nothing ends the connection after the stall time', async () => {
  const served = await serveCalls({ highWaterBytes: 10 });
  const { peer, calls } = served;
  await peer.sends(headers(1, POST, END_STREAM));
  await peer.reads(0);
  calls[0].exchange.sendHead(OK);
  calls[0].exchange.sendData(Buffer.alloc(100));
  await peer.settles();
  calls[0].exchange.sendData(Buffer.alloc(100));
  await peer.waits(30_000);
  assert.equal(calls[0].body.failure?.origin, 'local');
  assert.equal(served.connection.inspect().state, 'closing');
  await peer.reads(Number.POSITIVE_INFINITY);
  assert.ok((await peer.takes()).some((each) => goAway('ENHANCE_YOUR_CALM', 'send_stall').matches(each)));
});

test('a stream that has waited and waits no more is no stall, however long it thinks', async () => {
  const { peer, calls, connection } = await serveCalls();
  await peer.sends(settings({ INITIAL_WINDOW_SIZE: 3 }), headers(1, POST, END_STREAM));
  calls[0].exchange.sendHead(OK);
  calls[0].exchange.sendData(Buffer.from('hello'));
  await peer.settles();
  assert.equal(connection.inspect().streams.waitingToSend, 1);
  await peer.sends(windowUpdate(1, 100));
  assert.equal(connection.inspect().streams.waitingToSend, 0);
  await peer.takes();
  await peer.waits(120_000);
  await peer.receivesNothing();
  calls[0].exchange.sendEnd();
  await peer.receives(data(1, '', END_STREAM));
});

test('nothing waits, nothing is watched', async () => {
  const { peer, calls } = await serveCalls();
  await peer.sends(headers(1, POST, END_STREAM));
  calls[0].exchange.sendHead(OK);
  calls[0].exchange.sendData(Buffer.from('x'));
  await peer.settles();
  assert.equal(peer.clock.pendingTimers.length, 0, 'a handler that thinks is no stall');
  calls[0].exchange.sendEnd();
  await peer.settles();
});
