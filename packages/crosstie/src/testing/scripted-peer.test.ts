// SPDX-License-Identifier: Apache-2.0
// The scripted peer is judged by Node's own HTTP/2 on the other end of its channel, in both roles: what it sends must be
// understood by nghttp2, and what nghttp2 sends (Huffman, dynamic table) it must understand.

import assert from 'node:assert/strict';
import http2 from 'node:http2';
import { Duplex } from 'node:stream';
import { test } from 'node:test';
import type { ByteChannel } from '../core/index.ts';
import {
  ack,
  continuation,
  createScriptedPeer,
  data,
  END_STREAM,
  encodeFields,
  frame,
  goAway,
  headers,
  ping,
  pong,
  preface,
  raw,
  request,
  reset,
  type ScriptedPeer,
  type ScriptedPeerOptions,
  settings,
  windowUpdate,
} from './index.ts';

/** A Node stream on the engine's end of the channel. */
function streamOf(channel: ByteChannel): Duplex {
  const stream = new Duplex({
    read() {},
    write(chunk: Buffer, _encoding, done) {
      channel.write([chunk], () => done());
    },
    final(done) {
      channel.end();
      done();
    },
    destroy(error, done) {
      channel.destroy(error ?? undefined);
      done(error);
    },
  });
  channel.open({
    onBytes: (bytes) => stream.push(Buffer.from(bytes)),
    onWritable: () => {},
    onEnd: () => stream.push(null),
    onClose: (error) => stream.destroy(error),
  });
  return stream;
}

/** Node's server: answers with a Huffman-coded field, the body it got, and trailers. */
function nodeServer(options: ScriptedPeerOptions = {}): ScriptedPeer {
  const peer = createScriptedPeer('client', options);
  // Only our peer reads in pieces: Node 20 itself gives up on a header block that arrives byte by byte.
  peer.channel.chunkBytes = Number.POSITIVE_INFINITY;
  const server = http2.createServer();
  server.on('stream', (stream, fields) => {
    stream.respond(
      { ':status': 200, 'x-path': fields[':path'], 'x-long': 'www.example.com' },
      { waitForTrailers: true },
    );
    stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
    stream.on('error', () => {});
    const body: Buffer[] = [];
    stream.on('data', (chunk: Buffer) => body.push(chunk));
    stream.on('end', () => stream.end(Buffer.concat(body)));
  });
  server.on('sessionError', () => {});
  server.emit('connection', streamOf(peer.channel));
  return peer;
}

for (const chunkBytes of [Number.POSITIVE_INFINITY, 1, 7]) {
  test(`as client it talks to Node's server, in pieces of ${chunkBytes} bytes`, async () => {
    const peer = nodeServer({ chunkBytes, ignore: ['WINDOW_UPDATE'] });
    await peer.sends(preface, settings({ MAX_CONCURRENT_STREAMS: 7 }));
    await peer.receives(settings(), ack);
    await peer.sends(ack, ping('abcdefgh'));
    await peer.receives(pong('abcdefgh'));
    await peer.sends(
      headers(1, request('POST', '/echo')),
      data(1, 'hel'),
      data(1, 'lo', { flags: END_STREAM, paddingBytes: 9 }),
    );
    await peer.receives(
      headers(1, { ':status': '200', 'x-path': '/echo', 'x-long': /example/ }),
      data(1, 'hello'),
      headers(1, [['grpc-status', '0']], END_STREAM),
    );
    // The second response uses what the first one put into the dynamic table.
    const block = encodeFields(Object.entries(request('GET', '/two')) as [string, string][]);
    await peer.sends(
      headers(3, block.subarray(0, 5), { flags: END_STREAM, endHeaders: false }),
      continuation(3, block.subarray(5, 9), { endHeaders: false }),
      continuation(3, block.subarray(9)),
    );
    await peer.receives(
      headers(3, { ':status': '200', 'x-path': '/two', 'x-long': 'www.example.com' }),
      headers(3, { 'grpc-status': '0' }, END_STREAM),
    );
    await peer.receivesNothing();
    await peer.sends(goAway('NO_ERROR', 'bye'));
    await peer.breaks();
  });
}

test("as client it gets connection errors from Node's server", async () => {
  const peer = nodeServer();
  await peer.handshake();
  await peer.sends(frame({ type: 'PING', payload: Buffer.from('short') }));
  await peer.receives(goAway('FRAME_SIZE_ERROR'));
});

test('receivesEnd wants the end of the connection, and nothing before it', async () => {
  const peer = createScriptedPeer('client');
  const { channel } = peer;
  channel.open({ onBytes: () => channel.end(), onWritable: () => {}, onEnd: () => {}, onClose: () => {} });
  await assert.rejects(peer.receivesEnd(), /the end of the connection was expected, but it is open/);
  await peer.sends(raw('x'));
  await peer.receivesEnd();
  await assert.rejects(peer.receives(ack), /frame 1 of 1 has not come[\s\S]*nothing \(the connection is ended\)/);
});

test('bytes that are no HTTP/2 are told by the next step', async () => {
  const peer = createScriptedPeer('server');
  peer.channel.open({ onBytes: () => {}, onWritable: () => {}, onEnd: () => {}, onClose: () => {} });
  peer.channel.write([Buffer.from('GET / HTTP/1.1\r\nhost: x\r\n\r\n')], () => {});
  await assert.rejects(peer.receives(preface), /cannot be read: .*GET \/ HTTP\/1\.1/);
});

test("as server it talks to Node's client", async () => {
  const peer = createScriptedPeer('server', { ignore: ['WINDOW_UPDATE'] });
  const client = http2.connect('http://localhost', { createConnection: () => streamOf(peer.channel) });
  const answers: string[] = [];
  const post = client.request({ ':method': 'POST', ':path': '/echo', 'x-long': 'www.example.com' });
  post.on('response', (fields) => answers.push(`status ${fields[':status']} ${fields['x-a']}`));
  post.on('data', (chunk) => answers.push(String(chunk)));
  post.on('trailers', (fields) => answers.push(`trailers ${fields['grpc-status']}`));
  post.end('ping');
  await peer.receives(preface, settings());
  await peer.sends(settings(), ack);
  await peer.receivesInAnyOrder(
    ack,
    headers(1, { ':method': 'POST', ':path': '/echo', 'x-long': 'www.example.com' }),
    data(1, 'ping', END_STREAM),
  );
  await peer.sends(
    headers(1, { ':status': '200', 'x-a': 'b' }, { priority: { dependsOn: 0 } }),
    data(1, 'pong'),
    headers(1, { 'grpc-status': '0' }, END_STREAM),
  );
  // Node's stream says 'data' before 'response'.
  assert.deepEqual(answers.splice(0).sort(), ['pong', 'status 200 b', 'trailers 0']);
  const get = client.request({ ':path': '/slow' });
  get.on('close', () =>
    answers.push(get.rstCode === http2.constants.NGHTTP2_CANCEL ? '(closed with CANCEL)' : '(closed)'),
  );
  await peer.receives(headers(3, { ':path': '/slow' }, END_STREAM));
  await peer.sends(reset(3, 'CANCEL'));
  await peer.settles();
  assert.deepEqual(answers, ['(closed with CANCEL)']);
  client.close();
  await peer.ends();
});

test('a mismatch prints expected and received frames, a line each, and the dialogue', async () => {
  const peer = nodeServer({ ignore: ['WINDOW_UPDATE'] });
  await peer.handshake();
  await peer.sends(headers(1, request('GET', '/'), END_STREAM), ping('01234567'));
  await assert.rejects(
    peer.receives(headers(1, { ':status': '404' }), data(1, 'x', END_STREAM), pong(), pong()),
    (error: Error) => {
      const lines = error.message.split('\n');
      assert.match(lines[0], /^frame 1 of 4 is not the one expected$/);
      assert.match(lines[1], /^> expected {5}HEADERS 1 \{ :status: 404 \}$|PING/);
      assert.match(error.message, /received {5}HEADERS 1 \{ :status: 200, .*x-path: \//);
      assert.match(error.message, /received {5}nothing \(the connection is open\)/);
      assert.match(error.message, /→ HEADERS 1 END_STREAM \{ :method: GET/);
      return true;
    },
  );
});

test('receivesNothing names what came', async () => {
  const peer = nodeServer();
  await peer.handshake();
  await peer.sends(ping('01234567'));
  await assert.rejects(peer.receivesNothing(), /nothing was expected, but a frame came[\s\S]*PING ACK '01234567'/);
});

test('END_STREAM is expected if and only if it is named', () => {
  const bytes = (flags: number) => ({ type: 0, flags, streamId: 1, payload: Buffer.from('x') });
  const received = (flags: number) => ({ kind: 'frame', wire: bytes(flags), body: Buffer.from('x') }) as const;
  assert.equal(data(1, 'x').matches(received(END_STREAM)), false);
  assert.equal(data(1, 'x', END_STREAM).matches(received(END_STREAM)), true);
  assert.equal(data(1, /x/, END_STREAM).matches(received(0)), false);
  assert.equal(data(3, 'x').matches(received(0)), false);
});

test('expected fields are a subset, in order where a name comes twice', () => {
  const wire = { type: 1, flags: 4, streamId: 1, payload: Buffer.alloc(0) };
  const fields = [
    ['a', '1'],
    ['b', '2'],
    ['a', '3'],
  ] as const;
  const received = { kind: 'headers', wire, body: wire.payload, fields, frameCount: 1 } as const;
  assert.equal(headers(1, { b: '2' }).matches(received), true);
  assert.equal(headers(1, { b: /3/ }).matches(received), false);
  assert.equal(
    headers(1, [
      ['a', '1'],
      ['a', '3'],
    ]).matches(received),
    true,
  );
  assert.equal(
    headers(1, [
      ['a', '3'],
      ['a', '1'],
    ]).matches(received),
    false,
  );
  assert.equal(
    headers(1, [
      ['a', '1'],
      ['a', '1'],
    ]).matches(received),
    false,
  );
});

test('bytes on the wire are those of RFC 9113', () => {
  const hex = (word: { encode(): Uint8Array }) => Buffer.from(word.encode()).toString('hex');
  // A record with numbers as keys has them first, as all of JavaScript does.
  assert.equal(
    hex(settings({ INITIAL_WINDOW_SIZE: 1, 64517: 2 })),
    '00000c040000000000' + 'fc0500000002' + '000400000001',
  );
  assert.equal(hex(ack), '000000040100000000');
  assert.equal(hex(windowUpdate(1, 0x7fff_ffff)), '0000040800000000017fffffff');
  assert.equal(hex(goAway('PROTOCOL_ERROR', 'x', 5)), '000009070000000000000000050000000178');
  assert.equal(hex(headers(1, [['a', 'b']], END_STREAM)), '000005010500000001' + '0001610162');
  assert.equal(hex(frame({ type: 0xbe, length: 5, streamId: 0x8000_0001 })), '000005be0080000001');
  assert.equal(hex(raw('hi')), '6869');
});
