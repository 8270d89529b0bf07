// SPDX-License-Identifier: Apache-2.0
// Our client connection and Node's `http2` server: what messages look like, 1xx, trailers, bodies large and absent.

import assert from 'node:assert/strict';
import http2 from 'node:http2';
import { test } from 'node:test';
import { outgoingHeaders } from '../../packages/crosstie/src/entry/engine.ts';
import { type Answer, ClientCall, fetchAnswer, requestHead } from './client-call.ts';
import { createPattern, describeDifference } from './messages.ts';
import { type NodeHandler, withNodeServer } from './node-server.ts';

const MIB = 1024 * 1024;
const BIG_VALUE = 'v'.repeat(9_000);

const echo: NodeHandler = (stream) => {
  stream.respond({ ':status': 200 });
  stream.pipe(stream);
};

function assertWhole(answer: Answer, body: Buffer): void {
  assert.equal(answer.failure, undefined);
  assert.equal(answer.head?.status, 200);
  assert.equal(describeDifference(answer.body, body), undefined);
}

test('1xx heads come in order, before the head, and are not the head', async () => {
  const handler: NodeHandler = (stream) => {
    stream.additionalHeaders({ ':status': 100 });
    stream.additionalHeaders({ ':status': 102 });
    stream.additionalHeaders({ ':status': 103, link: '</a.css>; rel=preload' });
    stream.respond({ ':status': 200 });
    stream.end('x');
  };
  await withNodeServer(handler, {}, async ({ connection }) => {
    const answer = await fetchAnswer(connection, requestHead('GET', '/'));
    assert.deepEqual(
      answer.informations.map(({ status }) => status),
      [100, 102, 103],
    );
    assert.equal(answer.informations[2].fields.get('link'), '</a.css>; rel=preload');
    assertWhole(answer, Buffer.from('x'));
  });
});

test('trailers both ways', async () => {
  const handler: NodeHandler = (stream) => {
    let received: http2.IncomingHttpHeaders = {};
    stream.on('trailers', (trailers) => {
      received = trailers;
    });
    stream.resume().on('end', () => {
      stream.respond({ ':status': 200 }, { waitForTrailers: true });
      stream.on('wantTrailers', () => stream.sendTrailers({ 'back-a': received['x-a'], 'grpc-status': '0' }));
      stream.end('body');
    });
  };
  await withNodeServer(handler, {}, async ({ connection }) => {
    for (let round = 0; round < 3; round++) {
      const call = ClientCall.open(connection, requestHead('POST', '/'));
      call.exchange.sendData(Buffer.from('up'));
      call.exchange.sendEnd(outgoingHeaders([['x-a', `round ${round}`]], new Set(['x-a'])));
      const answer = await call.answer;
      assertWhole(answer, Buffer.from('body'));
      assert.deepEqual(answer.trailers?.flat, ['back-a', `round ${round}`, 'grpc-status', '0']);
    }
  });
});

test('no body: HEAD and 304 with a content-length, 204, END_STREAM on the head', async () => {
  const handler: NodeHandler = (stream, headers) => {
    const status = Number(headers['x-status']);
    const length = status === 204 ? {} : { 'content-length': '14' };
    stream.respond({ ':status': status, ...length }, { endStream: true });
  };
  await withNodeServer(handler, {}, async ({ connection }) => {
    const asked = [
      ['HEAD', 200],
      ['GET', 304],
      ['GET', 204],
    ] as const;
    for (const [method, status] of asked) {
      const head = requestHead(method, '/', [['x-status', String(status)]]);
      const answer = await fetchAnswer(connection, head);
      assert.deepEqual([answer.failure, answer.head?.status, answer.body.length], [undefined, status, 0]);
      assert.equal(answer.head?.fields.get('content-length'), status === 204 ? undefined : '14');
    }
    // The same answer to GET is a lie about its body (RFC 9113 §8.1.1).
    const lie = await fetchAnswer(connection, requestHead('GET', '/', [['x-status', '200']]));
    assert.deepEqual([lie.failure?.origin, lie.failure?.code], ['local', http2.constants.NGHTTP2_PROTOCOL_ERROR]);
  });
});

for (const tls of [false, true]) {
  test(`large bodies both ways at the same time, over ${tls ? 'TLS' : 'h2c'}`, async () => {
    await withNodeServer(echo, { tls }, async ({ connection }) => {
      assert.equal(connection.peer.tls?.alpn, tls ? 'h2' : undefined);
      const bodies = [8 * MIB, 3 * MIB, 951, 0].map((size) => createPattern(size, size));
      const whole = bodies.map((body) => fetchAnswer(connection, requestHead('POST', '/'), body));
      const pieces = bodies.map(async (body) => {
        const call = ClientCall.open(connection, requestHead('POST', '/'));
        await call.upload(body, 10_000);
        call.exchange.sendEnd();
        return call.answer;
      });
      const answers = await Promise.all([...whole, ...pieces]);
      answers.forEach((answer, i) => {
        assertWhole(answer, bodies[i % bodies.length]);
      });
    });
  });
}

test('500 calls at once', async () => {
  await withNodeServer(echo, {}, async ({ connection }) => {
    const bodies = Array.from({ length: 500 }, (_, i) => createPattern(i * 3, i));
    const answers = await Promise.all(bodies.map((body) => fetchAnswer(connection, requestHead('POST', '/'), body)));
    answers.forEach((answer, i) => {
      assertWhole(answer, bodies[i]);
    });
  });
});

test('header blocks in CONTINUATION frames, both ways', async () => {
  const handler: NodeHandler = (stream, headers) => {
    stream.respond({ ':status': 200, 'x-a': headers['x-a'], 'x-b': headers['x-b'], 'x-c': headers['x-c'] });
    stream.end('x');
  };
  const options = {
    server: { settings: { maxHeaderListSize: 65_536 } },
    client: { limits: { headerListBytes: 65_536 } },
  };
  await withNodeServer(handler, options, async ({ connection }) => {
    const values = ['a', 'b', 'c'].map((letter) => [`x-${letter}`, letter + BIG_VALUE] as const);
    const answer = await fetchAnswer(connection, requestHead('GET', '/', values));
    assertWhole(answer, Buffer.from('x'));
    for (const [name, value] of values) assert.equal(answer.head?.fields.get(name), value);
  });
});

test('more metadata than the server takes is refused before it is sent', async () => {
  await withNodeServer(echo, { server: { settings: { maxHeaderListSize: 1_000 } } }, async ({ connection }) => {
    const answer = await fetchAnswer(connection, requestHead('GET', '/', [['x-a', BIG_VALUE]]));
    assert.deepEqual([answer.failure?.origin, answer.failure?.unprocessed], ['local', true]);
    assert.match(answer.failure?.message ?? '', /the peer accepts 1000/);
    assertWhole(await fetchAnswer(connection, requestHead('POST', '/'), Buffer.from('x')), Buffer.from('x'));
  });
});

test('an answer that ends before the request does is whole; the rest of the upload is dropped', async () => {
  const handler: NodeHandler = (stream) => {
    stream.respond({ ':status': 413 });
    stream.end('no', () => stream.close(http2.constants.NGHTTP2_NO_ERROR));
  };
  await withNodeServer(handler, {}, async ({ connection }) => {
    const answer = await fetchAnswer(connection, requestHead('POST', '/'), createPattern(4 * MIB));
    assert.deepEqual([answer.failure, answer.head?.status, answer.body.toString()], [undefined, 413, 'no']);
    assert.equal(connection.inspect().state, 'open');
    assert.equal(connection.inspect().streams.waitingToSend, 0);
  });
});

test('no server push: it was refused in the first SETTINGS', async () => {
  const handler: NodeHandler = (stream) => {
    stream.respond({ ':status': 200 });
    stream.end(String(stream.pushAllowed));
  };
  await withNodeServer(handler, {}, async ({ connection }) => {
    assertWhole(await fetchAnswer(connection, requestHead('GET', '/')), Buffer.from('false'));
  });
});

test('frames we do not know, ALTSVC and ORIGIN, are passed over', async () => {
  await withNodeServer(echo, { tls: true }, async ({ connection, session }) => {
    session.altsvc('h2=":8000"', 'https://localhost');
    session.origin('https://localhost', 'https://other.test');
    assertWhole(await fetchAnswer(connection, requestHead('POST', '/'), Buffer.from('x')), Buffer.from('x'));
  });
});
