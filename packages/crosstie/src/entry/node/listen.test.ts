// SPDX-License-Identifier: Apache-2.0
// Listener and connection together, over real sockets: TCP, unix sockets, TLS; limits, mistakes, and the end.

import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect as connectHttp2 } from 'node:http2';
import { request as httpsRequest } from 'node:https';
import { createServer, connect as dialTcp, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { connect as dialTls } from 'node:tls';
import { fileURLToPath } from 'node:url';
import {
  type BodyReceiver,
  type ExchangeHandler,
  prepareHeaders,
  type ResponseReceiver,
  type ServerExchange,
} from '../../exchange/index.ts';
import type { ClientConnection } from '../../h2/index.ts';
import { SetupError } from '../../platform/node/index.ts';
import { type ConnectTls, connect } from './connect.ts';
import { type Listening, type ListenOptions, listen, type ServerEvent } from './listen.ts';

const fixture = (name: string): string =>
  fileURLToPath(new URL(`../../../../../test/fixtures/tls/${name}`, import.meta.url));
const TLS = { cert: fixture('server.pem'), key: fixture('server.key') };
const CA = fixture('ca.pem');

const OK = prepareHeaders([
  [':status', '200'],
  ['content-type', 'text/plain'],
]);
const requestOf = (scheme: string) =>
  prepareHeaders([
    [':method', 'GET'],
    [':scheme', scheme],
    [':authority', 'localhost'],
    [':path', '/'],
  ]);
const PLAIN_REQUEST = requestOf('http');
const SECURE_REQUEST = requestOf('https');

/** Says who asked, and over what. */
class Introduce implements BodyReceiver {
  readonly exchange: ServerExchange;
  constructor(exchange: ServerExchange) {
    this.exchange = exchange;
  }
  onData(): void {}
  onEnd(): void {
    const { head, peer } = this.exchange;
    const tls = peer.tls === undefined ? 'cleartext' : `${peer.tls.protocol} ${peer.tls.alpn} ${peer.tls.serverName}`;
    this.exchange.reply(OK, Buffer.from(`${head.scheme} ${peer.address} ${tls}`));
  }
  onFailure(): void {}
  onWritable(): void {}
}

const introduce: ExchangeHandler = (exchange) => new Introduce(exchange);

/** Never answers. */
const silent: ExchangeHandler = () => ({ onData() {}, onEnd() {}, onFailure() {}, onWritable() {} });

async function withServer(
  options: ListenOptions,
  body: (server: Listening, events: ServerEvent[]) => Promise<void>,
  handler: ExchangeHandler = introduce,
): Promise<void> {
  const events: ServerEvent[] = [];
  const server = await listen({ host: '127.0.0.1', ...options, onEvent: (event) => events.push(event) }, handler);
  try {
    await body(server, events);
  } finally {
    await server.close({ graceMs: 0 });
  }
}

async function withFolder(body: (folder: string) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'crosstie-'));
  try {
    await body(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function get(connection: ClientConnection): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = '';
    const receiver: ResponseReceiver = {
      onInformation() {},
      onHead() {},
      onData: (bytes) => {
        text += Buffer.from(bytes).toString();
      },
      onEnd: () => resolve(text),
      onFailure: (failure) => reject(new Error(failure.message)),
      onWritable() {},
    };
    connection.request(connection.peer.tls === undefined ? PLAIN_REQUEST : SECURE_REQUEST, undefined, receiver);
  });
}

/** Resolves when the other side has closed the socket, with what it had sent. */
function untilClosed(socket: Socket): Promise<string> {
  let text = '';
  socket.on('data', (piece) => {
    text += piece.toString('latin1');
  });
  socket.on('error', () => {});
  return new Promise((resolve) => socket.on('close', () => resolve(text)));
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve));
}

test('our client, over TCP', () =>
  withServer({}, async (server) => {
    assert.match(server.url, /^http:\/\/127\.0\.0\.1:\d+$/);
    assert.deepEqual([server.host, server.tls, server.path], ['127.0.0.1', false, undefined]);
    const connection = await connect(server.url);
    assert.equal(await get(connection), 'http 127.0.0.1 cleartext');
    assert.equal(connection.peer.port, server.port);
    const { connections } = server.inspect();
    assert.deepEqual([connections.open, connections.http2.length, connections.http1], [1, 1, 0]);
    assert.equal(connections.http2[0].streams.opened, 1);
    connection.close();
    await until(() => server.inspect().connections.open === 0);
    assert.equal(server.inspect().connections.http2.length, 0);
  }));

test('our client, over a unix socket; a path left behind is replaced, one in use is not', () =>
  withFolder(async (folder) => {
    const path = join(folder, 'echo.sock');
    // What a process leaves that was killed: a socket file with nobody behind it.
    const stale = createServer();
    await new Promise<void>((resolve) => stale.listen(path, resolve));
    const kept = join(folder, 'kept.sock');
    const { linkSync } = await import('node:fs');
    linkSync(path, kept);
    await new Promise((resolve) => stale.close(resolve));
    linkSync(kept, path);

    const server = await listen({ path }, introduce);
    assert.deepEqual([server.url, server.port, server.path, server.host], [`unix:${path}`, 0, path, '']);
    const connection = await connect(server.url);
    assert.equal(await get(connection), `http ${path} cleartext`);
    await assert.rejects(listen({ path }, introduce), {
      code: 'ADDRESS_IN_USE',
      message: `another process listens on ${path}; stop it or choose another path`,
    });
    connection.close();
    await server.close();

    const file = join(folder, 'notes.txt');
    writeFileSync(file, 'precious');
    await assert.rejects(listen({ path: file }, introduce), /is not a socket/);
    assert.equal(readFileSync(file, 'utf8'), 'precious');
  }));

test('our client, over TLS: 1.3, and 1.2 of any other client; the SNI in lower case', () =>
  withServer({ tls: TLS }, async (server) => {
    assert.match(server.url, /^https:/);
    const connection = await connect(server.url, { tls: { ca: CA, serverName: 'Echo.Test' } });
    assert.equal(await get(connection), 'https 127.0.0.1 TLSv1.3 h2 echo.test');
    connection.close();

    const session = connectHttp2(server.url, { ca: readFileSync(CA), maxVersion: 'TLSv1.2', servername: 'localhost' });
    const stream = session.request({ ':path': '/' }).setEncoding('utf8');
    const text = await new Promise((resolve) => stream.once('data', resolve));
    assert.equal(text, 'https 127.0.0.1 TLSv1.2 h2 localhost');
    await new Promise<void>((resolve) => session.close(resolve));
  }));

test('HTTP/1.1 over TLS, by ALPN and without it', () =>
  withServer({ tls: TLS }, async (server) => {
    const text = await new Promise((resolve, reject) => {
      const common = { port: server.port, host: 'localhost', family: 4, ca: readFileSync(CA) };
      const options = { ...common, agent: false as const, ALPNProtocols: ['http/1.1'] };
      const request = httpsRequest(options, (answer) => answer.setEncoding('utf8').once('data', resolve));
      request.on('error', reject).end();
    });
    assert.equal(text, 'https 127.0.0.1 TLSv1.3 http/1.1 localhost');
    const noAlpn = dialTls({ port: server.port, host: '127.0.0.1', ca: readFileSync(CA), servername: 'localhost' });
    const closed = untilClosed(noAlpn);
    noAlpn.write('GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n');
    assert.match(await closed, /https 127\.0\.0\.1 TLSv1\.3 {2}localhost/);
  }));

test('over TLS, HTTP/2 without ALPN is not guessed', () =>
  withServer({ tls: TLS }, async (server) => {
    const socket = dialTls({ port: server.port, host: '127.0.0.1', ca: readFileSync(CA), servername: 'localhost' });
    const closed = untilClosed(socket);
    socket.write('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
    assert.match(await closed, /^HTTP\/1\.1 400 /);
  }));

test('TLS that HTTP/2 forbids fails in the handshake, counted and explained', () =>
  withServer({ tls: TLS }, async (server, events) => {
    const common = { port: server.port, host: '127.0.0.1', ca: readFileSync(CA), servername: 'localhost' };
    const attempts: readonly (readonly [RegExp, object])[] = [
      [/ALPN/, { ALPNProtocols: ['spdy/3'] }],
      [/cipher/, { maxVersion: 'TLSv1.2', ciphers: 'ECDHE-ECDSA-AES128-SHA256' }],
    ];
    for (const [reason, options] of attempts) {
      await untilClosed(dialTls({ ...common, ...options }));
      const last = events.at(-1);
      assert.ok(last?.kind === 'refused' && last.reason === 'tls_handshake');
      assert.match(last.message, reason);
    }
    const plain = dialTcp({ port: server.port, host: '127.0.0.1' });
    plain.write('GET / HTTP/1.1\r\n\r\n');
    await untilClosed(plain);
    const reset = dialTcp({ port: server.port, host: '127.0.0.1' }, () => reset.resetAndDestroy());
    await untilClosed(reset);
    await until(() => server.inspect().connections.open === 0);
    assert.ok((server.inspect().refused.tls_handshake ?? 0) >= 3);
    const connection = await connect(server.url, { tls: { ca: CA } });
    assert.match(await get(connection), /^https/);
    connection.close();
  }));

test('a TLS handshake and a first request that do not come are closed in time', async () => {
  await withServer({ tls: TLS, handshakeTimeoutMs: 30 }, async (server, events) => {
    await untilClosed(dialTcp({ port: server.port, host: '127.0.0.1' }));
    assert.ok(events[0]?.kind === 'refused' && events[0].reason === 'tls_handshake_timeout');
  });
  await withServer({ handshakeTimeoutMs: 30 }, async (server, events) => {
    await untilClosed(dialTcp({ port: server.port, host: '127.0.0.1' }));
    assert.ok(events[0]?.kind === 'refused' && events[0].reason === 'first_bytes_timeout');
    assert.deepEqual(server.inspect().refused, { first_bytes_timeout: 1 });
  });
});

test('client certificates: required ones are checked, optional ones if they are shown', async () => {
  const ours = { ca: CA, cert: fixture('client.pem'), key: fixture('client.key') };
  // Signed by itself, so by nobody the server trusts.
  const unknown = { ca: CA, cert: fixture('stranger.pem'), key: fixture('stranger.key') };
  const cases = [
    { clientCertificates: 'required', known: true, none: false },
    { clientCertificates: 'optional', known: true, none: true },
  ] as const;
  for (const { clientCertificates, known, none } of cases) {
    await withServer({ tls: { ...TLS, ca: CA, clientCertificates } }, async (server) => {
      assert.equal(await isServed(server, ours), known);
      assert.equal(await isServed(server, { ca: CA }), none);
      assert.equal(await isServed(server, unknown), false);
    });
  }
});

async function isServed(server: Listening, tls: ConnectTls): Promise<boolean> {
  try {
    const connection = await connect(server.url, { tls });
    const text = await get(connection);
    connection.close();
    return text.startsWith('https');
  } catch {
    return false;
  }
}

test('connections beyond a limit are closed at accept and counted', async () => {
  const cases = [
    [{ connections: 2 }, 'connections'],
    [{ connectionsPerAddress: 2 }, 'connectionsPerAddress'],
  ] as const;
  for (const [limits, reason] of cases) {
    await withServer({ limits }, async (server, events) => {
      const held = [await connect(server.url), await connect(server.url)];
      assert.equal(await untilClosed(dialTcp({ port: server.port, host: '127.0.0.1' })), '');
      assert.ok(events[0]?.kind === 'refused' && events[0].reason === reason);
      assert.equal(events[0].peerAddress, '127.0.0.1');
      assert.equal(server.inspect().refused[reason], 1);
      held[0].close();
      await until(() => server.inspect().connections.open === 1);
      const again = await connect(server.url);
      assert.match(await get(again), /cleartext/);
      held[1].close();
      again.close();
    });
  }
});

test('close() drains HTTP/2, and ends what is left after the grace', async () => {
  const server = await listen({ host: '127.0.0.1' }, silent);
  const connection = await connect(server.url);
  const asked = get(connection);
  asked.catch(() => {});
  await until(() => server.inspect().connections.http2[0]?.streams.open === 1);
  const idle = await connect(server.url);
  const sniffed = dialTcp({ port: server.port, host: '127.0.0.1' });
  await until(() => server.inspect().connections.open === 3);
  await Promise.all([untilClosed(sniffed), server.close({ graceMs: 50 })]);
  assert.equal(server.inspect().connections.open, 0);
  await assert.rejects(asked);
  await until(() => idle.isClosed && connection.isClosed);
  await server.close();
});

test('what is in the way of listening is said in one line', async () => {
  const taken = createServer();
  await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
  const { port } = taken.address() as { port: number };
  const inUse = `port ${port} on 127.0.0.1 is in use; stop the other process or choose another port`;
  await assert.rejects(listen({ host: '127.0.0.1', port }, introduce), { code: 'ADDRESS_IN_USE', message: inUse });
  await new Promise((resolve) => taken.close(resolve));
  await assert.rejects(listen({ host: '192.0.2.1' }, introduce), { code: 'ADDRESS_NOT_HERE' });
  await assert.rejects(listen({ path: '/nonexistent/folder/x.sock' }, introduce), SetupError);
});

test('certificates and keys are checked before anything listens', () =>
  withFolder(async (folder) => {
    const garbage = join(folder, 'garbage.pem');
    writeFileSync(garbage, '-----BEGIN CERTIFICATE-----\nnothing\n-----END CERTIFICATE-----\n');
    const unreadable = join(folder, 'unreadable.pem');
    writeFileSync(unreadable, 'x');
    chmodSync(unreadable, 0);
    const cases: readonly (readonly [object, RegExp])[] = [
      [
        { cert: '/nonexistent.pem', key: TLS.key },
        /certificate file \/nonexistent\.pem cannot be read: there is no such/,
      ],
      [{ cert: folder, key: TLS.key }, /it is a directory/],
      [{ cert: garbage, key: TLS.key }, /garbage\.pem holds no certificate/],
      [{ cert: TLS.cert, key: garbage }, /private key file .*garbage\.pem holds no private key/],
      [{ cert: TLS.cert, key: fixture('client.key') }, /do not belong together/],
      [{ cert: TLS.cert }, /tls\.cert is given without tls\.key/],
      [{ cert: 'a\nb', key: TLS.key }, /neither PEM text nor/],
      [{ ...TLS, ca: garbage, clientCertificates: 'required' }, /CA certificate file/],
      [{ ...TLS, clientCertificate: 'none' }, /did you mean clientCertificates\?/],
    ];
    for (const [tls, message] of cases) {
      await assert.rejects(listen({ tls: tls as typeof TLS }, introduce), (error) => {
        assert.ok(error instanceof Error);
        assert.match(error.message, message);
        assert.doesNotMatch(error.message, /\n/);
        return true;
      });
    }
    // PEM text does as well as files.
    const server = await listen(
      { tls: { cert: readFileSync(TLS.cert, 'utf8'), key: readFileSync(TLS.key) } },
      introduce,
    );
    await server.close();
  }));

test('unknown options and bad numbers are errors', async () => {
  await assert.rejects(
    listen({ prot: 1 } as ListenOptions, introduce),
    /unknown option prot of listen: did you mean port\?/,
  );
  await assert.rejects(listen({ limits: { connection: 1 } as object }, introduce), /did you mean connections\?/);
  await assert.rejects(listen({ port: 1, path: '/x' }, introduce), /both port and path/);
  await assert.rejects(listen({ tls: { ...TLS, ca: CA } }, introduce), /ca of listen tls has no effect/);
  const wrong = 'sometimes' as 'none';
  await assert.rejects(
    listen({ tls: { ...TLS, clientCertificates: wrong } }, introduce),
    /use none, optional, required/,
  );
  await assert.rejects(listen({ port: 70_000 }, introduce), RangeError);
  await assert.rejects(listen({ limits: { connections: -1 } }, introduce), RangeError);
});
