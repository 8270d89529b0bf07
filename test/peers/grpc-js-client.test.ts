// SPDX-License-Identifier: Apache-2.0
// @grpc/grpc-js as client of the echo, and of a server of ours that does what the echo does not.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type Client, Metadata, status } from '@grpc/grpc-js';
import { ErrorCode, outgoingHeaders } from '../../packages/crosstie/src/entry/engine.ts';
import { type EchoProcess, startEchoProcess } from './echo-process.ts';
import { startUnary, type UnaryOutcome, withGrpcClient } from './grpc-peer.ts';
import { createPattern, describeDifference, ECHO_PATH, MESSAGE_SIZES } from './messages.ts';
import { type Behaviour, withOwnServer } from './own-server.ts';
import { SERVER_IDENTITY } from './tls-files.ts';
import { createSignal, within } from './within.ts';

let echo: EchoProcess;
let secureEcho: EchoProcess;
before(async () => {
  [echo, secureEcho] = await Promise.all([startEchoProcess(), startEchoProcess(SERVER_IDENTITY)]);
});
after(async () => {
  await Promise.all([echo.stop(), secureEcho.stop()]);
});

function callEcho(client: Client, message: Buffer, metadata = new Metadata()): Promise<UnaryOutcome> {
  return startUnary(client, { path: ECHO_PATH, message, metadata }).outcome;
}

function assertEcho({ error, message, status: end }: UnaryOutcome, expected: Buffer): void {
  assert.equal(error?.message, undefined);
  assert.equal(end.code, status.OK);
  assert.equal(describeDifference(message ?? Buffer.alloc(0), expected), undefined);
}

for (const name of ['h2c', 'TLS']) {
  test(`messages of all sizes over ${name}, one after the other and all at once`, async () => {
    await withGrpcClient(name === 'TLS' ? secureEcho.url : echo.url, async (client) => {
      const messages = MESSAGE_SIZES.map((size) => createPattern(size, size));
      for (const message of messages) assertEcho(await callEcho(client, message), message);
      const outcomes = await Promise.all(messages.map((message) => callEcho(client, message)));
      outcomes.forEach((outcome, i) => {
        assertEcho(outcome, messages[i]);
      });
    });
  });
}

test('1,000 calls at once', async () => {
  await withGrpcClient(echo.url, async (client) => {
    const messages = Array.from({ length: 1_000 }, (_, i) => createPattern(i % 97, i));
    const outcomes = await Promise.all(messages.map((message) => callEcho(client, message)));
    outcomes.forEach((outcome, i) => {
      assertEcho(outcome, messages[i]);
    });
  });
});

test('a message larger than the echo takes: RESOURCE_EXHAUSTED, and the connection goes on', async () => {
  await withGrpcClient(echo.url, async (client) => {
    const { error } = await callEcho(client, createPattern(5 * 1024 * 1024));
    assert.equal(error?.code, status.RESOURCE_EXHAUSTED);
    assert.match(error?.details ?? '', /message larger than 4194304 bytes/);
    assertEcho(await callEcho(client, createPattern(7)), createPattern(7));
  });
});

test('cancels: 300 calls in all stages; the connection goes on and has room', async () => {
  await withGrpcClient(echo.url, async (client) => {
    const message = createPattern(100_000);
    const calls = Array.from({ length: 300 }, () => startUnary(client, { path: ECHO_PATH, message }));
    calls.forEach((call, i) => {
      if (i % 3 === 0) call.cancel();
      else if (i % 3 === 1) setImmediate(call.cancel);
    });
    const outcomes = await Promise.all(calls.map((call) => call.outcome));
    outcomes.forEach((outcome, i) => {
      if (i % 3 === 0) assert.equal(outcome.error?.code, status.CANCELLED);
      if (i % 3 === 2) assertEcho(outcome, message);
    });
    const after = await Promise.all(Array.from({ length: 256 }, () => callEcho(client, createPattern(7))));
    for (const outcome of after) assertEcho(outcome, createPattern(7));
  });
});

test('metadata both ways, text and binary, in head and trailers', async () => {
  const answer: Behaviour = {
    onEnd: ({ exchange, body }) => {
      const { fields } = exchange.head;
      const back = (prefix: string) =>
        ['x-text', 'x-data-bin'].flatMap((name) => fields.getAll(name).map((value) => [prefix + name, value] as const));
      const head = outgoingHeaders([[':status', '200'], ['content-type', 'application/grpc'], ...back('head-')]);
      exchange.reply(head, body, outgoingHeaders([['grpc-status', '0'], ...back('end-')]));
    },
  };
  await withOwnServer({ '/s/Metadata': answer }, {}, ({ listening }) =>
    withGrpcClient(listening.url, async (client) => {
      for (let round = 0; round < 3; round++) {
        const metadata = new Metadata();
        metadata.add('x-text', `first ${round}`);
        metadata.add('x-text', 'second');
        metadata.set('x-data-bin', createPattern(100, round));
        const outcome = await startUnary(client, { path: '/s/Metadata', message: Buffer.from('x'), metadata }).outcome;
        assertEcho(outcome, Buffer.from('x'));
        // Node joins what came twice.
        assert.deepEqual(outcome.metadata?.get('head-x-text'), [`first ${round}, second`]);
        assert.deepEqual(outcome.metadata?.get('head-x-data-bin'), [createPattern(100, round)]);
        assert.deepEqual(outcome.status.metadata.get('end-x-data-bin'), [createPattern(100, round)]);
      }
    }),
  );
});

test('a deadline that passes resets the stream, and the handler is told', async () => {
  const begun = createSignal<string | undefined>();
  const never: Behaviour = { onRequest: ({ head }) => begun.fire(head.fields.get('grpc-timeout')) };
  await withOwnServer({ '/s/Never': never }, {}, ({ listening, failed }) =>
    withGrpcClient(listening.url, async (client) => {
      const deadline = Date.now() + 100;
      const call = startUnary(client, { path: '/s/Never', message: Buffer.from('x'), deadline });
      assert.match((await within('the request', begun.promise)) ?? '', /^\d+m$/);
      assert.equal((await call.outcome).error?.code, status.DEADLINE_EXCEEDED);
      const failure = await within('the handler is told', failed.promise);
      assert.deepEqual([failure.origin, failure.code], ['peer', ErrorCode.CANCEL]);
      assert.equal(listening.inspect().connections.http2[0].streams.slots, 0);
    }),
  );
});

test('statuses without a message (Trailers-Only), resets and a refusal, as grpc-js maps them', async () => {
  const trailersOnly = outgoingHeaders([
    [':status', '200'],
    ['content-type', 'application/grpc'],
    ['grpc-status', '5'],
    ['grpc-message', 'no%20such%20%C3%A4'],
  ]);
  const behaviours: Record<string, Behaviour> = {
    '/s/NotFound': { onEnd: ({ exchange }) => exchange.reply(trailersOnly) },
    '/s/Calm': { onEnd: ({ exchange }) => exchange.reset(ErrorCode.ENHANCE_YOUR_CALM) },
    '/s/Html': { onEnd: ({ exchange }) => exchange.reply(outgoingHeaders([[':status', '503']]), Buffer.from('<p>')) },
  };
  let refusals = 0;
  behaviours['/s/Refused'] = {
    onEnd: ({ exchange, body }) => {
      // grpc-js tries again by itself what was surely not processed.
      if (refusals++ === 0) return exchange.reset(ErrorCode.REFUSED_STREAM);
      const head = outgoingHeaders([
        [':status', '200'],
        ['content-type', 'application/grpc'],
      ]);
      exchange.reply(head, body, outgoingHeaders([['grpc-status', '0']]));
    },
  };
  await withOwnServer(behaviours, {}, ({ listening }) =>
    withGrpcClient(listening.url, async (client) => {
      const ask = async (path: string) =>
        (await startUnary(client, { path, message: Buffer.from('x') }).outcome).status;
      const notFound = await ask('/s/NotFound');
      assert.deepEqual([notFound.code, notFound.details], [status.NOT_FOUND, 'no such ä']);
      assert.equal((await ask('/s/Calm')).code, status.RESOURCE_EXHAUSTED);
      assert.equal((await ask('/s/Html')).code, status.UNAVAILABLE);
      assert.equal((await ask('/s/Refused')).code, status.OK);
      assert.equal(refusals, 2);
    }),
  );
});

test('a server that drains: the call that is open ends well', async () => {
  const begun = createSignal<() => void>();
  const slow: Behaviour = {
    onEnd: ({ exchange, body }) =>
      begun.fire(() => {
        const head = outgoingHeaders([
          [':status', '200'],
          ['content-type', 'application/grpc'],
        ]);
        exchange.reply(head, body, outgoingHeaders([['grpc-status', '0']]));
      }),
  };
  await withOwnServer({ '/s/Slow': slow }, {}, ({ listening }) =>
    withGrpcClient(listening.url, async (client) => {
      const call = startUnary(client, { path: '/s/Slow', message: createPattern(951) });
      const reply = await within('the request', begun.promise);
      const stopped = listening.close({ graceMs: 5_000 });
      reply();
      assertEcho(await call.outcome, createPattern(951));
      await within('the listener closes', stopped);
    }),
  );
});
