// SPDX-License-Identifier: Apache-2.0
// Connections that end for no fault of theirs (gRFC A9): age, idleness, number of requests.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { prepareHeaders, type ServerExchange } from '../../exchange/index.ts';
import { BodyRecorder, END_STREAM, goAway, headers, ping, pong, request, servePeer } from '../../testing/index.ts';

const OK = prepareHeaders([[':status', '200']]);
const GET = request('GET', '/');

async function serve(
  limits: { maxAgeMs?: number; idleMs?: number; maxRequests?: number; maxAgeGraceMs?: number },
  random = 0.5,
) {
  const calls: ServerExchange[] = [];
  const served = servePeer(
    (exchange) => {
      calls.push(exchange);
      return new BodyRecorder();
    },
    { limits, random: () => random },
  );
  await served.peer.handshake();
  return { ...served, calls };
}

test('an old connection is drained in two steps, and its calls have their grace', async () => {
  const { peer, connection, calls } = await serve({ maxAgeMs: 300_000, maxAgeGraceMs: 30_000 });
  await peer.sends(headers(1, GET, END_STREAM));
  await peer.waits(299_999);
  await peer.receivesNothing();
  await peer.waits(1);
  await peer.receives(goAway('NO_ERROR', /max_age/), ping());
  await peer.waits(1_000);
  await peer.receives(goAway('NO_ERROR', /max_age/));
  calls[0].reply(OK);
  await peer.receives(headers(1, { ':status': '200' }, END_STREAM));
  assert.deepEqual(connection.inspect().limits, { maxAgeMs: 1 });
  await peer.receivesEnd();
});

test('ages differ by ten per cent either way', async () => {
  for (const [random, ageMs] of [
    [0, 270_000],
    [0.75, 315_000],
  ]) {
    const { peer } = await serve({ maxAgeMs: 300_000 }, random);
    await peer.waits(ageMs - 1);
    await peer.receivesNothing();
    await peer.waits(1);
    await peer.receives(goAway('NO_ERROR', /max_age/), ping());
  }
});

test('an idle connection is drained; streams, and not PINGs, are what keeps it', async () => {
  const { peer, calls, connection } = await serve({ idleMs: 10_000 });
  await peer.waits(9_000);
  await peer.sends(headers(1, GET, END_STREAM));
  await peer.waits(30_000);
  calls[0].reply(OK);
  await peer.receives(headers(1, { ':status': '200' }, END_STREAM));
  assert.equal(connection.inspect().state, 'open');
  await peer.waits(5_000);
  await peer.sends(ping('12345678'));
  await peer.receives(pong());
  await peer.waits(4_999);
  await peer.receivesNothing();
  await peer.waits(1);
  await peer.receives(goAway('NO_ERROR', /max_idle/), ping());
});

test('after its last request a connection takes no more', async () => {
  const { peer, calls } = await serve({ maxRequests: 2 });
  await peer.sends(headers(1, GET, END_STREAM), headers(3, GET, END_STREAM));
  await peer.receives(goAway('NO_ERROR', /max_requests/), ping());
  for (const call of calls) call.reply(OK);
  await peer.receives(headers(1, { ':status': '200' }, END_STREAM), headers(3, { ':status': '200' }, END_STREAM));
});
