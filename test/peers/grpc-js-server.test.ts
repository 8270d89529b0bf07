// SPDX-License-Identifier: Apache-2.0
// Our client connection and a @grpc/grpc-js server. There is no RPC layer here: envelopes are made and read by hand.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Metadata, type ServerUnaryCall, type sendUnaryData, status } from '@grpc/grpc-js';
import { outgoingHeaders } from '../../packages/crosstie/src/entry/engine.ts';
import { type Answer, ClientCall, fetchAnswer, grpcHead } from './client-call.ts';
import { type GrpcPeer, withGrpcServer } from './grpc-server.ts';
import { createEnvelope, createPattern, describeDifference, MESSAGE_SIZES, PREFIX_BYTES } from './messages.ts';
import { createSignal, within } from './within.ts';

type UnaryCall = ServerUnaryCall<Buffer, Buffer>;
type Respond = sendUnaryData<Buffer>;

function callUnary({ connection }: Pick<GrpcPeer, 'connection'>, message: Buffer): Promise<Answer> {
  return fetchAnswer(connection, grpcHead('/s/Unary'), createEnvelope(message));
}

function assertMessage(answer: Answer, message: Buffer): void {
  assert.equal(answer.failure, undefined);
  assert.equal(answer.head?.status, 200);
  assert.equal(describeDifference(answer.body, createEnvelope(message)), undefined);
  assert.equal(answer.trailers?.get('grpc-status'), '0');
}

const echo = (call: UnaryCall, respond: Respond): void => respond(null, call.request);

for (const tls of [false, true]) {
  test(`messages of all sizes over ${tls ? 'TLS' : 'h2c'}, one after the other and all at once`, async () => {
    await withGrpcServer({ unary: echo }, { tls }, async (peer) => {
      const messages = MESSAGE_SIZES.map((size) => createPattern(size, size));
      for (const message of messages) assertMessage(await callUnary(peer, message), message);
      const answers = await Promise.all(messages.map((message) => callUnary(peer, message)));
      answers.forEach((answer, i) => {
        assertMessage(answer, messages[i]);
      });
    });
  });
}

test('1,000 calls at once', async () => {
  await withGrpcServer({ unary: echo }, {}, async (peer) => {
    const messages = Array.from({ length: 1_000 }, (_, i) => createPattern(i % 97, i));
    const answers = await Promise.all(messages.map((message) => callUnary(peer, message)));
    answers.forEach((answer, i) => {
      assertMessage(answer, messages[i]);
    });
  });
});

test('an error without a message is Trailers-Only: everything is in the head, which ends the stream', async () => {
  await withGrpcServer({ unary: echo }, {}, async ({ connection }) => {
    const answer = await fetchAnswer(connection, grpcHead('/s/Unknown'), createEnvelope(Buffer.alloc(0)));
    assert.deepEqual([answer.failure, answer.head?.status, answer.body.length], [undefined, 200, 0]);
    const fields = answer.trailers ?? answer.head?.fields;
    assert.equal(fields?.get('grpc-status'), String(status.UNIMPLEMENTED));
    assert.match(fields?.get('grpc-message') ?? '', /does not implement/);
  });
});

test('errors of the handler and of its limits', async () => {
  const metadata = new Metadata();
  metadata.set('x-data-bin', createPattern(50));
  const unary = (_: UnaryCall, respond: Respond): void =>
    respond({ code: status.NOT_FOUND, details: 'no such ä', metadata });
  await withGrpcServer({ unary }, {}, async (peer) => {
    const small = await callUnary(peer, Buffer.from('x'));
    const trailers = small.trailers ?? small.head?.fields;
    assert.equal(trailers?.get('grpc-status'), String(status.NOT_FOUND));
    assert.equal(decodeURIComponent(trailers?.get('grpc-message') ?? ''), 'no such ä');
    assert.deepEqual(Buffer.from(trailers?.get('x-data-bin') ?? '', 'base64'), createPattern(50));
    // grpc-js takes 4 MiB; it answers before it has read the rest.
    const large = await callUnary(peer, createPattern(5 * 1024 * 1024));
    const end = large.trailers ?? large.head?.fields;
    assert.equal(end?.get('grpc-status'), String(status.RESOURCE_EXHAUSTED), JSON.stringify(large.failure));
    assert.equal(peer.connection.inspect().state, 'open');
  });
});

test('streams: a request in pieces, an answer of many messages, both at once', async () => {
  await withGrpcServer({ unary: echo }, {}, async ({ connection }) => {
    const messages = Array.from({ length: 200 }, (_, i) => createPattern(i * 31, i));
    const call = ClientCall.open(connection, grpcHead('/s/Bidi'));
    // One at a time, each waiting for its echo; then all that are left, in pieces that end anywhere.
    let expected = 0;
    for (const message of messages.slice(0, 20)) {
      call.exchange.sendData(createEnvelope(message));
      expected += PREFIX_BYTES + message.length;
      await call.untilReceived(expected);
    }
    await call.upload(Buffer.concat(messages.slice(20).map(createEnvelope)), 1_009);
    call.exchange.sendEnd();
    const answer = await call.answer;
    assert.equal(describeDifference(answer.body, Buffer.concat(messages.map(createEnvelope))), undefined);
    assert.equal(answer.trailers?.get('grpc-status'), '0');
  });
});

test('metadata both ways, and our cancel', async () => {
  const cancelled = createSignal();
  const begun = createSignal();
  const unary = (call: UnaryCall, respond: Respond): void => {
    if (call.metadata.get('x-wait').length > 0) {
      call.on('cancelled', () => cancelled.fire());
      begun.fire();
      return;
    }
    const back = new Metadata();
    back.set('x-text', call.metadata.get('x-text')[0] ?? '');
    back.set('x-data-bin', call.metadata.get('x-data-bin')[0] ?? '');
    call.sendMetadata(back);
    respond(null, call.request, back);
  };
  await withGrpcServer({ unary }, {}, async ({ connection }) => {
    const data = createPattern(100).toString('base64');
    const fields = [
      ['x-text', 'text'],
      ['x-data-bin', data],
    ] as const;
    const answer = await fetchAnswer(connection, grpcHead('/s/Unary', fields), createEnvelope(Buffer.from('x')));
    assertMessage(answer, Buffer.from('x'));
    for (const section of [answer.head?.fields, answer.trailers]) {
      assert.equal(section?.get('x-text'), 'text');
      // With padding or without (gRPC over HTTP/2, "Binary-Header").
      assert.equal(section?.get('x-data-bin')?.replace(/=+$/, ''), data.replace(/=+$/, ''));
    }
    const call = ClientCall.request(
      connection,
      grpcHead('/s/Unary', [['x-wait', '1']]),
      createEnvelope(Buffer.alloc(1)),
    );
    await within('the call at the server', begun.promise);
    call.exchange.reset(8);
    await within('the server hears of the cancel', cancelled.promise);
    assert.equal(connection.inspect().streams.slots, 0);
  });
});

test('its limit of concurrent streams is kept', async () => {
  const waiting: (() => void)[] = [];
  const begun = createSignal();
  const unary = (call: UnaryCall, respond: Respond): void => {
    if (waiting.push(() => respond(null, call.request)) === 3) begun.fire();
  };
  await withGrpcServer({ unary }, { options: { 'grpc.max_concurrent_streams': 3 } }, async (peer) => {
    assert.equal(peer.connection.inspect().peerSettings.concurrentStreams, 3);
    const answers = Array.from({ length: 5 }, () => callUnary(peer, Buffer.from('x')));
    for (const { failure } of await Promise.all(answers.slice(3))) {
      assert.deepEqual([failure?.origin, failure?.unprocessed], ['local', true]);
    }
    await within('three calls at the server', begun.promise);
    for (const respond of waiting) respond();
    for (const answer of await Promise.all(answers.slice(0, 3))) assertMessage(answer, Buffer.from('x'));
    assert.equal(peer.connection.availableStreams, 3);
  });
});

test('a server that shuts down: GOAWAY, what is open ends well, what comes too late is unprocessed', async () => {
  const begun = createSignal<() => void>();
  const unary = (call: UnaryCall, respond: Respond): void => begun.fire(() => respond(null, call.request));
  await withGrpcServer({ unary }, {}, async (peer) => {
    const open = callUnary(peer, createPattern(951));
    const respond = await within('the call at the server', begun.promise);
    const stopped = new Promise<void>((resolve) => peer.server.tryShutdown(() => resolve()));
    // On its way when the server goes away.
    const crossing = await callUnary(peer, Buffer.from('x'));
    assert.equal(crossing.failure?.unprocessed, true, JSON.stringify(crossing));
    assert.deepEqual(
      peer.goAways.map(({ code }) => code),
      [0],
    );
    const late = await callUnary(peer, Buffer.from('x'));
    assert.deepEqual([late.failure?.origin, late.failure?.unprocessed], ['local', true]);
    respond();
    assertMessage(await open, createPattern(951));
    await within('our connection closes', peer.closed);
    await within('the server has shut down', stopped);
  });
});

test('a server that is forced to shut down: the call fails, none hangs', async () => {
  const begun = createSignal();
  await withGrpcServer({ unary: () => begun.fire() }, {}, async (peer) => {
    const open = callUnary(peer, createPattern(951));
    await within('the call at the server', begun.promise);
    peer.server.forceShutdown();
    const { failure } = await open;
    assert.equal(failure?.unprocessed, false);
    await within('our connection closes', peer.closed);
  });
});

test('trailers of ours do not disturb it', async () => {
  await withGrpcServer({ unary: echo }, {}, async ({ connection }) => {
    const call = ClientCall.open(connection, grpcHead('/s/Unary'));
    call.exchange.sendData(createEnvelope(Buffer.from('x')));
    call.exchange.sendEnd(outgoingHeaders([['x-a', 'b']]));
    assertMessage(await call.answer, Buffer.from('x'));
  });
});
