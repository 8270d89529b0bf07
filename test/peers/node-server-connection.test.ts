// SPDX-License-Identifier: Apache-2.0
// Our client connection and Node's `http2` server: windows, settings, PING, resets and the end.

import assert from 'node:assert/strict';
import http2, { type ServerHttp2Stream } from 'node:http2';
import { test } from 'node:test';
import { type Answer, ClientCall, fetchAnswer, requestHead } from './client-call.ts';
import { createPattern, describeDifference } from './messages.ts';
import { type NodeHandler, type NodePeer, withNodeServer } from './node-server.ts';
import { createSignal, within } from './within.ts';

const MIB = 1024 * 1024;
const { NGHTTP2_CANCEL, NGHTTP2_NO_ERROR, NGHTTP2_REFUSED_STREAM } = http2.constants;

const echo = (stream: ServerHttp2Stream): void => {
  stream.respond({ ':status': 200 });
  stream.pipe(stream);
};

async function assertEchoes({ connection }: Pick<NodePeer, 'connection'>, sizes: readonly number[]): Promise<void> {
  const bodies = sizes.map((size) => createPattern(size, size));
  const answers = await Promise.all(bodies.map((body) => fetchAnswer(connection, requestHead('POST', '/'), body)));
  answers.forEach((answer, i) => {
    assert.equal(answer.failure, undefined);
    assert.equal(describeDifference(answer.body, bodies[i]), undefined);
  });
}

function changeSettings({ session }: Pick<NodePeer, 'session'>, settings: http2.Settings): Promise<void> {
  const changed = new Promise<void>((resolve, reject) =>
    session.settings(settings, (error) => (error ? reject(error) : resolve())),
  );
  return within(`our acknowledgement of ${JSON.stringify(settings)}`, changed);
}

test('tiny windows of the server: every DATA frame fits them', async () => {
  await withNodeServer(echo, { server: { settings: { initialWindowSize: 7 } } }, async (peer) => {
    await assertEchoes(peer, [0, 1, 7, 8, 2_000, 2_000]);
  });
});

test('tiny windows of ours', async () => {
  const limits = { streamWindowBytes: 1_000, connectionWindowBytes: 65_535 };
  await withNodeServer(echo, { client: { limits } }, async (peer) => {
    await assertEchoes(peer, [0, 1_000, 1_001, 200_000, 200_000]);
  });
});

for (const [name, paddingStrategy] of [
  ['max', http2.constants.PADDING_STRATEGY_MAX],
  // Missing in the types: PADDING_STRATEGY_ALIGNED.
  ['aligned', 1],
] as const) {
  test(`padded frames (${name}); padding counts and is returned`, async () => {
    await withNodeServer(echo, { server: { paddingStrategy } }, async (peer) => {
      await assertEchoes(peer, [0, 1, 951, 3 * MIB]);
      await assertEchoes(
        peer,
        Array.from({ length: 200 }, (_, i) => i * 10),
      );
    });
  });
}

test('settings that change while calls go on', async () => {
  await withNodeServer(echo, {}, async (peer) => {
    const calls = assertEchoes(peer, [2 * MIB, 2 * MIB, 951]);
    // A window that shrinks below what is under way goes negative (RFC 9113 §6.9.2).
    await changeSettings(peer, { initialWindowSize: 10, headerTableSize: 0 });
    await changeSettings(peer, { maxFrameSize: 1 * MIB, headerTableSize: 65_536 });
    await changeSettings(peer, { initialWindowSize: 1 * MIB, maxFrameSize: 16_384 });
    await calls;
    await changeSettings(peer, { headerTableSize: 100 });
    await assertEchoes(peer, [3 * MIB, 0]);
  });
});

test('PING both ways', async () => {
  await withNodeServer(echo, {}, async ({ connection, session }) => {
    assert.ok((await within('the answer to our PING', connection.ping())) >= 0);
    const answer = new Promise<Buffer>((resolve, reject) =>
      session.ping(Buffer.from('87654321'), (error, _ms, payload) => (error ? reject(error) : resolve(payload))),
    );
    assert.equal((await within('our answer to a PING', answer)).toString(), '87654321');
    const many = await within('16 PINGs', Promise.all(Array.from({ length: 16 }, () => connection.ping())));
    assert.equal(many.length, 16);
  });
});

test('the limit of concurrent streams is kept, also when it is lowered', async () => {
  const open: ServerHttp2Stream[] = [];
  const begun = createSignal();
  const handler: NodeHandler = (stream) => {
    if (open.push(stream) === 3) begun.fire();
  };
  await withNodeServer(handler, { server: { settings: { maxConcurrentStreams: 3 } } }, async (peer) => {
    const { connection } = peer;
    const calls = Array.from({ length: 5 }, () => fetchAnswer(connection, requestHead('GET', '/')));
    const refused = await Promise.all(calls.slice(3));
    await within('three streams at the server', begun.promise);
    for (const { failure } of refused) {
      assert.deepEqual([failure?.origin, failure?.code, failure?.unprocessed], ['local', NGHTTP2_REFUSED_STREAM, true]);
    }
    await changeSettings(peer, { maxConcurrentStreams: 2 });
    assert.equal(connection.availableStreams, 0);
    assert.equal(open.length, 3);
    for (const stream of open) stream.respond({ ':status': 204 }, { endStream: true });
    await Promise.all(calls);
    assert.equal(connection.availableStreams, 2);
  });
});

test('RST_STREAM of the server: its code, and whether it is safe to try again', async () => {
  const handler: NodeHandler = (stream, headers) => {
    if (headers['x-begin'] === 'yes') stream.respond({ ':status': 200 });
    stream.close(Number(headers['x-code']));
  };
  await withNodeServer(handler, {}, async ({ connection }) => {
    for (let code = 1; code <= 13; code++) {
      const { failure } = await fetchAnswer(connection, requestHead('GET', '/', [['x-code', String(code)]]));
      const isUnprocessed = code === NGHTTP2_REFUSED_STREAM;
      assert.deepEqual([failure?.origin, failure?.code, failure?.unprocessed], ['peer', code, isUnprocessed]);
    }
    assert.equal(connection.inspect().streams.slots, 0);
  });
});

test('our reset reaches the server, and the connection goes on', async () => {
  const codes: number[] = [];
  const all = createSignal();
  const begun = createSignal();
  const handler: NodeHandler = (stream, headers) => {
    if (headers[':method'] === 'POST') return echo(stream);
    stream.on('close', () => {
      if (codes.push(stream.rstCode ?? -1) === 50) all.fire();
    });
    if (++streams === 50) begun.fire();
  };
  let streams = 0;
  await withNodeServer(handler, {}, async (peer) => {
    const calls = Array.from({ length: 50 }, () => ClientCall.request(peer.connection, requestHead('GET', '/')));
    await within('50 streams at the server', begun.promise);
    for (const call of calls) call.exchange.reset(NGHTTP2_CANCEL);
    await within('50 streams closed at the server', all.promise);
    assert.deepEqual([...new Set(codes)], [NGHTTP2_CANCEL]);
    // In the turn that opened them: perhaps never sent, but never a RST_STREAM alone, which would end the connection.
    for (let i = 0; i < 10; i++)
      ClientCall.request(peer.connection, requestHead('GET', '/')).exchange.reset(NGHTTP2_CANCEL);
    await assertEchoes(peer, [1 * MIB, 7]);
  });
});

test('GOAWAY with a last stream: those above are unprocessed, those below go on', async () => {
  const open: ServerHttp2Stream[] = [];
  const begun = createSignal();
  const handler: NodeHandler = (stream) => {
    if (open.push(stream) === 4) begun.fire();
  };
  await withNodeServer(handler, {}, async ({ connection, session, goAways, closed }) => {
    const answers: Promise<Answer>[] = Array.from({ length: 4 }, () =>
      fetchAnswer(connection, requestHead('GET', '/')),
    );
    await within('four streams at the server', begun.promise);
    session.goaway(NGHTTP2_NO_ERROR, 3);
    const lost = await Promise.all(answers.slice(2));
    for (const { failure } of lost) assert.deepEqual([failure?.origin, failure?.unprocessed], ['peer', true]);
    assert.deepEqual(goAways, [{ code: NGHTTP2_NO_ERROR, lastStreamId: 3 }]);
    const late = await fetchAnswer(connection, requestHead('GET', '/'));
    assert.deepEqual([late.failure?.origin, late.failure?.unprocessed], ['local', true]);
    for (const stream of open.slice(0, 2)) stream.respond({ ':status': 204 }, { endStream: true });
    const kept = await Promise.all(answers.slice(0, 2));
    for (const { failure, head } of kept) assert.deepEqual([failure, head?.status], [undefined, 204]);
    // After goaway() alone Node reads no more, not even our FIN.
    session.close();
    assert.equal((await closed).code, NGHTTP2_NO_ERROR);
  });
});

test('session.close() of the server: what is open ends, then the connection', async () => {
  const begun = createSignal<ServerHttp2Stream>();
  await withNodeServer(begun.fire, {}, async ({ connection, session, closed }) => {
    const call = ClientCall.request(connection, requestHead('POST', '/'), createPattern(1 * MIB));
    const stream = await within('the request', begun.promise);
    session.close();
    echo(stream);
    const answer = await call.answer;
    assert.equal(describeDifference(answer.body, createPattern(1 * MIB)), undefined);
    assert.equal((await closed).code, NGHTTP2_NO_ERROR);
  });
});

test('a server that goes at once: every call fails, none hangs, PING rejects', async () => {
  const begun = createSignal<ServerHttp2Stream>();
  await withNodeServer(begun.fire, {}, async ({ connection, session, closed }) => {
    const calls = Array.from({ length: 3 }, () => fetchAnswer(connection, requestHead('GET', '/')));
    await within('a request', begun.promise);
    session.socket.resetAndDestroy();
    const ping = connection.ping();
    await assert.rejects(within('our PING fails', ping), (error: Error) => !error.message.startsWith('not within'));
    for (const { failure } of await Promise.all(calls)) {
      assert.deepEqual([failure?.origin, failure?.unprocessed], ['transport', false]);
    }
    await closed;
    assert.equal((await fetchAnswer(connection, requestHead('GET', '/'))).failure?.unprocessed, true);
  });
});

test('drain() and close() of ours end the connection in good order', async () => {
  const begun = createSignal<ServerHttp2Stream>();
  await withNodeServer(begun.fire, {}, async ({ connection, session, closed }) => {
    const sessionClosed = new Promise<void>((resolve) => session.once('close', () => resolve()));
    const call = ClientCall.request(connection, requestHead('POST', '/'), Buffer.from('x'));
    const stream = await within('the request', begun.promise);
    connection.drain(5_000);
    assert.equal((await fetchAnswer(connection, requestHead('GET', '/'))).failure?.unprocessed, true);
    echo(stream);
    assert.equal((await call.answer).body.toString(), 'x');
    await closed;
    await within('the session closes', sessionClosed);
  });
  await withNodeServer(echo, {}, async ({ connection, session, closed }) => {
    const goAway = new Promise<number>((resolve) => session.once('goaway', (code) => resolve(code)));
    connection.close();
    assert.equal(await within('our GOAWAY', goAway), NGHTTP2_NO_ERROR);
    await closed;
  });
});
