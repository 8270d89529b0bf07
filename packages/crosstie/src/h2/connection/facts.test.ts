// SPDX-License-Identifier: Apache-2.0
// inspect(): what an operator sees is what is.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type ExchangeHandler, prepareHeaders, type ServerExchange } from '../../exchange/index.ts';
import {
  BodyRecorder,
  connectPeer,
  data,
  goAway,
  headers,
  priority,
  request,
  reset,
  servePeer,
} from '../../testing/index.ts';
import { describeClose } from '../index.ts';

const OK = prepareHeaders([[':status', '200']]);

async function serveCalls() {
  const exchanges: ServerExchange[] = [];
  const handler: ExchangeHandler = (exchange) => {
    exchanges.push(exchange);
    return new BodyRecorder();
  };
  const served = servePeer(handler, { peer: { address: '192.0.2.1', port: 4_711 } });
  await served.peer.handshake({ MAX_CONCURRENT_STREAMS: 3, INITIAL_WINDOW_SIZE: 10, MAX_HEADER_LIST_SIZE: 500 });
  return { ...served, exchanges };
}

test('a new server connection', async () => {
  const { connection, peer } = await serveCalls();
  await peer.waits(40);
  const { bytesReceived, bytesSent, ...facts } = connection.inspect();
  assert.ok(bytesReceived > 24 + 9 && bytesSent > 9);
  assert.deepEqual(facts, {
    role: 'server',
    state: 'open',
    peer: { address: '192.0.2.1', port: 4_711 },
    ageMs: 40,
    idleReadMs: 40,
    streams: { open: 0, slots: 0, opened: 0, lastId: 0, waitingToSend: 0 },
    windows: { send: 65_535, receive: 4 * 1_048_576, initialSend: 10, streamReceive: 1_048_576 },
    heldBytes: 0,
    bufferedBytes: 0,
    isSocketBlocked: false,
    ping: { rttMs: undefined, outstanding: 0 },
    peerSettings: {
      headerTableBytes: 4_096,
      enablePush: false,
      concurrentStreams: 3,
      initialWindowBytes: 10,
      frameBytes: 16_384,
      headerListBytes: 500,
      crosstie: undefined,
    },
    settingsAcknowledged: true,
    goAway: { sent: undefined, received: undefined },
    resets: { received: 0, sent: 0 },
    glitches: 0,
    limits: {},
    closed: undefined,
  });
});

test('a connection at work', async () => {
  const { connection, peer, exchanges } = await serveCalls();
  await peer.waits(25);
  await peer.sends(headers(1, request('POST', '/')), headers(5, request('POST', '/')), data(1, 'abc'), priority(1, 0));
  exchanges[0].sendHead(OK);
  exchanges[0].sendData(Buffer.alloc(30));
  await peer.settles();
  await peer.sends(reset(5, 'CANCEL'), headers(7, [[':method', 'GET']]));
  const { streams, windows, resets, glitches, heldBytes, idleReadMs, ageMs } = connection.inspect();
  assert.deepEqual(streams, { open: 1, slots: 1, opened: 2, lastId: 7, waitingToSend: 1 });
  assert.deepEqual([windows.send, windows.receive], [65_535 - 10, 4 * 1_048_576 - 3]);
  assert.deepEqual([resets, glitches, idleReadMs], [{ received: 1, sent: 1 }, 1, 0]);
  assert.ok(heldBytes > 3);
  assert.equal(ageMs, 25);
});

test('a connection that has ended', async () => {
  const { connection, peer } = await serveCalls();
  await peer.sends(goAway('NO_ERROR', 'bye', 0));
  connection.close();
  assert.equal(connection.inspect().state, 'closing');
  assert.equal(connection.isClosed, false);
  await peer.waits(1_000);
  const { state, goAway: facts, closed } = connection.inspect();
  assert.equal(connection.isClosed, true);
  assert.deepEqual(facts, {
    sent: { lastStreamId: 0, code: 0, debug: 'closed' },
    received: { lastStreamId: 0, code: 0, debug: 'bye' },
  });
  assert.deepEqual([state, closed], ['closed', { origin: 'local', code: 0, message: 'closed' }]);
  await peer.takes();
});

test('facts are plain values', async () => {
  const { connection } = connectPeer();
  const facts = connection.inspect();
  assert.equal(facts.role, 'client');
  assert.doesNotThrow(() => JSON.stringify(facts));
  assert.doesNotThrow(() => structuredClone(facts));
});

test('why a connection closed, for a log line', () => {
  const reason = { origin: 'local', code: 11, message: 'too_many_resets' } as const;
  assert.equal(describeClose(reason), 'ENHANCE_YOUR_CALM (too_many_resets)');
});
