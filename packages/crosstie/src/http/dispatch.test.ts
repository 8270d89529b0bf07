// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ByteChannel, ByteReceiver, ChannelPeer, ChannelTls } from '../core/index.ts';
import { createMemoryChannels, FakeClock, type MemoryChannel, nextTurn } from '../testing/index.ts';
import { type DispatchRefusal, type Http2Served, ServedChannel } from './dispatch.ts';
import { CLIENT_PREFACE } from './first-bytes.ts';

/** Stands for a ServerConnection and notes what it is fed. */
class Http2Notes implements Http2Served {
  bytes = Buffer.alloc(0);
  readonly events: string[] = [];
  onBytes(bytes: Uint8Array): void {
    this.bytes = Buffer.concat([this.bytes, bytes]);
  }
  onWritable(): void {
    this.events.push('writable');
  }
  onEnd(): void {
    this.events.push('end');
  }
  onClose(): void {
    this.events.push('close');
  }
  drain(graceMs: number): void {
    this.events.push(`drain ${graceMs}`);
  }
}

const TIMEOUT_MS = 10_000;

function serve(peer: ChannelPeer = { address: '192.0.2.1', port: 5 }) {
  const [client, server] = createMemoryChannels({ peer, record: true });
  const clock = new FakeClock();
  const http2 = new Http2Notes();
  const http1: string[] = [];
  const refused: DispatchRefusal[] = [];
  const served = new ServedChannel<Http2Notes>(server, {
    clock,
    http1: {
      accept: (_channel: ByteChannel, unread: Uint8Array) => http1.push(Buffer.from(unread).toString('latin1')),
      drain() {},
    },
    acceptHttp2: () => http2,
    firstBytesTimeoutMs: TIMEOUT_MS,
    onRefused: (reason) => refused.push(reason),
  });
  served.open();
  const ignore: ByteReceiver = {
    onBytes() {},
    onWritable() {},
    onEnd: () => client.destroy(),
    onClose() {},
  };
  client.open(ignore);
  return { client, server, served, clock, http2, http1, refused };
}

async function send(channel: MemoryChannel, ...pieces: (string | Uint8Array)[]): Promise<void> {
  for (const piece of pieces) channel.write([Buffer.from(piece as string)], () => {});
  for (let i = 0; i < 3; i++) await nextTurn();
}

const PREFACE = Buffer.from(CLIENT_PREFACE);
const SETTINGS = Buffer.from([0, 0, 0, 4, 0, 0, 0, 0, 0]);

test('the preface split at every byte is HTTP/2, and every byte reaches the connection', async () => {
  for (let at = 0; at <= PREFACE.length; at++) {
    const { client, served, clock, http2, http1 } = serve();
    await send(client, PREFACE.subarray(0, at), Buffer.concat([PREFACE.subarray(at), SETTINGS]));
    assert.equal(served.protocol, 'h2', `split at ${at}`);
    assert.deepEqual(http2.bytes, Buffer.concat([PREFACE, SETTINGS]));
    assert.deepEqual(http1, []);
    assert.deepEqual(clock.pendingTimers, []);
  }
});

test('the preface in single bytes is HTTP/2', async () => {
  const { client, http2 } = serve();
  client.chunkBytes = 1;
  await send(client, ...[...PREFACE, ...SETTINGS].map((byte) => Uint8Array.of(byte)));
  for (let i = 0; i < 50; i++) await nextTurn();
  assert.deepEqual(http2.bytes, Buffer.concat([PREFACE, SETTINGS]));
});

test('after the decision every event goes on to the connection', async () => {
  const { client, http2 } = serve();
  await send(client, PREFACE);
  client.end();
  await nextTurn();
  assert.deepEqual(http2.events, ['end']);
});

test('a method that begins like the preface is HTTP/1.1, with all of its bytes', async () => {
  for (const request of [
    'GET / HTTP/1.1\r\n',
    'POST / HTTP/1.1\r\n',
    'PROPFIND / HTTP/1.1\r\n',
    'PRINT / HTTP/1.1\r\n',
  ]) {
    for (let at = 0; at < 5; at++) {
      const { client, served, http1, http2, clock } = serve();
      await send(client, request.slice(0, at), request.slice(at));
      assert.equal(http1.join(''), request.slice(0, Math.max(at, http1.join('').length)));
      assert.ok(http1.join('').length > 0, `${request} split at ${at}`);
      assert.equal(served.protocol, 'http/1.1');
      assert.equal(http2.bytes.length, 0);
      assert.deepEqual(clock.pendingTimers, []);
      client.destroy();
    }
  }
});

test('a PRI request is never passed on', async () => {
  for (const request of [
    'PRI * HTTP/1.1\r\nHost: x\r\n\r\n',
    'PRI / HTTP/2.0\r\n',
    'PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n',
  ]) {
    const { client, server, http1, http2, refused } = serve();
    await send(client, request);
    assert.deepEqual(http1, []);
    assert.equal(http2.bytes.length, 0);
    assert.deepEqual(refused, ['bad_preface']);
    assert.equal(server.isClosed, true);
  }
});

test('what can be no request is closed without an answer; what may become one is HTTP/1.1', async () => {
  const clientHello = Uint8Array.of(0x16, 3, 1, 2, 0, 1, 0);
  const nothing = [
    clientHello,
    'INVALID CONNECTION PREFACE\r\n\r\n',
    '\0',
    ' GET /',
    'GET shop',
    'G\u00e9T / HTTP/1.1',
  ];
  for (const bytes of nothing) {
    const { client, server, http1, refused } = serve();
    await send(client, bytes);
    assert.deepEqual(refused, ['not_http'], String(bytes));
    assert.deepEqual(http1, []);
    assert.equal(server.isClosed, true);
    assert.equal(server.writtenBytes.length, 0);
  }
  const requests = ['G', 'GET ', 'GET *', '\r\nGET / HTTP/1.1', 'GET http://a/', 'CONNECT a:443 HTTP/1.1', 'PURGE /x'];
  for (const bytes of [...requests, `GET /${'x'.repeat(20_000)}`, 'X'.repeat(100)]) {
    const { client, http1 } = serve();
    await send(client, bytes);
    assert.deepEqual(http1, [bytes]);
    client.destroy();
  }
});

test('silence and half a preface are closed in time', async () => {
  for (const bytes of ['', 'PRI * HT']) {
    const { client, server, clock, refused } = serve();
    await send(client, bytes);
    clock.advance(TIMEOUT_MS - 1);
    assert.equal(server.isClosed, false);
    clock.advance(1);
    await nextTurn();
    assert.equal(server.isClosed, true);
    assert.deepEqual(refused, ['first_bytes_timeout']);
  }
});

test('a connection that ends before a request is closed and counted once', async () => {
  const { client, server, clock, refused } = serve();
  await send(client, 'PRI');
  client.end();
  await nextTurn();
  assert.equal(server.isClosed, true);
  assert.deepEqual(refused, ['closed_before_request']);
  assert.deepEqual(clock.pendingTimers, []);
});

const TLS: ChannelTls = { protocol: 'TLSv1.3', cipher: 'TLS_AES_128_GCM_SHA256', alpn: 'h2', serverName: '' };

test('over TLS, ALPN decides and nothing is guessed', async () => {
  const http1Bytes = serve({ address: '', port: 0, tls: { ...TLS, alpn: 'http/1.1' } });
  await send(http1Bytes.client, PREFACE);
  assert.equal(http1Bytes.served.protocol, 'http/1.1');
  assert.equal(http1Bytes.http2.bytes.length, 0);

  const without = serve({ address: '', port: 0, tls: { ...TLS, alpn: '' } });
  assert.equal(without.served.protocol, 'http/1.1');

  const h2 = serve({ address: '', port: 0, tls: TLS });
  await send(h2.client, 'GET / HTTP/1.1\r\n');
  assert.equal(h2.http2.bytes.toString(), 'GET / HTTP/1.1\r\n');
  assert.deepEqual(h2.http1, []);
});

test('HTTP/2 over a weak cipher suite is refused with INADEQUATE_SECURITY', async () => {
  const weak: readonly Partial<ChannelTls>[] = [
    { protocol: 'TLSv1.2', cipher: 'ECDHE-RSA-AES128-SHA256' },
    { protocol: 'TLSv1.2', cipher: 'AES128-GCM-SHA256' },
    { protocol: 'TLSv1.1', cipher: 'ECDHE-RSA-AES128-GCM-SHA256' },
  ];
  for (const tls of weak) {
    const { server, served, clock, refused } = serve({ address: '', port: 0, tls: { ...TLS, ...tls } });
    assert.equal(served.protocol, 'refused');
    assert.deepEqual(refused, ['inadequate_security']);
    const goAway = Buffer.from(server.writtenBytes).subarray(9);
    assert.equal(goAway[3], 7);
    assert.equal(goAway.readUInt32BE(9 + 4), 0xc);
    clock.advance(TIMEOUT_MS);
    assert.equal(server.isClosed, true);
  }
  const strong = serve({
    address: '',
    port: 0,
    tls: { ...TLS, protocol: 'TLSv1.2', cipher: 'ECDHE-ECDSA-CHACHA20-POLY1305' },
  });
  assert.equal(strong.served.protocol, 'h2');
});

test('a drain reaches the connection; an undecided channel is closed by it', async () => {
  const decided = serve();
  await send(decided.client, PREFACE);
  decided.served.drain(500);
  assert.deepEqual(decided.http2.events, ['drain 500']);

  const undecided = serve();
  undecided.served.drain(500);
  await nextTurn();
  assert.equal(undecided.server.isClosed, true);
  assert.deepEqual(undecided.refused, []);
  assert.deepEqual(undecided.clock.pendingTimers, []);
});
