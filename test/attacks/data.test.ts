// SPDX-License-Identifier: Apache-2.0
// DATA that costs more to account for than it carries: empty frames, and a byte at a time.

import assert from 'node:assert/strict';
import type { BodyReceiver, ExchangeHandler } from '../../packages/crosstie/src/exchange/index.ts';
import { data, END_STREAM, headers, reset } from '../../packages/crosstie/src/testing/index.ts';
import { attack, endedBy, endedByError, legitimate, unhurt } from './arena.ts';
import { BulkClient } from './bulk-client.ts';
import { burst, open, repeat, streamIds, whole } from './frames.ts';
import { createEcho, createEndless, createStreamingEcho, createWaiting, OK } from './handlers.ts';

const MIB = 1_048_576;

attack('empty DATA in a row', async (arena) => {
  const attacked = arena.serve(createWaiting());
  const { peer } = attacked;
  await peer.handshake();
  await peer.sends(open(1), repeat(10, data(1)));
  await arena.servesOthers();
  assert.equal(attacked.connection.inspect().state, 'open');
  await peer.sends(data(1));
  endedBy(attacked, 'emptyData');
});

attack('empty DATA between other frames', async (arena) => {
  const attacked = arena.serve(createWaiting());
  const { peer } = attacked;
  await peer.handshake();
  await peer.sends(open(1), repeat(100, burst([data(1), data(1, 'x')])));
  await arena.servesOthers();
  assert.equal(attacked.connection.inspect().state, 'open');
  await peer.sends(data(1));
  endedBy(attacked, 'emptyData');
});

attack('DATA of nothing but padding', async (arena) => {
  const attacked = arena.serve(createWaiting());
  const { peer } = attacked;
  await peer.handshake();
  await peer.sends(open(1), repeat(10, data(1, '', { paddingBytes: 255 })));
  await arena.servesOthers();
  assert.equal(attacked.connection.inspect().state, 'open');
  await peer.sends(data(1, '', { paddingBytes: 255 }));
  endedBy(attacked, 'emptyData');
});

attack('empty DATA on closed streams', async (arena) => {
  const attacked = arena.serve(createEcho());
  const { peer } = attacked;
  await peer.handshake();
  await peer.sends(whole(1));
  await arena.servesOthers();
  await peer.sends(data(1));
  endedByError(attacked, 'STREAM_CLOSED', /closed stream/);
});

legitimate('streams that end with an empty DATA frame', async (arena) => {
  const attacked = arena.serve(createEcho());
  const { peer } = attacked;
  await peer.handshake();
  // Many clients learn only afterwards that a body is over.
  for (const id of streamIds(1_000)) {
    await peer.sends(open(id), data(id, 'body'), data(id, '', END_STREAM));
    await peer.receives(headers(id, { ':status': '200' }), data(id, 'body'), headers(id, {}, END_STREAM));
  }
  unhurt(attacked);
});

attack('a window filled byte by byte', async (arena) => {
  const attacked = arena.serve(createEndless());
  const { peer, connection } = attacked;
  await peer.handshake();
  await peer.sends(open(1));
  const before = process.memoryUsage();
  // CVE-2026-84304: a million frames of one byte, and nobody reads them. What is kept is bytes, not frames.
  for (let i = 0; i < 16; i++) {
    await peer.sends(repeat(MIB / 16, data(1, 'x')));
    if (i % 4 === 0) await arena.servesOthers();
  }
  const grown = process.memoryUsage().heapUsed - before.heapUsed;
  assert.ok(grown < 32 * MIB, `the heap grew by ${grown}`);
  assert.ok(connection.inspect().heldBytes < 1.1 * MIB);
  // The reader gives nothing back, so the window stays closed.
  await peer.sends(data(1, 'x'));
  await peer.receives(reset(1, 'FLOW_CONTROL_ERROR'));
});

attack('DATA beyond the connection window', async (arena) => {
  const attacked = arena.serve(createEndless(), { connectionWindowBytes: 65_535, streamWindowBytes: 65_535 });
  const { peer } = attacked;
  await peer.handshake();
  await arena.servesOthers();
  await peer.sends(open(1), repeat(4, data(1, Buffer.alloc(16_384))));
  endedByError(attacked, 'FLOW_CONTROL_ERROR', /connection window/);
});

legitimate('a stream of 100,000 tiny messages', async (arena) => {
  const attacked = arena.serveBytes(createStreamingEcho());
  const client = new BulkClient(attacked.channel);
  client.begin();
  // One gRPC message of seven bytes in each DATA frame, both ways.
  client.open(1);
  client.upload({ streamId: 1, bytes: 100_000 * 12, frameBytes: 12 });
  await client.finishes(arena);
  const { received } = client.stream(1);
  assert.deepEqual([received.bytes, received.isEnded, received.isIntact], [1_200_000, true, true]);
  assert.ok(client.dataFramesSent >= 100_000);
  unhurt(attacked);
});

legitimate('tiny messages that are read only now and then', async (arena) => {
  let read = (): void => {};
  const handler: ExchangeHandler = (exchange): BodyReceiver => {
    let owed = 0;
    read = () => {
      exchange.release(owed);
      owed = 0;
    };
    return {
      onData: (bytes) => {
        owed += bytes.length;
      },
      onEnd: () => exchange.reply(OK),
      onFailure: () => {},
      onWritable: () => {},
    };
  };
  const attacked = arena.serveBytes(handler);
  const client = new BulkClient(attacked.channel);
  client.begin();
  client.open(1);
  client.upload({ streamId: 1, bytes: 300_000 * 10, frameBytes: 10 });
  for (let i = 0; i < 10 && !client.stream(1).received.isEnded; i++) {
    await client.settles(arena);
    read();
  }
  await client.finishes(arena);
  unhurt(attacked);
});
