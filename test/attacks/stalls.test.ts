// SPDX-License-Identifier: Apache-2.0
// Peers that ask and do not take: by HTTP/2 windows, by the TCP window, or so slowly that it comes to the same.

import assert from 'node:assert/strict';
import type { ExchangeHandler } from '../../packages/crosstie/src/exchange/index.ts';
import { data, headers, reset, windowUpdate } from '../../packages/crosstie/src/testing/index.ts';
import { actedOn, attack, endedBy, legitimate, unhurt } from './arena.ts';
import { burst, open, streamIds, whole } from './frames.ts';
import { createEcho, createSource, OK } from './handlers.ts';

const KIB = 1_024;
const MIB = 1_024 * KIB;
const WIDE = { INITIAL_WINDOW_SIZE: 0x7fff_ffff };

attack('window stall', async (arena) => {
  const attacked = arena.serve(createSource(Buffer.alloc(1_000)));
  const { peer, connection } = attacked;
  await peer.handshake({ INITIAL_WINDOW_SIZE: 0 });
  await peer.sends(burst([...streamIds(256)].map(whole)));
  assert.equal(connection.inspect().streams.waitingToSend, 256);
  await arena.servesOthers();
  await peer.waits(29_000);
  assert.equal(connection.inspect().streams.open, 256);
  await peer.waits(11_000);
  const facts = connection.inspect();
  assert.deepEqual([facts.streams.open, facts.streams.slots, facts.heldBytes], [0, 0, 0]);
  const frames = await peer.takes();
  assert.equal(frames.filter((one) => reset(one.wire.streamId, 'CANCEL').matches(one)).length, 256);
  actedOn(attacked, 'sendStallMs');
});

attack('window stall of the connection', async (arena) => {
  const attacked = arena.serve(createSource(Buffer.alloc(1_000)));
  const { peer, connection } = attacked;
  await peer.handshake(WIDE);
  // 65,535 bytes for all: 65 answers, then none.
  await peer.sends(burst([...streamIds(256)].map(whole)));
  assert.equal(connection.inspect().streams.waitingToSend, 191);
  await arena.servesOthers();
  await peer.waits(40_000);
  assert.deepEqual([connection.inspect().streams.open, connection.inspect().streams.slots], [0, 0]);
  actedOn(attacked, 'sendStallMs');
});

attack('data dribble by windows of one byte', async (arena) => {
  const attacked = arena.serve(createSource(Buffer.alloc(MIB)));
  const { peer, connection } = attacked;
  await peer.handshake({ INITIAL_WINDOW_SIZE: 1 });
  // CVE-2019-9511: 64 streams, each given a byte a second: 10 bytes of frame for one of body, for twelve days.
  const ids = [...streamIds(64)];
  await peer.sends(burst(ids.map(whole)));
  for (let second = 0; second < 41; second++) {
    if (second === 20) await arena.servesOthers();
    await peer.sends(burst(ids.map((id) => windowUpdate(id, 1))));
    await peer.waits(1_000);
  }
  const facts = connection.inspect();
  assert.equal(facts.streams.open, 0, `${facts.streams.open} streams go on after 41 s`);
  assert.ok(facts.bufferedBytes < 64 * KIB);
  actedOn(attacked, 'sendStallMs');
});

attack('internal buffering behind a closed TCP window', async (arena) => {
  const body = Buffer.alloc(MIB);
  const attacked = arena.serve(createSource(body));
  const { peer, connection } = attacked;
  await peer.handshake(WIDE);
  const before = process.memoryUsage();
  // CVE-2019-9517: 2 GiB of HTTP/2 window, and not a byte of TCP window.
  await peer.reads(0);
  await peer.sends(windowUpdate(0, 0x7000_0000), burst([...streamIds(250)].map(whole)));
  await arena.servesOthers();
  const facts = connection.inspect();
  assert.ok(facts.isSocketBlocked);
  assert.ok(facts.bufferedBytes <= 2 * MIB, `${facts.bufferedBytes} of 250 MiB wait in the socket`);
  const { rss } = process.memoryUsage();
  assert.ok(rss - before.rss < 64 * MIB, `grown by ${rss - before.rss}`);
  await peer.waits(40_000);
  endedBy(attacked, 'sendStallMs');
  await peer.waits(1_000);
  assert.deepEqual([connection.inspect().state, connection.inspect().bufferedBytes], ['closed', 0]);
});

attack('small answers behind a closed TCP window', async (arena) => {
  const handler = createSource(Buffer.alloc(1_000));
  const attacked = arena.serve(handler);
  const { peer, connection } = attacked;
  await peer.handshake(WIDE);
  await peer.reads(0);
  await peer.sends(windowUpdate(0, 0x7000_0000));
  // All of it fits what the socket takes in one turn: nothing waits in the engine, all of it in the socket.
  await peer.sends(burst([...streamIds(100)].map(whole)));
  await arena.servesOthers();
  const facts = connection.inspect();
  assert.deepEqual([facts.isSocketBlocked, facts.streams.waitingToSend], [true, 0]);
  await peer.waits(40_000);
  endedBy(attacked, 'sendStallMs');
});

attack('requests without end behind a closed TCP window', async (arena) => {
  const handler = createSource(Buffer.alloc(1_000));
  const attacked = arena.serve(handler);
  const { peer, connection } = attacked;
  await peer.handshake(WIDE);
  await peer.reads(0);
  await peer.sends(windowUpdate(0, 0x7000_0000));
  for (let wave = 0; wave < 20; wave++) {
    await peer.sends(burst([...streamIds(250, 1 + 500 * wave)].map(whole)));
    if (wave === 10) await arena.servesOthers();
  }
  const facts = connection.inspect();
  assert.ok(handler.calls < 800, `${handler.calls} handlers worked for answers that nobody takes`);
  assert.ok(facts.streams.slots <= 256);
  assert.ok(facts.bufferedBytes < MIB, `${facts.bufferedBytes} bytes in the socket`);
  await peer.waits(40_000);
  // Refused beyond twice the limit, or stalled: ended in either case, and nothing is kept.
  assert.ok(connection.inspect().state !== 'open');
  assert.equal(connection.inspect().heldBytes, 0);
  actedOn(attacked, connection.inspect().limits.refusedStreams === undefined ? 'sendStallMs' : 'refusedStreams');
});

attack('a producer that is never told to stop', async (arena) => {
  // Streams ten pieces of 64 KiB for each time it is asked for more, and stops when told.
  let sentBytes = 0;
  const handler: ExchangeHandler = (exchange) => {
    const piece = Buffer.alloc(64 * KIB);
    const produce = (): void => {
      for (let i = 0; i < 1_000; i++) {
        sentBytes += piece.length;
        if (!exchange.sendData(piece)) return;
      }
    };
    exchange.sendHead(OK);
    produce();
    return { onData: () => {}, onEnd: () => {}, onFailure: () => {}, onWritable: produce };
  };
  const attacked = arena.serve(handler);
  const { peer, connection } = attacked;
  await peer.handshake();
  await peer.sends(burst([...streamIds(100)].map(open)));
  await arena.servesOthers();
  // Backpressure reaches the producer: 64 KiB and a piece for each stream, not 6 GiB.
  assert.ok(sentBytes <= 100 * 2 * 64 * KIB + 2 * MIB, `${sentBytes} bytes were produced`);
  await peer.waits(40_000);
  assert.equal(connection.inspect().streams.open, 0);
  actedOn(attacked, 'sendStallMs');
});

legitimate('a slow but steady reader by windows', async (arena) => {
  const attacked = arena.serve(createSource(Buffer.alloc(100 * KIB, 'x')));
  const { peer } = attacked;
  await peer.handshake({ INITIAL_WINDOW_SIZE: 1_024 });
  await peer.sends(whole(1));
  // A kilobyte a second for a hundred seconds.
  for (let second = 0; second < 100; second++) {
    await peer.waits(1_000);
    await peer.sends(windowUpdate(1, 1_024), windowUpdate(0, 1_024));
  }
  const bytes = (await peer.takes())
    .filter((one) => one.wire.type === 0)
    .reduce((sum, one) => sum + one.body.length, 0);
  assert.equal(bytes, 100 * KIB);
  unhurt(attacked);
});

legitimate('a slow but steady reader by its socket', async (arena) => {
  const attacked = arena.serve(createSource(Buffer.alloc(200 * KIB, 'x')));
  const { peer, connection } = attacked;
  await peer.handshake(WIDE);
  await peer.reads(0);
  await peer.sends(windowUpdate(0, 0x7000_0000), whole(1));
  // Two kilobytes a second over a narrow link: the HTTP/2 window is open, it is the socket that drains slowly. Four
  // times the rate at which a stream counts as stalled.
  for (let second = 0; second < 120; second++) {
    await peer.waits(1_000);
    await peer.reads(2 * KIB);
    assert.equal(connection.inspect().state, 'open', `ended after ${second} s: ${JSON.stringify(attacked.events)}`);
  }
  await peer.reads(Number.POSITIVE_INFINITY);
  const bytes = (await peer.takes())
    .filter((one) => one.wire.type === 0)
    .reduce((sum, one) => sum + one.body.length, 0);
  assert.equal(bytes, 200 * KIB);
  unhurt(attacked);
});

legitimate('a slow but steady reader of more than the socket takes', async (arena) => {
  const attacked = arena.serve(createSource(Buffer.alloc(600 * KIB, 'x')));
  const { peer, connection } = attacked;
  await peer.handshake(WIDE);
  await peer.reads(0);
  await peer.sends(windowUpdate(0, 0x7000_0000), whole(1));
  // The rest waits in the engine while the socket takes 35 s and more to drain what it has.
  for (let second = 0; second < 180; second++) {
    await peer.waits(1_000);
    await peer.reads(4 * KIB);
    assert.equal(connection.inspect().state, 'open', `ended after ${second} s: ${JSON.stringify(attacked.events)}`);
  }
  await peer.reads(Number.POSITIVE_INFINITY);
  const bytes = (await peer.takes())
    .filter((one) => one.wire.type === 0)
    .reduce((sum, one) => sum + one.body.length, 0);
  assert.equal(bytes, 600 * KIB);
  unhurt(attacked);
});

legitimate('a reader that pauses for 25 seconds', async (arena) => {
  const attacked = arena.serve(createSource(Buffer.alloc(10 * KIB, 'x')));
  const { peer } = attacked;
  await peer.handshake({ INITIAL_WINDOW_SIZE: 1_024 });
  await peer.sends(whole(1));
  await peer.waits(25_000);
  await peer.sends(windowUpdate(1, 100 * KIB));
  await peer.waits(60_000);
  const bytes = (await peer.takes())
    .filter((one) => one.wire.type === 0)
    .reduce((sum, one) => sum + one.body.length, 0);
  assert.equal(bytes, 10 * KIB);
  unhurt(attacked);
});

legitimate('a handler that thinks for ten minutes', async (arena) => {
  // Nothing waits to be sent, so nothing stalls: the time belongs to the application.
  let answer = (): void => {};
  const attacked = arena.serve((exchange) => {
    answer = () => exchange.reply(OK);
    return { onData: () => {}, onEnd: () => {}, onFailure: () => {}, onWritable: () => {} };
  });
  const { peer } = attacked;
  await peer.handshake();
  await peer.sends(whole(1));
  await peer.waits(600_000);
  answer();
  await peer.receives(headers(1, { ':status': '200' }, 1));
  unhurt(attacked);
});

legitimate('an upload of a byte a second', async (arena) => {
  const attacked = arena.serve(createEcho());
  const { peer } = attacked;
  await peer.handshake();
  await peer.sends(open(1));
  for (let second = 0; second < 300; second++) {
    await peer.sends(data(1, 'x'));
    await peer.waits(1_000);
  }
  await peer.sends(data(1, '', 1));
  await peer.receives(headers(1, { ':status': '200' }), data(1, 'x'.repeat(300)), headers(1, {}, 1));
  unhurt(attacked);
});
