// SPDX-License-Identifier: Apache-2.0
// PING (RFC 9113 §6.7), and what the bandwidth estimator does with it.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  BodyRecorder,
  createScriptedPeer,
  data,
  frame,
  goAway,
  headers,
  ping,
  pong,
  request,
  servePeer,
  settings,
  windowUpdate,
} from '../../testing/index.ts';
import { ReceiveBudget, resolveLimits, ServerConnection } from '../index.ts';

const noHandler = () => assert.fail('the handler was called');

async function servePings(options: Parameters<typeof servePeer>[1] = {}) {
  const served = servePeer(noHandler, options);
  await served.peer.handshake();
  return served;
}

test('each PING is answered with its own bytes, in order', async () => {
  // §6.7: "Receivers of a PING frame that does not include an ACK flag MUST send a PING frame with the ACK flag set in
  // response, with an identical frame payload."
  const { peer } = await servePings();
  await peer.sends(ping('abcdefgh'), ping('\0\xff\0\xff\0\xff\0\xff'));
  await peer.receives(pong('abcdefgh'), pong('\0\xff\0\xff\0\xff\0\xff'));
});

test('a PING cut by the end of a read is answered all the same', async () => {
  const { peer } = await servePings({ chunkBytes: 5 });
  await peer.sends(ping('abcdefgh'));
  await peer.receives(pong('abcdefgh'));
});

test('our PING tells the round trip', async () => {
  const { peer, connection } = await servePings();
  const answered = connection.ping();
  const [sent] = await peer.takes();
  assert.deepEqual(connection.inspect().ping, { rttMs: undefined, outstanding: 1 });
  await peer.waits(25);
  await peer.sends(pong(sent.body.toString('latin1')));
  assert.equal(await answered, 25);
  assert.deepEqual(connection.inspect().ping, { rttMs: 25, outstanding: 0 });
});

test('an answer to nothing is an oddity', async () => {
  // §6.7: "An endpoint MUST NOT respond to PING frames containing this flag."
  const { peer, connection } = await servePings();
  await peer.sends(pong('abcdefgh'));
  await peer.receivesNothing();
  assert.equal(connection.inspect().glitches, 1);
});

test('PINGs without an answer are limited, and fail with the connection', async () => {
  const { peer, connection } = await servePings({ limits: { pings: 2 } });
  const lost = [connection.ping(), connection.ping()].map((each) => assert.rejects(each, /lost/));
  await assert.rejects(connection.ping(), /2 PINGs are unanswered/);
  await peer.breaks();
  await Promise.all(lost);
  await assert.rejects(connection.ping(), /closed/);
});

test('no PING behind the last GOAWAY', async () => {
  const { peer, connection } = await servePings();
  connection.close();
  await assert.rejects(connection.ping(), /closed/);
  await peer.receives(goAway('NO_ERROR'));
  await peer.receivesEnd();
});

test('a PING of the wrong size, and one on a stream', async () => {
  for (const [bad, code] of [
    [frame({ type: 'PING', payload: Buffer.alloc(7) }), 'FRAME_SIZE_ERROR'],
    [frame({ type: 'PING', streamId: 1, payload: Buffer.alloc(8) }), 'PROTOCOL_ERROR'],
  ] as const) {
    const { peer } = await servePings();
    await peer.sends(bad);
    await peer.receives(goAway(code));
  }
});

test('the bandwidth estimator widens windows that a round trip fills', async () => {
  const peer = createScriptedPeer('client');
  const budget = new ReceiveBudget({ clock: peer.clock, limitBytes: 1e9, stallMs: 1_000 });
  const limits = resolveLimits({ streamWindowBytes: 30_000, connectionWindowBytes: 65_535 });
  const connection = new ServerConnection(peer.channel, () => new BodyRecorder(), {
    clock: peer.clock,
    budget,
    limits,
    bandwidthEstimator: true,
  });
  peer.channel.open(connection);
  await peer.handshake();
  await peer.sends(headers(1, request('POST', '/')), data(1, Buffer.alloc(10_000)), data(1, Buffer.alloc(10_000)));
  const [sent] = await peer.takes();
  await peer.sends(pong(sent.body.toString('latin1')));
  await peer.receives(settings({ INITIAL_WINDOW_SIZE: 60_000 }), windowUpdate(0, 240_000 - 65_535));
  assert.equal(connection.inspect().windows.streamReceive, 60_000);
  // §6.9.2: the stream that is open has the wider window, too.
  await peer.sends(...[1, 2].map(() => data(1, Buffer.alloc(16_000))));
  assert.deepEqual(
    (await peer.takes()).map(({ wire }) => wire.type),
    [6],
  );
});
