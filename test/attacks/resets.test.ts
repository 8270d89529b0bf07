// SPDX-License-Identifier: Apache-2.0
// Streams that end before their time: the peer resets them, makes us reset them, or opens more than it may. What is
// bounded is the work of handlers: a slot is free when its handler has ended, not when its stream has.

import assert from 'node:assert/strict';
import type { ExchangeHandler } from '../../packages/crosstie/src/exchange/index.ts';
import {
  data,
  END_STREAM,
  headers,
  preface,
  priority,
  reset,
  type Script,
  settings,
  windowUpdate,
} from '../../packages/crosstie/src/testing/index.ts';
import { type Arena, actedOn, attack, endedBy, endedByError, legitimate, unhurt } from './arena.ts';
import { anyFrame, burst, open, requestWith, streamIds, whole } from './frames.ts';
import { createEcho, createEndless, createWaiting } from './handlers.ts';

const DATA = 0x0;
const PRIORITY = 0x2;
const SLOTS = 256;
const RESETS = 1_000;

attack('rapid reset in one write', async (arena) => {
  const handler = createEndless();
  const attacked = arena.serve(handler);
  const { peer, connection } = attacked;
  await peer.handshake();
  await peer.sends(burst(pairs(RESETS)));
  await arena.servesOthers();
  assert.equal(connection.inspect().resets.received, RESETS);
  // Reset in the same read: their handlers were never called.
  assert.deepEqual([handler.calls, connection.inspect().streams.slots], [0, 0]);
  await peer.sends(burst(pairs(1, 1 + 2 * RESETS)));
  endedBy(attacked, 'resetsReceived');
});

attack('rapid reset after the handler was called', async (arena) => {
  const handler = createWaiting();
  const attacked = arena.serve(handler);
  await attacked.peer.handshake();
  for (const id of streamIds(RESETS)) {
    await attacked.peer.sends(whole(id));
    await attacked.peer.sends(reset(id, 'CANCEL'));
    assert.ok(handler.running <= 1);
  }
  await arena.servesOthers();
  await attacked.peer.sends(whole(2 * RESETS + 1), reset(2 * RESETS + 1, 'CANCEL'));
  endedBy(attacked, 'resetsReceived');
});

attack('rapid reset while the handlers go on working', async (arena) => {
  const handler = createEndless();
  const attacked = arena.serve(handler);
  const { peer, connection } = attacked;
  await peer.handshake();
  for (const id of streamIds(2 * SLOTS)) {
    await peer.sends(whole(id));
    await peer.sends(reset(id, 'CANCEL'));
  }
  // No stream is open, and yet no slot is free: the handlers have not ended.
  const { streams } = connection.inspect();
  assert.deepEqual([streams.open, streams.slots, handler.calls], [0, SLOTS, SLOTS]);
  await arena.servesOthers();
  await peer.sends(whole(4 * SLOTS + 1));
  endedBy(attacked, 'refusedStreams');
  assert.equal(handler.calls, SLOTS);
});

legitimate('5,000 cancels at a human rate', async (arena) => {
  const handler = createWaiting();
  const attacked = arena.serve(handler);
  await attacked.peer.handshake();
  // 25 a second: somebody types into a search box on each of many devices behind one proxy.
  for (let second = 0; second < 200; second++) {
    await attacked.peer.sends(burst(pairs(25, 1 + 50 * second)));
    arena.clock.advance(1_000);
  }
  assert.equal(attacked.connection.inspect().resets.received, 5_000);
  unhurt(attacked);
});

legitimate('a burst of cancels within the limit', async (arena) => {
  const handler = createWaiting();
  const attacked = arena.serve(handler);
  await attacked.peer.handshake();
  // A proxy loses its own client: everything in flight is cancelled at once, four times over.
  for (let wave = 0; wave < 4; wave++) {
    const ids = [...streamIds(200, 1 + 400 * wave)];
    await attacked.peer.sends(burst(ids.map(whole)));
    assert.equal(handler.running, 200);
    await attacked.peer.sends(burst(ids.map((id) => reset(id, 'CANCEL'))));
    assert.equal(handler.running, 0);
  }
  unhurt(attacked);
});

// MadeYouReset (CVE-2025-8671): the peer's fault makes the server reset a stream whose handler goes on. Faults that a
// correct peer cannot commit end the connection at once; the others are counted like the resets they cause.

attack('made-you-reset by a WINDOW_UPDATE of 0', (arena) =>
  endsAtOnce(arena, (id) => windowUpdate(id, 0), 'PROTOCOL_ERROR', /WINDOW_UPDATE of 0/),
);

attack('made-you-reset by PRIORITY of a wrong length', (arena) =>
  endsAtOnce(arena, (id) => anyFrame(PRIORITY, 4, id), 'FRAME_SIZE_ERROR', /PRIORITY of 4 bytes/),
);

attack('made-you-reset by PRIORITY on itself', (arena) =>
  endsAtOnce(arena, (id) => priority(id, id), 'PROTOCOL_ERROR', /depends on itself/),
);

attack('made-you-reset by HEADERS after END_STREAM', (arena) =>
  endsAtOnce(arena, (id) => headers(id, { a: 'b' }, END_STREAM), 'STREAM_CLOSED', /after END_STREAM/),
);

attack('made-you-reset by DATA after END_STREAM', (arena) =>
  endsAtOnce(arena, (id) => data(id, 'x', END_STREAM), 'STREAM_CLOSED', /after END_STREAM/),
);

attack('made-you-reset by a window beyond 2^31-1', (arena) =>
  isCounted(arena, (id) => [whole(id), windowUpdate(id, 0x7fff_ffff)]),
);

attack('made-you-reset by DATA beyond content-length', (arena) =>
  isCounted(arena, (id) => [requestWith(id, [['content-length', '1']]), data(id, 'xx')]),
);

attack('made-you-reset by DATA short of content-length', (arena) =>
  isCounted(arena, (id) => [requestWith(id, [['content-length', '2']]), data(id, 'x', END_STREAM)]),
);

attack('made-you-reset by trailers without END_STREAM', (arena) =>
  isCounted(arena, (id) => [open(id), headers(id, { a: 'b' })]),
);

attack('made-you-reset by malformed trailers', (arena) =>
  isCounted(arena, (id) => [open(id), headers(id, { ':path': '/' }, END_STREAM)]),
);

attack('made-you-reset by DATA larger than a frame may be', (arena) =>
  // Only the head of the frame and its dropped payload: 16,385 bytes against a limit of 16,384.
  isCounted(arena, (id) => [open(id), anyFrame(DATA, 16_385, id)]),
);

attack('made-you-reset by DATA beyond the stream window', (arena) =>
  isCounted(arena, (id) => [open(id), data(id, Buffer.alloc(1_000)), data(id, Buffer.alloc(1_000))], {
    streamWindowBytes: 1_500,
  }),
);

attack('made-you-reset by malformed requests', (arena) =>
  isCounted(arena, (id) => [requestWith(id, [['connection', 'close']])]),
);

attack('made-you-reset while the handlers go on working', async (arena) => {
  const handler = createEndless();
  // Resets for errors are not limited here: the slots alone must do.
  const attacked = arena.serve(handler, { resetsSent: 1_000_000 });
  await attacked.peer.handshake();
  for (const id of streamIds(2 * SLOTS)) {
    await attacked.peer.sends(whole(id));
    await attacked.peer.sends(windowUpdate(id, 0x7fff_ffff));
  }
  assert.deepEqual([handler.calls, attacked.connection.inspect().streams.open], [SLOTS, 0]);
  await arena.servesOthers();
  await attacked.peer.sends(whole(4 * SLOTS + 1));
  endedBy(attacked, 'refusedStreams');
  assert.equal(handler.calls, SLOTS);
});

legitimate('a client whose requests are sometimes malformed', async (arena) => {
  const attacked = arena.serve(createEcho());
  await attacked.peer.handshake();
  // One in ten carries a field that HTTP/2 forbids, for an hour, five a second.
  for (let i = 0; i < 900; i++) {
    await attacked.peer.sends(requestWith(1 + 2 * i, i % 10 === 0 ? [['connection', 'close']] : [], END_STREAM));
    arena.clock.advance(200);
  }
  assert.deepEqual([attacked.connection.inspect().state, attacked.connection.inspect().limits], ['open', {}]);
});

attack('refused-stream flood', async (arena) => {
  const handler = createEndless();
  const attacked = arena.serve(handler);
  const { peer, connection } = attacked;
  await peer.handshake();
  await peer.sends(burst([...streamIds(2 * SLOTS)].map(whole)));
  await arena.servesOthers();
  const refused = (await peer.takes()).filter((one) => reset(one.wire.streamId, 'REFUSED_STREAM').matches(one));
  assert.deepEqual([handler.calls, refused.length, connection.inspect().streams.open], [SLOTS, SLOTS, SLOTS]);
  actedOn(attacked, 'concurrentStreams');
  await peer.sends(whole(4 * SLOTS + 1));
  endedBy(attacked, 'refusedStreams');
});

attack('streams before the SETTINGS are acknowledged', async (arena) => {
  const handler = createEndless();
  const attacked = arena.serve(handler);
  // The limit counts from the first frame on, whether or not the peer admits to have read it.
  await attacked.peer.sends(preface, settings(), burst([...streamIds(SLOTS + 10)].map(whole)));
  await arena.servesOthers();
  assert.deepEqual([handler.calls, attacked.connection.inspect().streams.open], [SLOTS, SLOTS]);
  actedOn(attacked, 'concurrentStreams');
});

legitimate('a client that now and then opens a stream too many', async (arena) => {
  const handler = createWaiting();
  const attacked = arena.serve(handler);
  const { peer, connection } = attacked;
  await peer.handshake();
  // A few at a time, and each time streams are accepted in between: more than 256 refusals in all.
  for (let wave = 0, first = 1; wave < 40; wave++) {
    const ids = [...streamIds(SLOTS + 10, first)];
    await peer.sends(burst(ids.map(whole)));
    await peer.sends(burst(ids.slice(0, SLOTS).map((id) => reset(id, 'CANCEL'))));
    arena.clock.advance(10_000);
    first += 2 * ids.length;
  }
  assert.deepEqual([connection.inspect().state, handler.calls], ['open', 40 * SLOTS]);
});

/** Requests, each with its reset behind it. */
function pairs(count: number, first = 1): Script[] {
  return [...streamIds(count, first)].flatMap((id) => [whole(id), reset(id, 'CANCEL')]);
}

/** A fault that no correct peer commits: the first one ends the connection, and with it the way to repeat it. */
async function endsAtOnce(
  arena: Arena,
  fault: (streamId: number) => Script,
  code: Parameters<typeof endedByError>[1],
  reason: RegExp,
): Promise<void> {
  const handler = createWaiting();
  const attacked = arena.serve(handler);
  await attacked.peer.handshake();
  await attacked.peer.sends(whole(1));
  await arena.servesOthers();
  await attacked.peer.sends(fault(1), whole(3), fault(3));
  endedByError(attacked, code, reason);
  assert.deepEqual([handler.calls, handler.running], [1, 0]);
}

/** A fault of one stream: reset and counted, 200 in 30 seconds; the next ends the connection. */
async function isCounted(
  arena: Arena,
  words: (streamId: number) => readonly Script[],
  limits: Parameters<Arena['serve']>[1] = {},
): Promise<void> {
  const handler = createWaiting();
  const attacked = arena.serve(handler as ExchangeHandler, limits);
  const { peer, connection } = attacked;
  await peer.handshake();
  for (const id of streamIds(200)) for (const word of words(id)) await peer.sends(word);
  assert.deepEqual([connection.inspect().state, connection.inspect().resets.sent], ['open', 200]);
  assert.ok(handler.running === 0 && handler.calls <= 200);
  await arena.servesOthers();
  await peer.sends(...words(401));
  endedBy(attacked, 'resetsSent');
}
