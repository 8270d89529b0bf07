// SPDX-License-Identifier: Apache-2.0
// Preface and SETTINGS (RFC 9113 §3.4, §6.5).

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type ExchangeHandler, prepareHeaders } from '../../exchange/index.ts';
import {
  ack,
  BodyRecorder,
  connectPeer,
  data,
  END_STREAM,
  frame,
  goAway,
  headers,
  ping,
  pong,
  preface,
  ResponseRecorder,
  raw,
  request,
  servePeer,
  settings,
  windowUpdate,
} from '../../testing/index.ts';

const OK = prepareHeaders([[':status', '200']]);
const GET = prepareHeaders([
  [':method', 'GET'],
  [':scheme', 'http'],
  [':authority', 'localhost'],
  [':path', '/'],
]);

const answerTen: ExchangeHandler = (exchange) => {
  exchange.reply(OK, Buffer.from('0123456789'));
  return new BodyRecorder();
};
const noHandler: ExchangeHandler = () => assert.fail('the handler was called');

test('a server speaks first: SETTINGS with its limits, and the connection window', async () => {
  // §3.4: "The server connection preface consists of a potentially empty SETTINGS frame that MUST be the first frame the
  // server sends".
  const { peer } = servePeer(noHandler, { audienceHint: 0x12345678 });
  await peer.receives(
    settings({
      MAX_CONCURRENT_STREAMS: 256,
      INITIAL_WINDOW_SIZE: 1_048_576,
      MAX_HEADER_LIST_SIZE: 16_384,
      64517: 0x12345678,
    }),
    windowUpdate(0, 4 * 1_048_576 - 65_535),
  );
  await peer.receivesNothing();
});

test('a client begins with the preface, SETTINGS without push, and the connection window', async () => {
  const { peer } = connectPeer();
  await peer.receives(
    preface,
    settings({ ENABLE_PUSH: 0, INITIAL_WINDOW_SIZE: 1_048_576, MAX_HEADER_LIST_SIZE: 16_384 }),
    windowUpdate(0, 4 * 1_048_576 - 65_535),
  );
  await peer.receivesNothing();
});

test('SETTINGS say what differs from the beginning of every connection, nothing else', async () => {
  const limits = { frameBytes: 20_000, headerTableBytes: 0, connectionWindowBytes: 65_535, streamWindowBytes: 65_535 };
  const { peer } = servePeer(noHandler, { limits });
  const values = await peer.handshake();
  assert.deepEqual([values.MAX_FRAME_SIZE, values.HEADER_TABLE_SIZE, values['0xfc05']], [20_000, 0, 0]);
  const plain = await servePeer(noHandler).peer.handshake();
  assert.deepEqual([plain.MAX_FRAME_SIZE, plain.HEADER_TABLE_SIZE], [undefined, undefined]);
});

test("the client knows the server's hint, and is ready", async () => {
  const { peer, connection } = connectPeer();
  let isReady = false;
  connection.ready.then(() => {
    isReady = true;
  });
  await peer.settles();
  assert.equal(isReady, false);
  await peer.handshake({ 64517: 99, MAX_CONCURRENT_STREAMS: 7 });
  assert.equal(isReady, true);
  const { peerSettings, settingsAcknowledged } = connection.inspect();
  assert.deepEqual([peerSettings.crosstie, peerSettings.concurrentStreams, settingsAcknowledged], [99, 7, true]);
});

test('a client that loses the server before its SETTINGS is never ready', async () => {
  const { peer, connection } = connectPeer();
  const ready = assert.rejects(connection.ready, /lost/);
  await peer.breaks();
  await ready;
});

test('the preface may come in pieces, the frames behind it too', async () => {
  const { peer } = servePeer(answerTen, { chunkBytes: 1, ignore: ['WINDOW_UPDATE'] });
  await peer.handshake();
  await peer.sends(headers(1, request('GET', '/'), END_STREAM));
  await peer.receives(headers(1, { ':status': '200' }), data(1, '0123456789', END_STREAM));
});

for (const start of ['GET / HTTP/1.1\r\n\r\n', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r ', 'x']) {
  test(`not the preface: ${JSON.stringify(start)}`, async () => {
    // §3.4: "Clients and servers MUST treat an invalid connection preface as a connection error of type PROTOCOL_ERROR."
    const { peer } = servePeer(noHandler, { ignore: ['SETTINGS', 'WINDOW_UPDATE'] });
    await peer.sends(raw(start));
    await peer.receives(goAway('PROTOCOL_ERROR'));
    await peer.receivesEnd();
  });
}

test('another frame before SETTINGS', async () => {
  for (const first of [ping(), ack, headers(1, request('GET', '/')), windowUpdate(0, 1), frame({ type: 0xfa })]) {
    const { peer } = servePeer(noHandler, { ignore: ['SETTINGS', 'WINDOW_UPDATE'] });
    await peer.sends(preface, first);
    await peer.receives(goAway('PROTOCOL_ERROR'));
    await peer.receivesEnd();
  }
});

test('another frame before SETTINGS, from a server', async () => {
  const { peer } = connectPeer({ ignore: ['SETTINGS', 'WINDOW_UPDATE'] });
  await peer.receives(preface);
  await peer.sends(ping());
  await peer.receives(goAway('PROTOCOL_ERROR'));
});

test('neither preface nor SETTINGS in time', async () => {
  for (const words of [[], [preface]]) {
    const { peer, events } = servePeer(noHandler, { ignore: ['SETTINGS', 'WINDOW_UPDATE'] });
    await peer.sends(...words);
    await peer.waits(9_999);
    await peer.receivesNothing();
    await peer.waits(1);
    await peer.receives(goAway('PROTOCOL_ERROR', 'preface_timeout'));
    await peer.receivesEnd();
    assert.deepEqual(events, [{ kind: 'limit', limit: 'prefaceMs', reason: 'preface_timeout' }]);
  }
});

test('no acknowledgement of our SETTINGS in time', async () => {
  // §6.5.3: "If the sender of a SETTINGS frame does not receive an acknowledgment within a reasonable amount of time, it MAY
  // issue a connection error of type SETTINGS_TIMEOUT."
  const { peer } = servePeer(noHandler, { ignore: ['WINDOW_UPDATE'] });
  await peer.sends(preface, settings());
  await peer.receives(settings(), ack);
  await peer.waits(9_999);
  await peer.receivesNothing();
  await peer.waits(1);
  await peer.receives(goAway('SETTINGS_TIMEOUT', 'settings_timeout'));
});

test('after the handshake time does no harm', async () => {
  const { peer } = servePeer(noHandler);
  await peer.handshake();
  assert.equal(peer.clock.pendingTimers.length, 0);
  await peer.waits(3_600_000);
  await peer.receivesNothing();
});

test('each SETTINGS frame is acknowledged once, in order with PING', async () => {
  const { peer } = servePeer(noHandler);
  await peer.handshake();
  await peer.sends(settings(), ping('abcdefgh'), settings({ MAX_FRAME_SIZE: 16_384 }), ping('ijklmnop'));
  await peer.receives(ack, pong('abcdefgh'), ack, pong('ijklmnop'));
  await peer.receivesNothing();
});

test('the ACK leaves before DATA that the new window allows', async () => {
  // §6.5.3: "Once all values have been processed, the recipient MUST immediately emit a SETTINGS frame with the ACK flag set."
  const { peer } = servePeer(answerTen);
  await peer.handshake({ INITIAL_WINDOW_SIZE: 4 });
  await peer.sends(headers(1, request('GET', '/'), END_STREAM));
  await peer.receives(headers(1, { ':status': '200' }), data(1, '0123'));
  await peer.sends(settings({ INITIAL_WINDOW_SIZE: 8 }));
  await peer.receives(ack, data(1, '4567'));
  await peer.sends(settings({ INITIAL_WINDOW_SIZE: 100 }));
  await peer.receives(ack, data(1, '89', END_STREAM));
});

test('unknown settings are ignored', async () => {
  const { peer, events } = servePeer(answerTen);
  await peer.handshake({ 43981: 5, 0: 1, 65535: 0xffffffff });
  await peer.sends(headers(1, request('GET', '/'), END_STREAM));
  await peer.receives(headers(1, { ':status': '200' }), data(1, '0123456789', END_STREAM));
  assert.deepEqual(events, []);
});

test('a table size that changes twice in one frame is signalled as twice changed', async () => {
  // §6.5: values are processed in the order they appear; RFC 7541 §4.2: the smallest size between two blocks is signalled, then
  // the final one.
  const { peer } = servePeer(answerTen);
  await peer.handshake();
  await peer.sends(
    frame({ type: 'SETTINGS', payload: Buffer.from('000100000000' + '000100001000', 'hex') }),
    headers(1, request('GET', '/'), END_STREAM),
  );
  const [, head] = await peer.takes();
  assert.equal(head.body.toString('hex', 0, 4), '203fe11f');
});

test('a smaller table of the peer is signalled in the next block', async () => {
  const { peer } = servePeer(answerTen);
  await peer.handshake({ HEADER_TABLE_SIZE: 0 });
  await peer.sends(headers(1, request('GET', '/'), END_STREAM));
  const [head] = await peer.takes();
  assert.equal(head.body.toString('hex'), '2088');
});

test('an acknowledgement of nothing is an oddity', async () => {
  const { peer, connection } = servePeer(answerTen);
  await peer.handshake();
  await peer.sends(ack, ack);
  await peer.receivesNothing();
  assert.equal(connection.inspect().glitches, 2);
});

test('an illegal setting ends the connection and nothing is acknowledged', async () => {
  const { peer } = servePeer(noHandler);
  await peer.handshake();
  await peer.sends(settings({ MAX_FRAME_SIZE: 100 }));
  await peer.receives(goAway('PROTOCOL_ERROR'));
  await peer.receivesEnd();
});

test('a server may not enable push', async () => {
  // §6.5.2: "A client MUST treat receipt of a SETTINGS frame with SETTINGS_ENABLE_PUSH set to 1 as a connection error of type
  // PROTOCOL_ERROR."
  const { peer } = connectPeer({ ignore: ['WINDOW_UPDATE'] });
  await peer.sends(settings({ ENABLE_PUSH: 1 }));
  await peer.receives(preface, settings(), goAway('PROTOCOL_ERROR'));
  await peer.receivesEnd();
});

test('a client may say that it takes pushes: it gets none', async () => {
  const { peer } = servePeer(answerTen);
  await peer.handshake({ ENABLE_PUSH: 1 });
  await peer.sends(headers(1, request('GET', '/'), END_STREAM));
  await peer.receives(headers(1), data(1, '0123456789', END_STREAM));
});

test('the client does not wait for SETTINGS before it asks', async () => {
  const { peer, connection } = connectPeer({ ignore: ['WINDOW_UPDATE'] });
  const answer = new ResponseRecorder();
  connection.request(GET, undefined, answer);
  await peer.receives(preface, settings(), headers(1, { ':method': 'GET' }, END_STREAM));
  await peer.sends(settings(), headers(1, { ':status': '204' }, END_STREAM));
  assert.equal(answer.head?.status, 204);
});

test('SETTINGS floods are counted', async () => {
  const { peer, connection } = servePeer(noHandler, { limits: { settingsFrames: 4, settingsFramesPerSecond: 1 } });
  await peer.handshake();
  await peer.sends(settings(), settings(), settings());
  await peer.receives(ack, ack, ack);
  await peer.sends(settings());
  await peer.receives(goAway('ENHANCE_YOUR_CALM', 'too_many_settings'));
  assert.equal(connection.inspect().limits.settingsFrames, 1);
});
