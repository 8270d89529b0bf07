// SPDX-License-Identifier: Apache-2.0
// Memory of the process, filled by messages that are begun and never finished. Those who hold most pay; honest messages
// that look the same complete.

import assert from 'node:assert/strict';
import type { ExchangeHandler } from '../../packages/crosstie/src/exchange/index.ts';
import { ErrorCode, type ServerConnection } from '../../packages/crosstie/src/h2/index.ts';
import {
  ack,
  data,
  END_STREAM,
  headers,
  preface,
  type Script,
  settings,
} from '../../packages/crosstie/src/testing/index.ts';
import { type Arena, type AttackedByBytes, attack, endedBy, legitimate, unhurt } from './arena.ts';
import { BulkClient, patternAt, patternBody } from './bulk-client.ts';
import { bulkData, burst, open, streamIds } from './frames.ts';
import { createEcho, createEndless, OK, STATUS_0 } from './handlers.ts';

const KIB = 1_024;
const MIB = 1_024 * KIB;
const MESSAGES = 100;
const MESSAGE_BYTES = 4 * MIB;
const HALF_BYTES = 2 * MIB;

attack(
  '2,000 connections with half-sent messages',
  async (arena) => {
    const attackers: AttackedByBytes<ServerConnection>[] = [];
    const opening = burst([preface, settings(), ack, open(1), bulkData(1, 200 * KIB)]);
    const before = process.memoryUsage().rss;
    let mostHeld = 0;
    let mostGrown = 0;
    // 400 MiB against a budget of 64 MiB. Every handler keeps what it gets until its stream ends.
    for (let i = 0; i < 2_000; i++) {
      attackers.push(beginAttack(arena, opening));
      if (i % 50 !== 49) continue;
      await settleAll(arena, attackers.slice(-50));
      mostHeld = Math.max(mostHeld, arena.budget.heldBytes);
      mostGrown = Math.max(mostGrown, process.memoryUsage().rss - before);
      if (i % 500 === 499) await arena.servesOthers(100 * KIB);
    }
    assert.ok(mostHeld <= 64 * MIB, `held ${mostHeld} bytes`);
    assert.ok(mostGrown < 512 * MIB, `the process has grown by ${mostGrown}`);
    // 64 MiB are 327 of these messages: the others' connections were told to be calm, and why.
    const ended = attackers.filter((one) => one.connection.inspect().state !== 'open');
    assert.ok(ended.length >= 1_600, `${ended.length} connections were ended`);
    assert.equal(arena.budget.evictions, ended.length);
    for (const one of ended) endedBy(one, 'receiveMemory');
    await arena.servesOthers(100 * KIB);
  },
  { budgetBytes: 64 * MIB },
);

attack(
  'the largest holder among many small ones',
  async (arena) => {
    const small = Array.from({ length: 40 }, () =>
      beginAttack(arena, burst([preface, settings(), ack, open(1), bulkData(1, 50 * KIB)])),
    );
    const hog = beginAttack(arena, burst([preface, settings(), ack]));
    await settleAll(arena, [...small, hog]);
    for (const id of streamIds(10)) {
      hog.channel.write([burst([open(id), bulkData(id, 900 * KIB)]).encode()], () => {});
      await settleAll(arena, [hog]);
    }
    await arena.servesOthers();
    endedBy(hog, 'receiveMemory');
    for (const one of small) unhurt(one);
    assert.equal(arena.budget.evictions, 1);
  },
  { budgetBytes: 8 * MIB },
);

attack('one connection that holds more than it may', async (arena) => {
  const limits = { receiveConnectionBytes: 4 * MIB };
  const attacked = arena.serve(createEndless(), limits);
  const { peer, connection } = attacked;
  await peer.handshake();
  // 16 streams of a window each, that nobody reads.
  for (const id of streamIds(4)) await peer.sends(open(id), bulkData(id, MIB - 64 * KIB));
  await arena.servesOthers();
  assert.equal(connection.inspect().state, 'open');
  for (const id of streamIds(12, 9)) await peer.sends(open(id), bulkData(id, MIB - 64 * KIB));
  assert.ok(connection.inspect().heldBytes <= 5 * MIB, `held ${connection.inspect().heldBytes}`);
  endedBy(attacked, 'receiveMemory');
});

attack(
  'half-sent messages that wait for ever',
  async (arena) => {
    // Each has used its window and asks for more; the first gets what is left, and none of them ever ends.
    const waiting = Array.from({ length: 7 }, () =>
      beginAttack(arena, burst([preface, settings(), ack, open(1), bulkData(1, 1024 * KIB)])),
    );
    await settleAll(arena, waiting);
    await arena.servesOthers();
    assert.equal(arena.budget.evictions, 0);
    // The traffic of others, which goes on meanwhile, is no progress of theirs.
    for (let second = 0; second < 30 && arena.budget.evictions === 0; second++) {
      arena.clock.advance(1_000);
      await arena.servesOthers();
      await settleAll(arena, waiting);
    }
    assert.equal(arena.budget.evictions, 1);
    const ended = waiting.filter((one) => one.connection.inspect().state !== 'open');
    assert.equal(ended.length, 1);
    endedBy(ended[0], 'receiveStall');
  },
  { budgetBytes: 8 * MIB },
);

attack(
  'silent streams ahead of an honest one in the queue for memory',
  async (arena) => {
    // Four streams on each of eight connections, each past half of its window, so that all of them wait for credit
    // before the honest message does. Each connection holds more than that message ever will.
    const silent = Array.from({ length: 8 }, () => beginAttack(arena, burst([preface, settings(), ack])));
    for (const id of streamIds(4)) {
      for (const one of silent) one.channel.write([burst([open(id), bulkData(id, 600 * KIB)]).encode()], () => {});
      await settleAll(arena, silent);
    }
    const attacked = arena.serveBytes(createEcho());
    const honest = new BulkClient(attacked.channel);
    honest.begin();
    honest.open(1);
    honest.upload({ streamId: 1, bytes: 2 * MIB, frameBytes: 16_384 });
    await honest.settles(arena);
    // A minute: the patience of a caller. Who is silent with memory in hand loses it before, whatever others do.
    for (let second = 0; second < 60 && !honest.stream(1).received.isEnded; second++) {
      arena.clock.advance(1_000);
      await arena.servesOthers();
      await honest.settles(arena);
    }
    await honest.finishes(arena);
    assert.ok(honest.stream(1).received.isIntact);
    unhurt(attacked);
  },
  { budgetBytes: 16 * MIB },
);

attack(
  'memory short for a long time',
  async (arena) => {
    // One after the other, so that the last of them meet a budget that is full already.
    for (let i = 0; i < 40; i++) {
      await settleAll(arena, [beginAttack(arena, burst([preface, settings(), ack, open(1), bulkData(1, 600 * KIB)]))]);
    }
    for (let period = 0; period < 12; period++) {
      arena.clock.advance(10_000);
      await arena.settles();
      if (period === 8) await arena.servesOthers();
    }
    // The watch over memory is a timer or two, however long it lasts.
    assert.ok(arena.clock.pendingTimers.length <= 3, `${arena.clock.pendingTimers.length} timers`);
    assert.ok(arena.budget.heldBytes <= 16 * MIB);
  },
  { budgetBytes: 16 * MIB },
);

attack(
  'partial frames on many connections',
  async (arena) => {
    // Each announces 16 KiB and sends a few bytes of it: what is kept is what came, not what was announced.
    const opening = burst([preface, settings(), ack, open(1), cut(data(1, Buffer.alloc(16_384)), 20)]);
    const attackers = Array.from({ length: 1_000 }, () => beginAttack(arena, opening));
    await settleAll(arena, attackers);
    await arena.servesOthers();
    for (const one of attackers) assert.ok(one.connection.inspect().heldBytes <= KIB);
    assert.equal(arena.budget.evictions, 0);
    // Then most of it, and never the end: that is memory of the process like any other.
    for (const one of attackers) one.channel.write([Buffer.alloc(15 * KIB)], () => {});
    await settleAll(arena, attackers);
    assert.ok(arena.budget.heldBytes <= 4 * MIB, `${arena.budget.heldBytes} bytes are held`);
    assert.ok(arena.budget.evictions > 700);
    await arena.servesOthers();
  },
  { budgetBytes: 4 * MIB },
);

legitimate('100 interleaved half-sent 4 MiB messages', async (arena) => {
  const attacked = arena.serveBytes(createEcho());
  const client = new BulkClient(attacked.channel);
  const before = process.memoryUsage().rss;
  client.begin();
  const ids = [...streamIds(MESSAGES)];
  for (const streamId of ids) {
    client.open(streamId);
    client.upload({ streamId, bytes: MESSAGE_BYTES, frameBytes: 16_384, pauseAt: HALF_BYTES });
  }
  await client.settles(arena);
  for (const id of ids) assert.equal(client.sentBytes(id), HALF_BYTES, `stream ${id} is not half-sent`);
  assert.ok(arena.budget.heldBytes >= MESSAGES * HALF_BYTES);
  await arena.servesOthers(100 * KIB);
  for (const id of ids) {
    client.resume(id);
    await client.settles(arena);
  }
  await client.finishes(arena);
  assert.ok(
    ids.every((id) => client.stream(id).received.isIntact && client.stream(id).received.bytes === MESSAGE_BYTES),
  );
  const grown = process.memoryUsage().rss - before;
  assert.ok(grown < 1_024 * MIB, `the process has grown by ${grown}`);
  assert.equal(attacked.connection.inspect().heldBytes, 0);
  unhurt(attacked);
});

legitimate('100 interleaved half-sent 4 MiB messages, frame by frame to the end', async (arena) => {
  const attacked = arena.serveBytes(createCheckingEcho());
  const client = new BulkClient(attacked.channel);
  client.begin();
  const ids = [...streamIds(MESSAGES)];
  for (const streamId of ids) {
    client.open(streamId);
    client.upload({ streamId, bytes: MESSAGE_BYTES, frameBytes: 16_384, pauseAt: HALF_BYTES });
  }
  await client.settles(arena);
  for (const id of ids) assert.equal(client.sentBytes(id), HALF_BYTES, `stream ${id} is not half-sent`);
  client.resume();
  await client.settles(arena);
  await client.finishes(arena);
  assert.ok(
    ids.every((id) => client.stream(id).received.isIntact && client.stream(id).received.bytes === MESSAGE_BYTES),
  );
  assert.equal(arena.budget.evictions, 0);
  assert.equal(attacked.connection.inspect().heldBytes, 0);
  unhurt(attacked);
});

legitimate('100 interleaved 4 MiB messages on 100 connections', async (arena) => {
  const clients = Array.from({ length: MESSAGES }, () => {
    const attacked = arena.serveBytes(createCheckingEcho());
    return { attacked, client: new BulkClient(attacked.channel) };
  });
  for (const { client } of clients) {
    client.begin();
    client.open(1);
    client.upload({ streamId: 1, bytes: MESSAGE_BYTES, frameBytes: 16_384 });
  }
  await arena.settles(...clients.map(({ attacked }) => attacked.channel));
  for (const { client, attacked } of clients) {
    await client.finishes(arena);
    assert.ok(client.stream(1).received.isIntact);
    unhurt(attacked);
  }
  assert.deepEqual([arena.budget.evictions, arena.budget.heldBytes], [0, 0]);
});

legitimate('a request beside readers that do not read', async (arena) => {
  let isFirst = 0;
  const echo = createEcho();
  const lazy = createEndless();
  const attacked = arena.serve((exchange) => (isFirst++ < 20 ? lazy(exchange) : echo(exchange)));
  const { peer } = attacked;
  await peer.handshake();
  // Twenty streams whose windows are used up and not returned: five times the connection's window.
  for (const id of streamIds(20)) await peer.sends(open(id), bulkData(id, MIB - 64 * KIB));
  await peer.takes();
  await peer.sends(open(41), data(41, 'quick', END_STREAM));
  await peer.receives(headers(41, { ':status': '200' }), data(41, 'quick'), headers(41, {}, END_STREAM));
  unhurt(attacked);
});

/** Collects by the book, but keeps a comparison instead of bytes: the engine's own memory is what is left to see. */
function createCheckingEcho(): ExchangeHandler {
  const body = patternBody(MESSAGE_BYTES);
  return (exchange) => {
    let received = 0;
    return {
      onData: (bytes) => {
        if (!patternAt(received, bytes.length).equals(bytes)) exchange.reset(ErrorCode.INTERNAL_ERROR);
        received += bytes.length;
        exchange.grant(bytes.length);
      },
      onEnd: () => exchange.reply(OK, body.subarray(0, received), STATUS_0),
      onFailure: () => {},
      onWritable: () => {},
    };
  };
}

/** A connection whose client says this much and then nothing. */
function beginAttack(arena: Arena, opening: Script): AttackedByBytes<ServerConnection> {
  const attacked = arena.serveBytes(createEcho());
  const { channel } = attacked;
  channel.open({ onBytes: () => {}, onWritable: () => {}, onEnd: () => {}, onClose: () => {} });
  channel.write([opening.encode()], () => {});
  return attacked;
}

function settleAll(arena: Arena, attackers: readonly AttackedByBytes<ServerConnection>[]): Promise<void> {
  return arena.settles(...attackers.map(({ channel }) => channel));
}

/** The first `bytes` bytes of a frame. */
function cut(word: Script, bytes: number): Script {
  return { ...word, encode: () => word.encode().subarray(0, bytes) };
}
