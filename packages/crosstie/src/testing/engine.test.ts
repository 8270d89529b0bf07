// SPDX-License-Identifier: Apache-2.0
// The tools with the engine between them: one call in each set-up, as an example of how wire tests are written.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type ExchangeHandler, prepareHeaders } from '../exchange/index.ts';
import {
  BodyRecorder,
  connectPeer,
  data,
  END_STREAM,
  goAway,
  headers,
  openLoopback,
  ResponseRecorder,
  request,
  reset,
  servePeer,
  windowUpdate,
} from './index.ts';

const POST = prepareHeaders([
  [':method', 'POST'],
  [':scheme', 'http'],
  [':authority', 'localhost'],
  [':path', '/echo'],
]);
const OK = prepareHeaders([[':status', '200']]);
const STATUS_0 = prepareHeaders([['grpc-status', '0']]);

/** Answers with the body it got, and trailers. */
const echo: ExchangeHandler = (exchange) => {
  const body = new BodyRecorder();
  const onEnd = body.onEnd.bind(body);
  body.onEnd = (trailers) => {
    onEnd(trailers);
    exchange.reply(OK, body.body, STATUS_0);
  };
  return body;
};

test('a scripted client and our server', async () => {
  const served = servePeer(echo);
  const { peer } = served;
  await peer.handshake();
  await peer.sends(headers(1, request('POST', '/echo')), data(1, 'ping', END_STREAM));
  await peer.receives(
    headers(1, { ':status': '200' }),
    data(1, 'ping'),
    headers(1, { 'grpc-status': '0' }, END_STREAM),
  );
  await peer.receivesNothing();
  await peer.sends(windowUpdate(0, 0));
  await peer.receives(goAway('PROTOCOL_ERROR'));
  await peer.receivesEnd();
  // FIN is sent; the peer's is awaited for a while, then the connection is closed all the same.
  assert.equal(served.connection.inspect().state, 'closing');
  await peer.waits(5_000);
  assert.equal(served.closed?.origin, 'local');
});

test('a scripted server and our client', async () => {
  const { peer, connection } = connectPeer();
  await peer.handshake();
  const [answered, refused] = [new ResponseRecorder(), new ResponseRecorder()];
  connection.request(POST, Buffer.from('ping'), answered);
  connection.request(POST, undefined, refused);
  await peer.receives(
    headers(1, { ':method': 'POST', ':path': '/echo' }),
    data(1, 'ping', END_STREAM),
    headers(3, { ':method': 'POST' }, END_STREAM),
  );
  await peer.sends(headers(1, { ':status': '200' }), data(1, 'pong', END_STREAM), reset(3, 'REFUSED_STREAM'));
  assert.deepEqual([answered.head?.status, answered.text, answered.isEnded], [200, 'pong', true]);
  assert.equal(refused.failure?.unprocessed, true);
});

for (const chunkBytes of [Number.POSITIVE_INFINITY, 1]) {
  test(`both our ends in memory, in pieces of ${chunkBytes} bytes`, async () => {
    const loopback = await openLoopback(echo, { chunkBytes });
    const answers = Array.from({ length: 10 }, () => new ResponseRecorder());
    for (const [i, answer] of answers.entries()) loopback.client.request(POST, Buffer.from(`body ${i}`), answer);
    await loopback.settles();
    assert.deepEqual(
      answers.map((answer) => answer.text),
      answers.map((_, i) => `body ${i}`),
    );
    assert.equal(answers[0].trailers?.get('grpc-status'), '0');
    assert.deepEqual(loopback.serverRecord.events, []);
    assert.equal(loopback.server.inspect().streams.open, 0);
  });
}
