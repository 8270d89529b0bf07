// SPDX-License-Identifier: Apache-2.0
// What a connection says when there is none.

import assert from 'node:assert/strict';
import { createServer, type Server, type Socket } from 'node:net';
import { test } from 'node:test';
import { createServer as createTlsServer } from 'node:tls';
import { ConnectError, type ConnectPhase } from '../../platform/node/index.ts';
import { type ConnectOptions, connect } from './connect.ts';

/** A server that does what it is told with each socket. */
async function withPeer(onSocket: (socket: Socket) => void, body: (port: number) => Promise<void>): Promise<void> {
  const sockets: Socket[] = [];
  const server: Server = createServer((socket) => {
    sockets.push(socket);
    socket.on('error', () => {});
    onSocket(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    await body((server.address() as { port: number }).port);
  } finally {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  }
}

async function fails(target: string, options: ConnectOptions, phase: ConnectPhase, message: RegExp): Promise<void> {
  await assert.rejects(connect(target, options), (error) => {
    assert.ok(error instanceof ConnectError, String(error));
    assert.match(error.message, message);
    assert.doesNotMatch(error.message, /\n/);
    assert.equal(error.phase, phase);
    return true;
  });
}

test('nobody there', async () => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  await fails(`127.0.0.1:${port}`, {}, 'tcp', new RegExp(`127\\.0\\.0\\.1:${port}: nothing listens there`));
  await fails('unix:/nonexistent/x.sock', {}, 'tcp', /x\.sock: there is no such socket/);
});

test('a peer that is silent: the deadline says what it waited for', () =>
  withPeer(
    () => {},
    async (port) => {
      // Long enough for the kernel to connect us on a busy machine, or the phase would be another.
      const patience = { connect: { timeoutMs: 300 } };
      const [plain, secure] = [`127.0.0.1:${port}`, `https://127.0.0.1:${port}`];
      await Promise.all([
        fails(plain, patience, 'settings', /no HTTP\/2 SETTINGS from 127\.0\.0\.1:\d+ within 300 ms/),
        fails(secure, patience, 'tls', /no TLS handshake with 127\.0\.0\.1:\d+ within 300 ms/),
      ]);
    },
  ));

test('a peer that speaks something else', () =>
  withPeer(
    (socket) => socket.on('data', () => socket.end('HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n')),
    async (port) => {
      await fails(`127.0.0.1:${port}`, {}, 'settings', /did not answer with HTTP\/2/);
      await fails(`https://127.0.0.1:${port}`, {}, 'tls', /does not speak TLS there/);
    },
  ));

test('a peer that closes', () =>
  withPeer(
    (socket) => socket.destroy(),
    async (port) => {
      await fails(`127.0.0.1:${port}`, {}, 'settings', /did not answer with HTTP\/2/);
      await fails(`https://127.0.0.1:${port}`, {}, 'tls', /tls/);
    },
  ));

test('a signal calls the attempt off, before and meanwhile', () =>
  withPeer(
    () => {},
    async (port) => {
      const reason = new Error('changed my mind');
      await assert.rejects(connect(`127.0.0.1:${port}`, { signal: AbortSignal.abort(reason) }), reason);
      const caller = new AbortController();
      const attempt = connect(`127.0.0.1:${port}`, { signal: caller.signal });
      setImmediate(() => caller.abort(reason));
      await assert.rejects(attempt, reason);
    },
  ));

test('onClose is not called for a connection that never came about', () =>
  withPeer(
    (socket) => socket.destroy(),
    async (port) => {
      let closed = 0;
      await assert.rejects(connect(`127.0.0.1:${port}`, { onClose: () => closed++ }));
      assert.equal(closed, 0);
    },
  ));

test('mistakes in the call', async () => {
  await fails('nowhere', {}, 'target', /use host:port/);
  await assert.rejects(
    connect('a:1', { tsl: true } as ConnectOptions),
    /unknown option tsl of connect: did you mean tls\?/,
  );
  await assert.rejects(connect('http://a:1', { tls: true }), /the target says http, the option tls the opposite/);
  await assert.rejects(connect('https://a:1', { tls: false }), /the target says https/);
  await assert.rejects(connect('a:1', { tls: { cert: 'x' } }), /cannot be read/);
  await assert.rejects(connect('a:1', { connect: { timeoutMs: -1 } }), RangeError);
});

test('TLS without HTTP/2 is told from TLS without trust', async () => {
  const { readFileSync } = await import('node:fs');
  const fixture = (name: string) => new URL(`../../../../../test/fixtures/tls/${name}`, import.meta.url);
  const sockets: Socket[] = [];
  const identity = { cert: readFileSync(fixture('server.pem')), key: readFileSync(fixture('server.key')) };
  const server = createTlsServer(identity, (socket) => sockets.push(socket));
  server.on('tlsClientError', () => {});
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  const ca = readFileSync(fixture('ca.pem'), 'utf8');
  await fails(`https://127.0.0.1:${port}`, {}, 'tls', /unknown authority; give that as tls\.ca/);
  await fails(`https://127.0.0.1:${port}`, { tls: { ca } }, 'tls', /does not offer HTTP\/2 \(ALPN h2\)/);
  await fails(
    `https://127.0.0.1:${port}`,
    { tls: { ca, serverName: 'shop.test' } },
    'tls',
    /for another name.*tls\.serverName/,
  );
  for (const socket of sockets) socket.destroy();
  await new Promise((resolve) => server.close(resolve));
});
