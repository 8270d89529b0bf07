// SPDX-License-Identifier: Apache-2.0
// Sizes of frames (RFC 9113 §4.2), frames nobody knows (§5.5), floods of useless ones, and how much one read may do.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type ExchangeHandler, prepareHeaders, type ServerExchange } from '../../exchange/index.ts';
import {
  BodyRecorder,
  continuation,
  data,
  END_STREAM,
  frame,
  goAway,
  headers,
  ping,
  pong,
  priority,
  raw,
  request,
  reset,
  servePeer,
} from '../../testing/index.ts';

const OK = prepareHeaders([[':status', '200']]);
const POST = request('POST', '/');

async function serveCalls(options: Parameters<typeof servePeer>[1] = {}) {
  const calls: { readonly exchange: ServerExchange; readonly body: BodyRecorder }[] = [];
  const handler: ExchangeHandler = (exchange) => {
    const body = new BodyRecorder();
    calls.push({ exchange, body });
    return body;
  };
  const served = servePeer(handler, options);
  await served.peer.handshake();
  return { ...served, calls };
}

// ── sizes ──

test('DATA of the largest size we accept', async () => {
  const { peer, calls } = await serveCalls();
  await peer.sends(headers(1, POST), data(1, Buffer.alloc(16_384), END_STREAM));
  assert.deepEqual([calls[0].body.body.length, calls[0].body.isEnded], [16_384, true]);
});

test('oversized DATA end their stream, count for flow control, and the connection goes on', async () => {
  // §4.2: "A frame size error in a frame that could alter the state of the entire connection MUST be treated as a connection
  // error"; DATA is not one.
  const { peer, calls, connection } = await serveCalls();
  await peer.sends(headers(1, POST));
  const before = connection.inspect().windows.receive;
  await peer.sends(data(1, Buffer.alloc(16_385)), ping('12345678'));
  await peer.receives(reset(1, 'FRAME_SIZE_ERROR'), pong());
  assert.deepEqual([calls[0].body.text, calls[0].body.failure?.code], ['', 6]);
  assert.equal(before - connection.inspect().windows.receive, 16_385);
});

test('oversized DATA in pieces are dropped in pieces', async () => {
  const { peer, calls } = await serveCalls({ chunkBytes: 1_000 });
  await peer.sends(headers(1, POST));
  await peer.sends(data(1, Buffer.alloc(20_000)), headers(3, POST), data(3, 'x', END_STREAM));
  await peer.receives(reset(1, 'FRAME_SIZE_ERROR'));
  assert.deepEqual([calls[1].body.text, calls[1].body.isEnded], ['x', true]);
});

test('oversized DATA on a stream that we have reset are late, not an error', async () => {
  const { peer, calls } = await serveCalls();
  await peer.sends(headers(1, POST));
  calls[0].exchange.reply(OK);
  await peer.receives(headers(1, {}, END_STREAM), reset(1, 'NO_ERROR'));
  await peer.sends(data(1, Buffer.alloc(20_000)), ping('12345678'));
  await peer.receives(pong());
});

for (const [name, bad] of Object.entries({
  HEADERS: frame({ type: 'HEADERS', streamId: 1, flags: 4, payload: Buffer.alloc(16_385) }),
  SETTINGS: frame({ type: 'SETTINGS', payload: Buffer.alloc(16_386) }),
  'an unknown type': frame({ type: 0xfa, streamId: 1, payload: Buffer.alloc(16_385) }),
  'DATA on stream 0': frame({ type: 'DATA', payload: Buffer.alloc(16_385) }),
})) {
  test(`oversized: ${name}`, async () => {
    const { peer } = await serveCalls();
    await peer.sends(bad);
    await peer.receives(goAway('FRAME_SIZE_ERROR'));
    await peer.receivesEnd();
  });
}

test('an oversized frame is refused by its head, nothing is waited for', async () => {
  const { peer, connection } = await serveCalls();
  await peer.sends(frame({ type: 'HEADERS', streamId: 1, length: 0xffffff }));
  await peer.receives(goAway('FRAME_SIZE_ERROR'));
  assert.equal(connection.heldBytes, 0);
});

test('a larger frame limit is announced, and holds', async () => {
  const { peer, calls } = await serveCalls({ limits: { frameBytes: 100_000 } });
  await peer.sends(headers(1, POST), data(1, Buffer.alloc(100_000)));
  assert.equal(calls[0].body.body.length, 100_000);
  await peer.sends(data(1, Buffer.alloc(100_001)));
  await peer.receives(reset(1, 'FRAME_SIZE_ERROR'));
});

test('oversized CONTINUATION', async () => {
  const { peer } = await serveCalls();
  await peer.sends(headers(1, POST, { endHeaders: false }), continuation(1, Buffer.alloc(16_385)));
  await peer.receives(goAway('FRAME_SIZE_ERROR'));
});

// ── frames nobody knows ──

test('unknown frames, flags and reserved bits are ignored', async () => {
  // §5.5: "Implementations MUST ignore unknown or unsupported values in all extensible protocol elements."
  const { peer, calls, connection } = await serveCalls();
  await peer.sends(
    frame({ type: 0xfa, streamId: 1, payload: Buffer.from('x') }),
    frame({ type: 0xfb, flags: 0xff, streamId: 0 }),
    headers(1, POST, { flags: 0xc2 }),
    data(1, 'a', { flags: 0xf6 }),
    frame({ type: 'PING', streamId: 0x80000000, payload: Buffer.from('12345678') }),
    data(1, '', END_STREAM),
  );
  await peer.receives(pong('12345678'));
  assert.deepEqual([calls[0].body.text, calls[0].body.isEnded, connection.inspect().glitches], ['a', true, 2]);
});

test('too many oddities end the connection', async () => {
  const { peer } = await serveCalls({ limits: { glitches: 5, glitchesPerSecond: 1 } });
  await peer.sends(...Array.from({ length: 5 }, () => priority(1, 0)));
  await peer.receivesNothing();
  await peer.sends(frame({ type: 0xfa }));
  await peer.receives(goAway('ENHANCE_YOUR_CALM', 'too_many_glitches'));
});

test('empty DATA that end nothing, too many in a row', async () => {
  const { peer } = await serveCalls();
  await peer.sends(headers(1, POST), ...Array.from({ length: 10 }, () => data(1, '')), data(1, 'x'), data(1, ''));
  await peer.receivesNothing();
  await peer.sends(...Array.from({ length: 10 }, () => data(1, '', { paddingBytes: 5 })));
  await peer.receives(goAway('ENHANCE_YOUR_CALM', 'too_many_empty_data'));
});

// ── one read may do so much ──

test('a turn ends after so many frames; the rest goes on when others have been served', async () => {
  const deferred: number[] = [];
  const served = servePeer(
    (exchange) => {
      deferred.push(served.peer.clock.deferredCount);
      exchange.reply(OK);
      return new BodyRecorder();
    },
    { limits: { turnFrames: 10 } },
  );
  const { peer } = served;
  await peer.handshake();
  await peer.sends(...Array.from({ length: 25 }, (_, i) => headers(i * 2 + 1, POST, END_STREAM)));
  assert.equal((await peer.takes()).length, 25);
  assert.deepEqual(deferred, [...Array(20).fill(1), ...Array(5).fill(0)]);
});

test('1,000 frames are a turn by default', async () => {
  const { peer, connection } = await serveCalls();
  const unknown = Buffer.from(frame({ type: 0xfa }).encode());
  connection.onBytes(Buffer.concat(Array(1_500).fill(unknown)));
  assert.equal(connection.inspect().glitches, 1_000);
  assert.equal(peer.clock.deferredCount, 1);
  await peer.settles();
  assert.equal(connection.inspect().glitches, 1_500);
});

test('a turn ends after so much time, too', async () => {
  const served = servePeer(() => new BodyRecorder(), { limits: { turnMs: 0 } });
  await served.peer.handshake();
  const unknown = Buffer.from(frame({ type: 0xfa }).encode());
  served.connection.onBytes(Buffer.concat(Array(200).fill(unknown)));
  assert.equal(served.connection.inspect().glitches, 64, 'the clock is looked at every 64 frames');
  await served.peer.settles();
  assert.equal(served.connection.inspect().glitches, 200);
});

test('what comes while a turn waits is read behind it', async () => {
  const { peer, calls } = await serveCalls({ limits: { turnFrames: 2 }, chunkBytes: 60 });
  await peer.sends(headers(1, POST), ...[...'abcdefgh'].map((letter) => data(1, letter)), data(1, 'i', END_STREAM));
  assert.deepEqual([calls[0].body.text, calls[0].body.isEnded], ['abcdefghi', true]);
});

test('bytes that come although the channel was paused wait behind the rest', async () => {
  // ByteChannel: "A call of `onBytes` may still follow a `pause`."
  const { peer, connection } = await serveCalls({ limits: { turnFrames: 1 } });
  const bytesOf = (...texts: string[]) => Buffer.concat(texts.map((text) => Buffer.from(ping(text).encode())));
  connection.onBytes(bytesOf('aaaaaaaa', 'bbbbbbbb'));
  connection.onBytes(new Uint8Array(bytesOf('cccccccc')));
  await peer.receives(pong('aaaaaaaa'), pong('bbbbbbbb'), pong('cccccccc'));
});

test('a connection that ends drops what was not read', async () => {
  const { peer, connection } = await serveCalls({ limits: { turnFrames: 1 } });
  connection.onBytes(Buffer.concat([ping('aaaaaaaa').encode(), Buffer.alloc(1_000)]));
  assert.equal(connection.heldBytes, 1_000);
  connection.close();
  assert.equal(connection.heldBytes, 0);
  await peer.takes();
});

test('a turn that ends inside a frame', async () => {
  const { peer, calls } = await serveCalls({ limits: { turnFrames: 1 }, chunkBytes: 7 });
  await peer.sends(headers(1, POST), data(1, 'abc'), data(1, 'def'), headers(1, { x: 'y' }, END_STREAM));
  assert.deepEqual([calls[0].body.text, calls[0].body.trailers?.get('x')], ['abcdef', 'y']);
});

// ── replies that nobody reads (CVE-2019-9512) ──

test('a flood of PINGs to a peer that does not read stops the reading, and it goes on when it reads', async () => {
  const { peer, connection } = await serveCalls({ highWaterBytes: 10 });
  await peer.reads(0);
  await peer.sends(...Array.from({ length: 500 }, () => ping('12345678')));
  const { limits, bytesReceived } = connection.inspect();
  assert.ok((limits.controlReplies ?? 0) >= 1);
  assert.ok(bytesReceived >= 500 * 17, 'they came in one read, but were not dealt with');
  assert.ok(connection.heldBytes > 300 * 17, 'what was not read waits');
  await peer.reads(Number.POSITIVE_INFINITY);
  assert.equal((await peer.takes()).length, 500);
  assert.equal(connection.heldBytes, 0);
});

test('more replies than anybody could want end the connection', async () => {
  const limits = { controlReplies: 5, controlRepliesAbort: 5 };
  const { peer, connection } = await serveCalls({ highWaterBytes: 10, limits });
  await peer.reads(0);
  await peer.sends(...Array.from({ length: 10 }, () => ping('12345678')));
  assert.equal(connection.inspect().state, 'closing');
  assert.equal(connection.inspect().goAway.sent?.debug, 'too_many_control_replies');
});

test('PINGs to a peer that reads are all answered', async () => {
  const { peer } = await serveCalls();
  await peer.sends(...Array.from({ length: 500 }, () => ping('12345678')));
  assert.equal((await peer.takes()).length, 500);
});

test('a connection that is not read holds no more than it has read', async () => {
  const { peer, connection } = await serveCalls({ highWaterBytes: 10 });
  await peer.reads(0);
  for (let i = 0; i < 20; i++) await peer.sends(...Array.from({ length: 100 }, () => ping('12345678')));
  assert.ok(connection.heldBytes < 300 * 17, `${connection.heldBytes} bytes`);
  await peer.reads(Number.POSITIVE_INFINITY);
  assert.equal((await peer.takes()).length, 2_000);
});

test('bytes that are no frame are an error as soon as it shows', async () => {
  const { peer } = await serveCalls();
  await peer.sends(raw('GET / HTTP/1.1\r\nhost: localhost\r\n\r\n'));
  await peer.receives(goAway('FRAME_SIZE_ERROR'));
  await peer.receivesEnd();
});
