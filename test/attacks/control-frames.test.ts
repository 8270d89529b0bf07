// SPDX-License-Identifier: Apache-2.0
// Frames that carry no request: each costs the peer a few bytes and us an answer, a look-up or a line of bookkeeping.

import assert from 'node:assert/strict';
import {
  ack,
  data,
  END_STREAM,
  goAway,
  headers,
  ping,
  pong,
  preface,
  priority,
  raw,
  reset,
  settings,
  windowUpdate,
} from '../../packages/crosstie/src/testing/index.ts';
import { actedOn, attack, endedBy, endedByError, keepsNothing, legitimate, unhurt } from './arena.ts';
import { anyFrame, burst, open, repeat, streamIds, whole } from './frames.ts';
import { createEcho, createEndless, createSource, createWaiting } from './handlers.ts';

const SETTINGS = 0x4;
const GLITCHES = 10_000;
/** RFC 7838 §4, RFC 8336 §2, RFC 9218 §7.1: extension frames that mean nothing to us. */
const EXTENSIONS = { ALTSVC: 0xa, ORIGIN: 0xc, PRIORITY_UPDATE: 0x10, UNKNOWN: 0xfa };

attack('SETTINGS flood', async (arena) => {
  const attacked = arena.serve(createEcho());
  const { peer } = attacked;
  await peer.handshake();
  await peer.sends(repeat(31, settings({ HEADER_TABLE_SIZE: 0 })));
  await arena.servesOthers();
  assert.equal(attacked.connection.inspect().state, 'open');
  await peer.sends(settings());
  endedBy(attacked, 'settingsFrames');
});

attack('SETTINGS with too many entries', async (arena) => {
  const attacked = arena.serve(createEcho());
  await attacked.peer.handshake();
  await arena.servesOthers();
  await attacked.peer.sends(anyFrame(SETTINGS, 33 * 6));
  endedBy(attacked, 'settingsEntries');
});

attack('SETTINGS ACK flood', async (arena) => {
  const attacked = arena.serve(createEcho());
  await attacked.peer.handshake();
  await attacked.peer.sends(repeat(GLITCHES, ack));
  await arena.servesOthers();
  await attacked.peer.sends(ack);
  endedBy(attacked, 'glitches');
});

legitimate('SETTINGS changed every second', async (arena) => {
  const attacked = arena.serve(createEcho());
  const { peer } = attacked;
  await peer.handshake();
  for (let i = 0; i < 500; i++) {
    await peer.sends(settings({ INITIAL_WINDOW_SIZE: 65_535 + i }));
    await peer.receives(ack);
    arena.clock.advance(1_000);
  }
  unhurt(attacked);
});

attack('MAX_FRAME_SIZE of zero', async (arena) => {
  const attacked = arena.serve(createSource(Buffer.alloc(100_000)));
  await attacked.peer.handshake();
  await arena.servesOthers();
  // CVE-2026-33814: an answer cut into frames of nothing never ends.
  await attacked.peer.sends(settings({ MAX_FRAME_SIZE: 0 }), whole(1));
  endedByError(attacked, 'PROTOCOL_ERROR', /SETTINGS_MAX_FRAME_SIZE of 0/);
});

attack('INITIAL_WINDOW_SIZE beyond 2^31-1', async (arena) => {
  const attacked = arena.serve(createEcho());
  await attacked.peer.handshake();
  await arena.servesOthers();
  await attacked.peer.sends(settings({ INITIAL_WINDOW_SIZE: 0x8000_0000 }));
  endedByError(attacked, 'FLOW_CONTROL_ERROR', /SETTINGS_INITIAL_WINDOW_SIZE/);
});

attack('PING flood read by its sender', async (arena) => {
  const attacked = arena.serve(createEcho());
  const { peer, connection } = attacked;
  await peer.handshake();
  await peer.sends(repeat(10_000, ping('flooding')), whole(1));
  await arena.servesOthers();
  // Slowed: a hundred answers at a time, and each is out before the next hundred are read.
  const frames = await peer.takes();
  assert.equal(frames.filter((one) => pong('flooding').matches(one)).length, 10_000);
  assert.equal(connection.inspect().state, 'open');
  actedOn(attacked, 'controlReplies');
});

attack('PING flood with a closed TCP window', async (arena) => {
  const attacked = arena.serve(createEcho());
  const { peer, connection } = attacked;
  await peer.handshake();
  await peer.reads(0);
  for (let i = 0; i < 100; i++) {
    await peer.sends(repeat(1_000, ping('flooding')));
    if (i % 10 === 0) await arena.servesOthers();
  }
  // Not read any more: the answers wait in the socket and are bounded, the rest is the kernel's to hold back.
  const facts = connection.inspect();
  assert.ok(facts.bytesReceived < 1_000_000, `read ${facts.bytesReceived} bytes`);
  assert.ok(facts.bufferedBytes < 128 * 1_024, `${facts.bufferedBytes} bytes wait`);
  assert.ok(facts.heldBytes < 64 * 1_024, `held ${facts.heldBytes}`);
  await peer.waits(40_000);
  endedBy(attacked, 'sendStallMs');
  actedOn(attacked, 'controlReplies');
});

attack('control replies beyond what may wait', async (arena) => {
  // As when other replies come on top of those that stopped the reading.
  const attacked = arena.serve(createEcho(), { controlReplies: 100, controlRepliesAbort: 100 });
  await attacked.peer.handshake();
  await attacked.peer.sends(repeat(99, ping()));
  await arena.servesOthers();
  await attacked.peer.sends(repeat(100, ping()));
  endedBy(attacked, 'controlReplies');
});

legitimate('keepalive PINGs', async (arena) => {
  const attacked = arena.serve(createEcho());
  const { peer } = attacked;
  await peer.handshake();
  // Every second for an hour, with and without a call in flight.
  for (let i = 0; i < 3_600; i++) {
    await peer.sends(ping('alive?!!'));
    await peer.receives(pong('alive?!!'));
    arena.clock.advance(1_000);
  }
  unhurt(attacked);
});

attack('PRIORITY flood', async (arena) => {
  const attacked = arena.serve(createWaiting());
  const { peer, connection } = attacked;
  await peer.handshake();
  // CVE-2019-9513: the tree is shuffled again and again; here there is no tree, and idle streams cost nothing either.
  await peer.sends(burst([...streamIds(GLITCHES)].map((id) => priority(id, id === 1 ? 3 : 1, 256, true))));
  await arena.servesOthers();
  assert.deepEqual([connection.inspect().state, connection.inspect().glitches], ['open', GLITCHES]);
  assert.equal(connection.inspect().heldBytes, 0);
  await peer.sends(priority(1, 3));
  endedBy(attacked, 'glitches');
});

attack('unknown frames flood', async (arena) => {
  const attacked = arena.serve(createEcho());
  const { peer, connection } = attacked;
  await peer.handshake();
  const one = burst(Object.values(EXTENSIONS).map((type) => anyFrame(type, 100, 0)));
  await peer.sends(repeat(GLITCHES / 4, one));
  await arena.servesOthers();
  assert.deepEqual([connection.inspect().state, connection.inspect().heldBytes], ['open', 0]);
  await peer.sends(anyFrame(EXTENSIONS.UNKNOWN, 0));
  endedBy(attacked, 'glitches');
});

legitimate('a browser that sends PRIORITY and PRIORITY_UPDATE', async (arena) => {
  const attacked = arena.serve(createEcho());
  const { peer } = attacked;
  await peer.handshake();
  // Firefox' idle streams, then one PRIORITY and one PRIORITY_UPDATE for each request.
  await peer.sends(burst([3, 5, 7, 9, 11].map((id) => priority(id, 0, 201))));
  for (const id of streamIds(500, 13)) {
    await peer.sends(headers(id, { ':method': 'GET', ':scheme': 'http', ':path': '/', ':authority': 'a' }, END_STREAM));
    await peer.sends(priority(id, 3, 32), anyFrame(EXTENSIONS.PRIORITY_UPDATE, 8));
    await peer.receives(headers(id, { ':status': '200' }), headers(id, {}, END_STREAM));
  }
  unhurt(attacked);
});

attack('WINDOW_UPDATE flood', async (arena) => {
  const attacked = arena.serve(createWaiting());
  const { peer, connection } = attacked;
  await peer.handshake();
  await peer.sends(whole(1));
  // 5 and 2 for the stream: seven updates may have a reason.
  await peer.sends(repeat(7, windowUpdate(0, 1)));
  await arena.servesOthers();
  assert.equal(connection.inspect().state, 'open');
  await peer.sends(windowUpdate(0, 1));
  endedBy(attacked, 'windowUpdates');
});

attack('WINDOW_UPDATE flood on closed streams', async (arena) => {
  const attacked = arena.serve(createSource(Buffer.alloc(0)));
  const { peer, connection } = attacked;
  await peer.handshake();
  await peer.sends(whole(1));
  await peer.sends(repeat(7, windowUpdate(1, 1)));
  await arena.servesOthers();
  assert.equal(connection.inspect().state, 'open');
  await peer.sends(windowUpdate(1, 1));
  endedBy(attacked, 'windowUpdates');
});

attack('WINDOW_UPDATE overflow of the connection', async (arena) => {
  const attacked = arena.serve(createSource(Buffer.alloc(200_000)));
  const { peer } = attacked;
  await peer.handshake();
  // CVE-2026-21714: with answers waiting and streams half-sent, so that there is something to leak.
  await peer.sends(whole(1), open(3), data(3, Buffer.alloc(10_000)));
  await arena.servesOthers();
  await peer.sends(repeat(2, windowUpdate(0, 0x7fff_ffff)));
  endedByError(attacked, 'FLOW_CONTROL_ERROR', /connection window/);
  await peer.waits(1_000);
  assert.equal(attacked.connection.inspect().state, 'closed');
  assert.equal(arena.budget.heldBytes, 0);
});

attack('stream windows overflowed by SETTINGS', async (arena) => {
  const attacked = arena.serve(createWaiting());
  const { peer } = attacked;
  await peer.handshake();
  await peer.sends(whole(1), windowUpdate(1, 0x7000_0000));
  await arena.servesOthers();
  await peer.sends(settings({ INITIAL_WINDOW_SIZE: 0x7fff_ffff }));
  endedByError(attacked, 'FLOW_CONTROL_ERROR', /INITIAL_WINDOW_SIZE/);
});

legitimate('frequent WINDOW_UPDATEs of a tiny window', async (arena) => {
  const attacked = arena.serve(createSource(Buffer.alloc(40_000, 'x')));
  const { peer } = attacked;
  await peer.handshake({ INITIAL_WINDOW_SIZE: 100 });
  await peer.sends(whole(1));
  // A microcontroller with a hundred bytes to spare: it returns every frame at once, on both levels.
  let received = 0;
  for (let frames = await peer.takes(); ; frames = await peer.takes()) {
    const bytes = frames.filter((one) => one.wire.type === 0).reduce((sum, one) => sum + one.body.length, 0);
    received += bytes;
    if (received === 40_000) break;
    assert.ok(bytes > 0, `the answer stopped after ${received} bytes`);
    await peer.sends(windowUpdate(1, bytes), windowUpdate(0, bytes));
  }
  unhurt(attacked);
});

attack('slow preface', async (arena) => {
  const attacked = arena.serve(createEcho());
  const { peer } = attacked;
  const bytes = preface.encode();
  for (let i = 0; i < 9; i++) {
    await peer.sends(raw(bytes.subarray(i, i + 1)));
    await peer.waits(1_000);
  }
  await arena.servesOthers();
  assert.equal(attacked.connection.inspect().state, 'open');
  await peer.waits(1_000);
  endedBy(attacked, 'prefaceMs', 'PROTOCOL_ERROR');
  await peer.waits(1_000);
  assert.equal(attacked.closed?.origin, 'local');
});

attack('silence instead of a preface', async (arena) => {
  const many = Array.from({ length: 200 }, () => arena.serve(createEcho()));
  arena.clock.advance(9_999);
  await arena.servesOthers();
  arena.clock.advance(1);
  await arena.settles();
  for (const attacked of many) endedBy(attacked, 'prefaceMs', 'PROTOCOL_ERROR');
  arena.clock.advance(1_000);
  await arena.settles();
  for (const attacked of many) assert.equal(attacked.connection.inspect().state, 'closed');
});

attack('preface without SETTINGS', async (arena) => {
  const attacked = arena.serve(createEcho());
  await attacked.peer.sends(preface);
  await arena.servesOthers();
  await attacked.peer.waits(10_000);
  endedBy(attacked, 'prefaceMs', 'PROTOCOL_ERROR');
});

attack('SETTINGS never acknowledged', async (arena) => {
  const attacked = arena.serve(createEcho());
  await attacked.peer.sends(preface, settings());
  await arena.servesOthers();
  await attacked.peer.waits(9_999);
  assert.equal(attacked.connection.inspect().state, 'open');
  await attacked.peer.waits(1);
  endedBy(attacked, 'settingsAckMs', 'SETTINGS_TIMEOUT');
});

legitimate('a handshake over a link of four seconds', async (arena) => {
  const attacked = arena.serve(createEcho());
  const { peer } = attacked;
  await peer.waits(4_000);
  await peer.sends(preface, settings());
  await peer.waits(4_000);
  await peer.sends(ack, whole(1));
  await peer.waits(60_000);
  unhurt(attacked);
});

attack('frames after our GOAWAY', async (arena) => {
  const handler = createEndless();
  const attacked = arena.serve(handler);
  const { peer, connection } = attacked;
  await peer.handshake();
  await peer.sends(open(1), windowUpdate(0, 0));
  const before = connection.inspect().bytesReceived;
  // CVE-2026-48937: the error is said, the peer goes on as if it were not.
  await peer.sends(data(1, Buffer.alloc(16_384)), burst([...streamIds(1_000, 3)].map(whole)), repeat(1_000, ping()));
  await arena.servesOthers();
  keepsNothing(attacked);
  assert.equal(connection.inspect().bytesReceived, before);
  assert.ok(handler.calls <= 1);
  assert.equal(arena.budget.heldBytes, 0);
  await peer.waits(1_000);
  assert.equal(connection.inspect().state, 'closed');
});

attack('a peer that does not read our GOAWAY', async (arena) => {
  const attacked = arena.serve(createSource(Buffer.alloc(500_000)));
  const { peer, connection } = attacked;
  await peer.handshake({ INITIAL_WINDOW_SIZE: 1_000_000 });
  await peer.reads(0);
  await peer.sends(windowUpdate(0, 1_000_000), whole(1));
  await peer.sends(windowUpdate(0, 0));
  await arena.servesOthers();
  assert.equal(connection.inspect().state, 'closing');
  await peer.waits(1_000);
  assert.equal(connection.inspect().state, 'closed');
  assert.equal(connection.inspect().bufferedBytes, 0);
  assert.equal(connection.inspect().limits.goAwayFlushMs, 1);
  actedOn(attacked, 'goAwayFlushMs');
});

attack('DATA and streams after a GOAWAY of the client', async (arena) => {
  const handler = createWaiting();
  const attacked = arena.serve(handler);
  const { peer, connection } = attacked;
  await peer.handshake();
  await peer.sends(open(1), goAway('NO_ERROR'), data(1, Buffer.alloc(1_000)));
  await peer.sends(burst([...streamIds(600, 3)].map(whole)));
  await arena.servesOthers();
  // Whatever a peer announces about itself, the limits stay what they are.
  assert.ok(handler.calls <= 256, `${handler.calls} calls`);
  assert.ok(connection.inspect().streams.slots <= 256);
  endedBy(attacked, 'refusedStreams');
});

attack('GOAWAY flood', async (arena) => {
  const attacked = arena.serve(createEcho());
  const { peer } = attacked;
  await peer.handshake();
  await peer.sends(repeat(GLITCHES + 2, goAway('NO_ERROR', 'bye', 0)));
  await arena.servesOthers();
  // The first may mean something; an operator is not told of each of the others.
  const told = attacked.events.filter((event) => event.kind === 'go-away-received').length;
  assert.ok(told < 100, `${told} events`);
  endedBy(attacked, 'glitches');
});

attack('RST_STREAM flood on closed streams', async (arena) => {
  const attacked = arena.serve(createSource(Buffer.alloc(0)));
  const { peer } = attacked;
  await peer.handshake();
  await peer.sends(whole(1));
  await peer.sends(repeat(1_000, reset(1, 'CANCEL')));
  await arena.servesOthers();
  assert.equal(attacked.connection.inspect().state, 'open');
  await peer.sends(reset(1, 'CANCEL'));
  endedBy(attacked, 'resetsReceived');
});
