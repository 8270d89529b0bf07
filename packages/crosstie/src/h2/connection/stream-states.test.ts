// SPDX-License-Identifier: Apache-2.0
// The life of a stream on the wire (RFC 9113 §5.1), its identifiers (§5.1.1) and what may come too late.

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
  pushPromise,
  request,
  reset,
  type Script,
  servePeer,
  windowUpdate,
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

// ── half-closed ──

test('half-closed (remote): the answer goes on after the request has ended', async () => {
  const { peer, calls } = await serveCalls();
  await peer.sends(headers(1, POST, END_STREAM));
  const [{ exchange }] = calls;
  exchange.sendHead(OK);
  await peer.receives(headers(1));
  exchange.sendData(Buffer.from('a'));
  await peer.receives(data(1, 'a'));
  exchange.sendEnd();
  await peer.receives(data(1, '', END_STREAM));
});

test('half-closed (remote): WINDOW_UPDATE, PRIORITY and RST_STREAM may still come', async () => {
  const { peer, calls, connection } = await serveCalls();
  await peer.sends(headers(1, POST, END_STREAM), windowUpdate(1, 5), priority(1, 3), reset(1, 'CANCEL'));
  await peer.receivesNothing();
  assert.deepEqual([calls.length, connection.inspect().streams.open], [0, 0]);
});

for (const [name, word] of Object.entries({
  DATA: data(1, 'x'),
  'empty DATA': data(1, '', END_STREAM),
  HEADERS: headers(1, { a: 'b' }, END_STREAM),
})) {
  test(`half-closed (remote): ${name} after END_STREAM`, async () => {
    // §5.1: "If an endpoint receives additional frames, other than WINDOW_UPDATE, PRIORITY, or RST_STREAM, for a stream that
    // is in this state, it MUST respond with a stream error of type STREAM_CLOSED"; raised to the connection.
    const { peer } = await serveCalls();
    await peer.sends(headers(1, POST, END_STREAM));
    await peer.sends(word);
    await peer.receives(goAway('STREAM_CLOSED'));
    await peer.receivesEnd();
  });
}

test('an early answer: complete, then RST_STREAM with NO_ERROR', async () => {
  // §8.1: "A server can send a complete response prior to the client sending an entire request [...] the server MAY request
  // that the client abort transmission of a request without error by sending a RST_STREAM with an error code of NO_ERROR".
  const { peer, calls, connection } = await serveCalls();
  await peer.sends(headers(1, POST));
  calls[0].exchange.reply(OK, Buffer.from('no'));
  await peer.receives(headers(1), data(1, 'no', END_STREAM), reset(1, 'NO_ERROR'));
  assert.deepEqual([connection.inspect().streams.open, connection.inspect().streams.slots], [0, 0]);
  await peer.sends(data(1, 'late'), headers(1, { a: 'b' }, END_STREAM), ping('12345678'));
  await peer.receives(pong());
  assert.deepEqual([calls[0].body.text, calls[0].body.isEnded, calls[0].body.failure], ['', false, undefined]);
});

// ── RST_STREAM in every state (§6.4) ──

test('RST_STREAM while open: the reader is told, nothing is answered', async () => {
  const { peer, calls, connection } = await serveCalls();
  await peer.sends(headers(1, POST), data(1, 'x'));
  await peer.sends(reset(1, 'CANCEL'));
  const { failure } = calls[0].body;
  assert.deepEqual([failure?.origin, failure?.code, failure?.unprocessed], ['peer', 8, false]);
  calls[0].exchange.sendHead(OK);
  calls[0].exchange.sendEnd();
  await peer.receivesNothing();
  assert.deepEqual([connection.inspect().streams.open, connection.inspect().resets.received], [0, 1]);
});

test('RST_STREAM while half-closed: what waits to be sent is dropped', async () => {
  const { peer, calls, connection } = await serveCalls();
  await peer.sends(headers(1, POST, END_STREAM));
  calls[0].exchange.reply(OK, Buffer.alloc(100_000));
  await peer.settles();
  await peer.takes();
  await peer.sends(reset(1, 'CANCEL'));
  await peer.sends(windowUpdate(0, 100_000));
  await peer.receivesNothing();
  assert.equal(connection.inspect().streams.waitingToSend, 0);
});

test('RST_STREAM on a closed stream is nothing', async () => {
  // §5.1, closed: "An endpoint MUST minimally process and then discard any frames it receives in this state" after RST_STREAM.
  const { peer, calls } = await serveCalls();
  await peer.sends(headers(1, POST, END_STREAM));
  calls[0].exchange.reply(OK);
  await peer.receives(headers(1, {}, END_STREAM));
  await peer.sends(reset(1, 'CANCEL'), reset(1, 'NO_ERROR'), windowUpdate(1, 1), priority(1, 0));
  await peer.receivesNothing();
});

test('RST_STREAM with a code nobody knows', async () => {
  // §7: "Unknown or unsupported error codes MUST NOT trigger any special behavior."
  const { peer, calls } = await serveCalls();
  await peer.sends(headers(1, POST));
  await peer.sends(frame({ type: 'RST_STREAM', streamId: 1, payload: Buffer.of(0, 0xab, 0xcd, 0xef) }));
  assert.equal(calls[0].body.failure?.code, 0xabcdef);
});

test('a request and its RST_STREAM in one read: the handler is never called', async () => {
  const { peer, calls, connection } = await serveCalls();
  await peer.sends(headers(1, POST), data(1, 'x'), reset(1, 'CANCEL'));
  assert.equal(calls.length, 0);
  const { streams, heldBytes } = connection.inspect();
  assert.deepEqual([streams.slots, heldBytes], [0, 0]);
});

// ── our own reset ──

test('after our reset the reader hears nothing, late frames are ignored and counted for flow control', async () => {
  const { peer, calls, connection } = await serveCalls();
  await peer.sends(headers(1, POST), data(1, 'a'));
  calls[0].exchange.reset(8);
  await peer.receives(reset(1, 'CANCEL'));
  const before = connection.inspect().windows.receive;
  await peer.sends(data(1, 'late'), windowUpdate(1, 10), headers(1, { a: 'b' }, END_STREAM), data(1, 'later'));
  await peer.receivesNothing();
  assert.deepEqual([calls[0].body.text, calls[0].body.failure, calls[0].body.isEnded], ['a', undefined, false]);
  assert.equal(before - connection.inspect().windows.receive, 9);
});

test('a reader that resets in the middle of a read hears nothing of the rest of it', async () => {
  const heard: string[] = [];
  const served = servePeer((exchange) => {
    const body = new BodyRecorder();
    body.onData = (bytes) => {
      heard.push(Buffer.from(bytes).toString());
      exchange.reset(8);
    };
    body.onEnd = () => heard.push('end');
    body.onFailure = () => heard.push('failure');
    return body;
  });
  await served.peer.handshake();
  await served.peer.sends(headers(1, POST), data(1, 'a'), data(1, 'b'), data(1, 'c', END_STREAM));
  assert.deepEqual(heard, ['a']);
  await served.peer.receives(reset(1, 'CANCEL'));
});

test('ignored field blocks are decoded all the same', async () => {
  // §4.3: "A receiver MUST [...] decompress field blocks [...] to ensure that the HPACK state is consistent".
  const { peer, calls } = await serveCalls();
  await peer.sends(headers(1, POST));
  calls[0].exchange.reset(8);
  await peer.receives(reset(1, 'CANCEL'));
  await peer.sends(headers(1, { 'x-late': 'inserted' }, { flags: END_STREAM, form: 'indexed' }));
  const block = Buffer.concat([
    Buffer.of(0x82, 0x86, 0x84),
    Buffer.from('\x00\x0a:authority\x01h', 'latin1'),
    Buffer.of(0xbe),
  ]);
  await peer.sends(headers(3, block, END_STREAM));
  assert.equal(calls[1].exchange.head.fields.get('x-late'), 'inserted');
});

test('a reset is sent once, whatever is called after it', async () => {
  const { peer, calls } = await serveCalls();
  await peer.sends(headers(1, POST));
  const [{ exchange }] = calls;
  exchange.reset(8);
  exchange.reset(2);
  exchange.reply(OK);
  exchange.sendHead(OK);
  assert.equal(exchange.sendData(Buffer.from('x')), false);
  exchange.sendEnd();
  await peer.receives(reset(1, 'CANCEL'));
  await peer.receivesNothing();
});

test('a reset drops what its stream had queued', async () => {
  const { peer, calls } = await serveCalls();
  await peer.sends(headers(1, POST, END_STREAM));
  calls[0].exchange.sendHead(OK);
  calls[0].exchange.sendData(Buffer.alloc(100_000));
  await peer.settles();
  await peer.takes();
  calls[0].exchange.reset(2);
  await peer.receives(reset(1, 'INTERNAL_ERROR'));
  await peer.sends(windowUpdate(0, 100_000));
  await peer.receivesNothing();
});

// ── closed in good order ──

for (const [name, word] of Object.entries({
  DATA: data(1, 'x'),
  HEADERS: headers(1, { a: 'b' }, END_STREAM),
})) {
  test(`closed: ${name} after both sides have ended`, async () => {
    // §5.1, closed: "An endpoint that receives any frames other than PRIORITY after receiving a frame with END_STREAM set MUST
    // treat that as a connection error of type STREAM_CLOSED".
    const { peer, calls } = await serveCalls();
    await peer.sends(headers(1, POST, END_STREAM));
    calls[0].exchange.reply(OK);
    await peer.receives(headers(1, {}, END_STREAM));
    await peer.sends(word);
    await peer.receives(goAway('STREAM_CLOSED'));
    await peer.receivesEnd();
  });
}

// ── idle ──

for (const [name, word] of Object.entries({
  DATA: data(1, 'x'),
  RST_STREAM: reset(1, 'CANCEL'),
  WINDOW_UPDATE: windowUpdate(1, 1),
  CONTINUATION: continuation(1, POST),
  'DATA on an even id': data(2, 'x'),
  'RST_STREAM on an even id': reset(2, 'CANCEL'),
  PUSH_PROMISE: pushPromise(1, 2, POST),
})) {
  test(`idle: ${name}`, async () => {
    // §5.1: "Receiving any frame other than HEADERS or PRIORITY on a stream in this state MUST be treated as a connection error
    // of type PROTOCOL_ERROR."
    const { peer } = await serveCalls();
    await peer.sends(word);
    await peer.receives(goAway('PROTOCOL_ERROR'));
    await peer.receivesEnd();
  });
}

test('idle: PRIORITY is allowed, and changes nothing', async () => {
  const { peer, connection } = await serveCalls();
  await peer.sends(priority(1, 0), priority(99, 1), ping('12345678'));
  await peer.receives(pong());
  assert.equal(connection.inspect().glitches, 2);
});

// ── identifiers (§5.1.1) ──

test('ids may be skipped', async () => {
  const { peer, calls, connection } = await serveCalls();
  await peer.sends(headers(5, POST, END_STREAM), headers(0x7fffffff, POST, END_STREAM));
  assert.equal(calls.length, 2);
  assert.equal(connection.inspect().streams.lastId, 0x7fffffff);
});

for (const [name, words] of Object.entries<Script[]>({
  'an even id': [headers(2, POST, END_STREAM)],
  'an even id below others': [headers(5, POST, END_STREAM), headers(2, POST, END_STREAM)],
  'a lower id that was skipped': [headers(5, POST, END_STREAM), headers(3, POST, END_STREAM)],
  'stream 0': [headers(0, POST, END_STREAM)],
})) {
  test(`HEADERS on ${name}`, async () => {
    // "An endpoint that receives an unexpected stream identifier MUST respond with a connection error of type PROTOCOL_ERROR."
    const { peer } = await serveCalls();
    await peer.sends(...words);
    await peer.receives(goAway('PROTOCOL_ERROR'));
    await peer.receivesEnd();
  });
}

test('GOAWAY names the last stream that was accepted', async () => {
  const { peer } = await serveCalls();
  await peer.sends(headers(7, POST));
  await peer.sends(data(9, 'x'));
  await peer.receives(goAway('PROTOCOL_ERROR', undefined, 7));
});

// ── header blocks are not interrupted ──

for (const [name, word] of Object.entries({
  DATA: data(1, 'x'),
  'HEADERS of another stream': headers(3, POST),
  'HEADERS of the same stream': headers(1, POST),
  'CONTINUATION of another stream': continuation(3, POST),
  PING: ping(),
  PRIORITY: priority(1, 0),
  'an unknown frame': frame({ type: 0xfa }),
})) {
  test(`${name} inside a header block`, async () => {
    // §4.3: "Field blocks MUST be transmitted as a contiguous sequence of frames, with no interleaved frames of any other type
    // or from any other stream." §5.5: "Extension frames that appear in the middle of a field block MUST be treated as a
    // connection error of type PROTOCOL_ERROR."
    const { peer } = await serveCalls();
    await peer.sends(headers(1, POST, { endHeaders: false }), word);
    await peer.receives(goAway('PROTOCOL_ERROR'));
    await peer.receivesEnd();
  });
}

test('CONTINUATION behind a complete block', async () => {
  const { peer } = await serveCalls();
  await peer.sends(headers(1, POST), continuation(1, { a: 'b' }));
  await peer.receives(goAway('PROTOCOL_ERROR'));
});

test('a header block that never ends', async () => {
  const { peer, events } = await serveCalls();
  await peer.sends(headers(1, POST, { endHeaders: false }));
  await peer.waits(9_999);
  await peer.receivesNothing();
  await peer.waits(1);
  await peer.receives(goAway('ENHANCE_YOUR_CALM', 'header_block_timeout'));
  assert.deepEqual(
    events.map((event) => event.kind === 'limit' && event.limit),
    ['headerBlockMs'],
  );
});

test('a header block in time is watched no longer', async () => {
  const { peer, calls } = await serveCalls();
  await peer.sends(headers(1, POST, { endHeaders: false }), continuation(1, { a: 'b' }));
  await peer.waits(60_000);
  await peer.receivesNothing();
  assert.equal(calls[0].exchange.head.fields.get('a'), 'b');
});

test('CONTINUATION floods', async () => {
  const { peer } = await serveCalls();
  const more = Array.from({ length: 9 }, () => continuation(1, { a: 'b' }, { endHeaders: false }));
  await peer.sends(headers(1, POST, { endHeaders: false }), ...more);
  await peer.receives(goAway('ENHANCE_YOUR_CALM', 'too_many_continuations'));
});
