// SPDX-License-Identifier: Apache-2.0
// HTTP/1.1 through the listener, seen from the wire: raw sockets where the bytes matter, `node:http` where a client does.

import assert from 'node:assert/strict';
import { Agent, request as httpRequest, type IncomingMessage, type RequestOptions } from 'node:http';
import { connect as dialTcp, type Socket } from 'node:net';
import { test } from 'node:test';
import {
  type BodyReceiver,
  type ExchangeFailure,
  type ExchangeHandler,
  type HeaderFields,
  outgoingHeaders,
  prepareHeaders,
  type ServerExchange,
} from '../../exchange/index.ts';
import { type Listening, type ListenOptions, listen } from './listen.ts';

const HEAD = prepareHeaders([
  [':status', '200'],
  ['content-type', 'text/plain'],
]);
const TRAILERS = prepareHeaders([['x-checked', 'yes']]);

/** Collects the body and answers with a description of what came. */
class Describe implements BodyReceiver {
  readonly exchange: ServerExchange;
  #bytes = 0;
  constructor(exchange: ServerExchange) {
    this.exchange = exchange;
  }
  onData(bytes: Uint8Array): void {
    this.#bytes += bytes.length;
    this.exchange.release(bytes.length);
  }
  onEnd(trailers: HeaderFields | undefined): void {
    const { method, scheme, authority, path, fields } = this.exchange.head;
    const text = JSON.stringify({
      ...{ method, scheme, authority, path, fields: fields.flat },
      ...{ bytes: this.#bytes, trailers: trailers?.flat },
    });
    this.exchange.reply(HEAD, Buffer.from(text), TRAILERS);
  }
  onFailure(): void {}
  onWritable(): void {}
}

const describe: ExchangeHandler = (exchange) => new Describe(exchange);

async function withServer(
  handler: ExchangeHandler,
  body: (server: Listening) => Promise<void>,
  options: ListenOptions = {},
): Promise<void> {
  const server = await listen({ host: '127.0.0.1', ...options }, handler);
  try {
    await body(server);
  } finally {
    await server.close({ graceMs: 0 });
  }
}

/** Sends the bytes and resolves with everything that came until the server closed. */
function talk({ port }: Listening, bytes: string): Promise<string> {
  return new Promise((resolve) => {
    const socket = dialTcp({ port, host: '127.0.0.1', allowHalfOpen: true });
    let text = '';
    socket.on('data', (piece) => {
      text += piece.toString('latin1');
    });
    socket.on('error', () => {});
    socket.on('end', () => socket.end()).on('close', () => resolve(text));
    socket.write(bytes, 'latin1');
  });
}

interface Answer {
  readonly message: IncomingMessage;
  readonly text: string;
}

function ask(server: Listening, options: RequestOptions, body?: string | Buffer): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const request = httpRequest({ port: server.port, host: '127.0.0.1', ...options }, (message) => {
      let text = '';
      message.setEncoding('latin1').on('data', (piece) => {
        text += piece;
      });
      message.on('end', () => resolve({ message, text }));
    });
    request.on('error', reject).end(body);
  });
}

test('a request becomes an exchange, its answer leaves with a length', () =>
  withServer(describe, async (server) => {
    const { message, text } = await ask(
      server,
      { path: '/a?b', method: 'POST', headers: { 'X-One': ['1', '2'] } },
      'hello',
    );
    const seen = JSON.parse(text);
    assert.equal(seen.method, 'POST');
    assert.equal(seen.scheme, 'http');
    assert.equal(seen.authority, `127.0.0.1:${server.port}`);
    assert.equal(seen.path, '/a?b');
    assert.equal(seen.bytes, 5);
    assert.deepEqual(seen.fields.slice(0, 4), ['x-one', '1', 'x-one', '2']);
    assert.equal(message.statusCode, 200);
    assert.equal(message.headers['content-length'], String(text.length));
    assert.equal(message.headers['transfer-encoding'], undefined);
    assert.equal(server.inspect().connections.http1, 1);
  }));

test('trailers go both ways where they are read', () =>
  withServer(describe, async (server) => {
    const request =
      'POST / HTTP/1.1\r\nHost: a\r\nTE: trailers\r\nConnection: te, close\r\nTransfer-Encoding: chunked\r\n\r\n';
    const answer = await talk(server, `${request}3\r\nabc\r\n0\r\nX-Sum: 7\r\n\r\n`);
    assert.match(answer, /"trailers":\["x-sum","7"\]/);
    assert.match(answer, /\r\nTransfer-Encoding: chunked\r\n/i);
    assert.match(answer, /\r\n0\r\nx-checked: yes\r\n\r\n$/);
  }));

test('connections are kept, requests pipelined, answers in order', () =>
  withServer(describe, async (server) => {
    const one = (path: string, close = '') => `GET ${path} HTTP/1.1\r\nHost: a\r\n${close}\r\n`;
    const answer = await talk(server, one('/1') + one('/2') + one('/3', 'Connection: close\r\n'));
    assert.deepEqual(answer.match(/"path":"\/\d"/g), ['"path":"/1"', '"path":"/2"', '"path":"/3"']);
  }));

test('HTTP/1.0 is answered and closed', () =>
  withServer(describe, async (server) => {
    const answer = await talk(server, 'GET /old HTTP/1.0\r\n\r\n');
    assert.match(answer, /^HTTP\/1\.1 200 OK\r\n/);
    assert.match(answer, /"path":"\/old"/);
  }));

test('what cannot be trusted is refused and the connection closed', () =>
  withServer(
    () => assert.fail('the handler was called'),
    async (server) => {
      const refused: readonly (readonly [number, string])[] = [
        [400, 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'],
        [400, 'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n'],
        [400, 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabc'],
        [400, 'GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n'],
        [400, 'GET / HTTP/1.1\r\n\r\n'],
        [400, 'GET http:Service/Method HTTP/1.1\r\nHost: a\r\n\r\n'],
        [400, 'GET / HTTP/1.1\r\nHost: user@a\r\n\r\n'],
        [400, 'GET / HTTP/1.1\r\nHost: a\r\nX: a\u0000b\r\n\r\n'],
        [400, 'GET / HTTP/1.1\r\nHost: a\r\nX : 1\r\n\r\n'],
        [400, 'INVALID / HTTP/1.1\r\nHost: a\r\n\r\n'],
        [431, `GET / HTTP/1.1\r\nHost: a\r\nX: ${'x'.repeat(17_000)}\r\n\r\n`],
        [431, `GET / HTTP/1.1\r\nHost: a\r\n${'a: 1\r\n'.repeat(128)}\r\n`],
      ];
      for (const [status, bytes] of refused) {
        const answer = await talk(server, bytes);
        assert.match(answer, new RegExp(`^HTTP/1\\.1 ${status} `), JSON.stringify(bytes.slice(0, 80)));
        assert.match(answer, /\r\nConnection: close\r\n/i);
      }
    },
  ));

test('128 header fields are taken', () =>
  withServer(describe, async (server) => {
    const answer = await talk(
      server,
      `GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n${'a: 1\r\n'.repeat(126)}\r\n`,
    );
    assert.match(answer, /^HTTP\/1\.1 200 /);
  }));

test('PRI is never passed on, first or later, and CONNECT is not served', () =>
  withServer(
    (exchange) => {
      assert.equal(exchange.head.method, 'GET');
      return new Describe(exchange);
    },
    async (server) => {
      assert.equal(await talk(server, 'PRI * HTTP/1.1\r\nHost: a\r\n\r\n'), '');
      const later = await talk(server, 'GET / HTTP/1.1\r\nHost: a\r\n\r\nPRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
      assert.equal(later.match(/HTTP\/1\.1 200/g)?.length, 1);
      assert.doesNotMatch(await talk(server, 'CONNECT a:80 HTTP/1.1\r\nHost: a\r\n\r\n'), / 200 /);
    },
  ));

test('Upgrade: h2c is not looked at, and the connection goes on', () =>
  withServer(describe, async (server) => {
    const upgrade = 'Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n';
    const socket = dialTcp({ port: server.port, host: '127.0.0.1' });
    const nextAnswer = (): Promise<string> =>
      new Promise((resolve) => socket.once('data', (bytes) => resolve(`${bytes}`)));
    socket.write(`GET /plain HTTP/1.1\r\nHost: a\r\n${upgrade}\r\n`);
    const first = await nextAnswer();
    assert.match(first, /^HTTP\/1\.1 200 /);
    assert.match(first, /"path":"\/plain","fields":\[\]/);
    socket.write('GET /next HTTP/1.1\r\nHost: a\r\n\r\n');
    assert.match(await nextAnswer(), /"path":"\/next"/);
    socket.destroy();
  }));

test('expect: 100-continue is answered when the handler waits for the body, and only then', async () => {
  await withServer(describe, async (server) => {
    const head = 'POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 3\r\nConnection: close\r\n\r\n';
    const answer = await talk(server, `${head}abc`);
    assert.match(answer, /^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 200 OK\r\n/);
    assert.match(answer, /"bytes":3/);
    assert.doesNotMatch(answer, /"expect"/);
  });
  const tooLarge = outgoingHeaders([[':status', '413']]);
  await withServer(
    (exchange) => {
      exchange.reply(tooLarge);
      return new Describe(exchange);
    },
    async (server) => {
      const head =
        'POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 3\r\nConnection: close\r\n\r\n';
      assert.match(await talk(server, head), /^HTTP\/1\.1 413 /);
    },
  );
});

test('HEAD has the length and no body', () =>
  withServer(describe, async (server) => {
    const answer = await talk(server, 'HEAD / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n');
    assert.match(answer, /\r\ncontent-length: [1-9]\d+\r\n/);
    assert.match(answer, /\r\n\r\n$/);
  }));

/** A handler that is told by the test when to go on. */
class Manual implements BodyReceiver {
  readonly failed: Promise<ExchangeFailure>;
  onFailure: (failure: ExchangeFailure) => void = () => {};
  onWritable: () => void = () => {};
  bytes = 0;
  constructor() {
    this.failed = new Promise((resolve) => {
      this.onFailure = resolve;
    });
  }
  onData(bytes: Uint8Array): void {
    this.bytes += bytes.length;
  }
  onEnd(): void {}
}

test('a client that goes away is a failure for the handler', async () => {
  const manual = new Manual();
  const clients: Socket[] = [];
  await withServer(
    (exchange) => {
      exchange.sendHead(HEAD);
      exchange.sendData(Buffer.from('begun'));
      clients[0].once('data', () => clients[0].destroy());
      return manual;
    },
    async ({ port }) => {
      const client = dialTcp({ port, host: '127.0.0.1' }, () => client.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n'));
      clients.push(client);
      const { origin, code } = await manual.failed;
      assert.deepEqual({ origin, code }, { origin: 'peer', code: 8 });
    },
  );
});

test('a stream is chunked, its head leaves before its data, and the writer is told to stop and go', async () => {
  const exchanges: ServerExchange[] = [];
  const manual = new Manual();
  await withServer(
    (exchange) => {
      exchanges.push(exchange);
      exchange.sendHead(HEAD);
      return manual;
    },
    async (server) => {
      const head = await new Promise<IncomingMessage>((resolve) => {
        httpRequest({ port: server.port, host: '127.0.0.1' }, resolve).end();
      });
      assert.equal(head.headers['transfer-encoding'], 'chunked');
      const [exchange] = exchanges;
      const block = Buffer.alloc(1_048_576);
      const writable = new Promise<void>((resolve) => {
        manual.onWritable = resolve;
      });
      let sent = 1;
      while (exchange.sendData(block)) sent++;
      let received = 0;
      head.on('data', (piece) => {
        received += piece.length;
      });
      await writable;
      exchange.sendEnd();
      await new Promise((resolve) => head.on('end', resolve));
      assert.equal(received, sent * block.length);
    },
    { host: '127.0.0.1' },
  );
});

test('a body that nobody releases stops at the window, and goes on when it is', async () => {
  const exchanges: ServerExchange[] = [];
  const manual = new Manual();
  const total = 8 * 1_048_576;
  await withServer(
    (exchange) => {
      exchanges.push(exchange);
      return manual;
    },
    async (server) => {
      const asked = ask(server, { method: 'POST', headers: { 'content-length': total } }, Buffer.alloc(total));
      const enough = 1_048_576;
      while (manual.bytes < enough) await new Promise((resolve) => setImmediate(resolve));
      for (let turn = 0; turn < 100; turn++) await new Promise((resolve) => setImmediate(resolve));
      assert.ok(manual.bytes < 2 * enough, `${manual.bytes} bytes came through a window of ${enough}`);
      let released = 0;
      while (manual.bytes < total) {
        exchanges[0].release(manual.bytes - released);
        released = manual.bytes;
        await new Promise((resolve) => setImmediate(resolve));
      }
      exchanges[0].reply(HEAD, Buffer.from('all'));
      assert.equal((await asked).text, 'all');
    },
  );
});

test('a head that does not come in time is 408', () =>
  withServer(
    describe,
    async (server) => {
      assert.match(await talk(server, 'GET / HTTP/1.1\r\nHost: a\r\n'), /^HTTP\/1\.1 408 /);
    },
    { http1: { headersTimeoutMs: 50 } },
  ));

test('close() answers what was asked, then ends the connection', async () => {
  const exchanges: ServerExchange[] = [];
  const server = await listen({ host: '127.0.0.1' }, (exchange) => {
    exchanges.push(exchange);
    return new Manual();
  });
  const agent = new Agent({ keepAlive: true });
  const answer = ask(server, { agent });
  while (exchanges.length === 0) await new Promise((resolve) => setImmediate(resolve));
  const closed = server.close({ graceMs: 60_000 });
  await assert.rejects(ask(server, {}), { code: 'ECONNREFUSED' });
  exchanges[0].reply(HEAD, Buffer.from('done'));
  const { message, text } = await answer;
  assert.equal(text, 'done');
  assert.equal(message.headers.connection, 'close');
  await closed;
  assert.equal(server.inspect().connections.open, 0);
  agent.destroy();
});

test('close() ends idle connections at once, and all of them after the grace', async () => {
  const idle = await listen({ host: '127.0.0.1' }, describe);
  const agent = new Agent({ keepAlive: true });
  await ask(idle, { agent });
  await idle.close({ graceMs: 60_000 });
  agent.destroy();

  const manual = new Manual();
  const busy = await listen({ host: '127.0.0.1' }, () => manual);
  const asked = ask(busy, {});
  asked.catch(() => {});
  while (busy.inspect().connections.http1 === 0) await new Promise((resolve) => setImmediate(resolve));
  await busy.close({ graceMs: 20 });
  assert.equal((await manual.failed).code, 8);
  await assert.rejects(asked);
});
