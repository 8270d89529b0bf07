// SPDX-License-Identifier: Apache-2.0
// Requests and responses on a stream (RFC 9113 §8.1): heads, bodies, trailers, 1xx, lengths.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type ExchangeHandler, outgoingHeaders, prepareHeaders, type ServerExchange } from '../../exchange/index.ts';
import {
  BodyRecorder,
  continuation,
  data,
  END_STREAM,
  encodeField,
  encodeFields,
  goAway,
  headers,
  ping,
  pong,
  raw,
  request,
  reset,
  servePeer,
} from '../../testing/index.ts';

const OK = prepareHeaders([[':status', '200']]);
const STATUS_0 = prepareHeaders([['grpc-status', '0']]);

/** Keeps what comes, answers nothing by itself. */
function keepCalls() {
  const calls: { readonly exchange: ServerExchange; readonly body: BodyRecorder }[] = [];
  const handler: ExchangeHandler = (exchange) => {
    const body = new BodyRecorder();
    calls.push({ exchange, body });
    return body;
  };
  return { calls, handler };
}

async function serveCalls(options: Parameters<typeof servePeer>[1] = {}) {
  const { calls, handler } = keepCalls();
  const served = servePeer(handler, options);
  await served.peer.handshake();
  return { ...served, calls };
}

test('head, body and trailers arrive in order, and leave so', async () => {
  const { peer, calls } = await serveCalls();
  await peer.sends(headers(1, request('POST', '/a?b', { 'x-a': '1', te: 'trailers' })));
  const [{ exchange, body }] = calls;
  const { method, path, authority, scheme, fields } = exchange.head;
  assert.deepEqual([method, path, authority, scheme, fields.get('x-a')], ['POST', '/a?b', 'localhost', 'http', '1']);
  await peer.sends(data(1, 'hel'), data(1, 'lo'));
  assert.deepEqual([body.text, body.isEnded], ['hello', false]);
  await peer.sends(headers(1, { 'x-sum': '532' }, END_STREAM));
  assert.deepEqual([body.isEnded, body.trailers?.get('x-sum')], [true, '532']);
  exchange.sendHead(OK);
  exchange.sendData(Buffer.from('by'));
  exchange.sendData(Buffer.from('e'));
  exchange.sendEnd(STATUS_0);
  await peer.receives(headers(1, { ':status': '200' }), data(1, 'by'), data(1, 'e'));
  await peer.receives(headers(1, { 'grpc-status': '0' }, END_STREAM));
});

test('END_STREAM on HEADERS, and on an empty DATA', async () => {
  const { peer, calls } = await serveCalls();
  await peer.sends(headers(1, request('GET', '/'), END_STREAM));
  await peer.sends(headers(3, request('POST', '/')), data(3, '', END_STREAM));
  for (const { body } of calls) assert.deepEqual([body.isEnded, body.text, body.trailers], [true, '', undefined]);
  calls[0].exchange.reply(OK);
  calls[1].exchange.sendHead(OK);
  calls[1].exchange.sendEnd();
  await peer.receives(headers(1, { ':status': '200' }, END_STREAM), headers(3), data(3, '', END_STREAM));
});

test('the handler is called for the head, before the body is there', async () => {
  const { peer, calls } = await serveCalls();
  await peer.sends(headers(1, request('POST', '/')));
  assert.equal(calls.length, 1);
});

test('a body in pieces and padded is the same body', async () => {
  const { peer, calls } = await serveCalls({ chunkBytes: 3 });
  await peer.sends(
    headers(1, request('POST', '/'), { paddingBytes: 7, priority: { dependsOn: 0 } }),
    data(1, 'abc', { paddingBytes: 200 }),
    data(1, '', { paddingBytes: 0 }),
    data(1, 'def', { flags: END_STREAM, paddingBytes: 1 }),
  );
  assert.deepEqual([calls[0].body.text, calls[0].body.isEnded], ['abcdef', true]);
});

test('a header block in CONTINUATION frames is one head', async () => {
  const { peer, calls } = await serveCalls();
  const block = encodeFields(Object.entries(request('GET', '/long')) as [string, string][]);
  await peer.sends(
    headers(1, block.subarray(0, 1), { flags: END_STREAM, endHeaders: false }),
    continuation(1, block.subarray(1, 20), { endHeaders: false }),
    continuation(1, block.subarray(20)),
  );
  assert.deepEqual([calls[0].exchange.head.path, calls[0].body.isEnded], ['/long', true]);
});

test('1xx responses go before the final one', async () => {
  const { peer, calls } = await serveCalls();
  await peer.sends(headers(1, request('POST', '/')));
  const [{ exchange }] = calls;
  exchange.sendInformation(prepareHeaders([[':status', '100']]));
  exchange.sendInformation(outgoingHeaders([[':status', '103']]));
  await peer.receives(headers(1, { ':status': '100' }), headers(1, { ':status': '103' }));
  await peer.sends(data(1, 'x', END_STREAM));
  exchange.reply(OK);
  exchange.sendInformation(prepareHeaders([[':status', '100']]));
  await peer.receives(headers(1, { ':status': '200' }, END_STREAM));
  await peer.receivesNothing();
});

test('a block without literals means what the table says now, remembered or not', async () => {
  const { peer, calls } = await serveCalls();
  const block = (...parts: Uint8Array[]) => Buffer.concat(parts);
  // RFC 7541 Appendix A: GET, http and "/"; 0xbe is the newest entry of the dynamic table.
  const [get, newest] = [Buffer.of(0x82, 0x86, 0x84), Buffer.of(0xbe)];
  const insert = (authority: string) => encodeField(':authority', authority, 'indexed');
  const blocks = [
    block(get, insert('one')),
    block(get, newest),
    block(get, newest),
    block(get, insert('two')),
    block(get, newest),
    block(get, newest),
    block(get, Buffer.of(0xbf)),
  ];
  for (const [i, bytes] of blocks.entries()) await peer.sends(headers(i * 2 + 1, bytes, END_STREAM));
  assert.deepEqual(
    calls.map(({ exchange }) => exchange.head.authority),
    ['one', 'one', 'one', 'two', 'two', 'two', 'one'],
  );
  assert.equal(calls[1].exchange.head, calls[2].exchange.head, 'one record for both');
});

test('who expects 100 gets it when the handler has been asked and says nothing', async () => {
  // RFC 9110 §10.1.1: a server "MUST send either 100 (Continue) or a final response" unless content has come already.
  const { peer, calls } = await serveCalls();
  const expecting = request('POST', '/', { expect: '100-continue' });
  await peer.sends(headers(1, expecting));
  await peer.receives(headers(1, { ':status': '100' }));
  await peer.sends(data(1, 'x', END_STREAM));
  calls[0].exchange.reply(OK);
  await peer.receives(headers(1, { ':status': '200' }, END_STREAM));
  await peer.sends(headers(3, expecting), data(3, 'already here'));
  await peer.sends(headers(5, expecting, END_STREAM));
  await peer.receivesNothing();
});

test('who expects 100 and is refused at once does not get it', async () => {
  const { peer } = servePeer((exchange) => {
    exchange.reply(prepareHeaders([[':status', '413']]));
    return new BodyRecorder();
  });
  await peer.handshake();
  await peer.sends(headers(1, request('POST', '/', { expect: '100-continue' })));
  await peer.receives(headers(1, { ':status': '413' }, END_STREAM), reset(1, 'NO_ERROR'));
});

// ── malformed messages ──

test('a malformed request is reset, its handler never called, the connection goes on', async () => {
  // §8.1.1: "Malformed requests or responses that are detected MUST be treated as a stream error of type PROTOCOL_ERROR."
  const { peer, calls, events } = await serveCalls();
  await peer.sends(
    headers(1, [[':method', 'GET']]),
    data(1, 'late'),
    headers(1, { x: 'y' }, END_STREAM),
    ping('12345678'),
  );
  await peer.receives(reset(1, 'PROTOCOL_ERROR'), pong('12345678'));
  assert.equal(calls.length, 0);
  assert.deepEqual(
    events.map((event) => event.kind === 'protocol-error' && event.streamId),
    [1],
  );
});

test('what the characters of a field say is malformed too', async () => {
  const { peer } = await serveCalls();
  const bad = [
    { 'X-Upper': 'a' },
    { 'x-nul': 'a\0b' },
    { 'x-line': 'a\nb' },
    { 'x-blank': ' a' },
    { '': 'a' },
    { 'x y': 'a' },
  ];
  for (const [i, fields] of bad.entries()) {
    await peer.sends(headers(i * 2 + 1, request('GET', '/', fields as Record<string, string>), END_STREAM));
    await peer.receives(reset(i * 2 + 1, 'PROTOCOL_ERROR'));
  }
});

test('malformed trailers', async () => {
  const { peer, calls } = await serveCalls();
  const bad = [{ ':path': '/' }, { connection: 'close' }, { 'X-Upper': 'a' }];
  for (const [i, fields] of bad.entries()) {
    const id = i * 2 + 1;
    await peer.sends(headers(id, request('POST', '/')), headers(id, fields as never, END_STREAM));
    await peer.receives(reset(id, 'PROTOCOL_ERROR'));
  }
  for (const { body } of calls) assert.equal(body.isEnded, false);
});

test('trailers without END_STREAM', async () => {
  // §8.1: "a HEADERS frame without the END_STREAM flag set after receiving the HEADERS frame that opens a request [...] MUST
  // treat the corresponding request or response as malformed."
  const { peer, calls } = await serveCalls();
  await peer.sends(headers(1, request('POST', '/')));
  await peer.sends(headers(1, { x: 'y' }));
  await peer.receives(reset(1, 'PROTOCOL_ERROR'));
  assert.deepEqual([calls[0].body.failure?.origin, calls[0].body.failure?.code], ['local', 1]);
});

// ── content-length (§8.1.1) ──

test('a content-length that is kept', async () => {
  const { peer, calls } = await serveCalls();
  await peer.sends(
    headers(1, request('POST', '/', { 'content-length': '5' })),
    data(1, 'hel'),
    data(1, 'lo', END_STREAM),
  );
  await peer.sends(headers(3, request('POST', '/', { 'content-length': '0' }), END_STREAM));
  await peer.sends(headers(5, request('POST', '/', { 'content-length': '1' })));
  await peer.sends(data(5, 'x', { paddingBytes: 9 }), headers(5, { a: 'b' }, END_STREAM));
  assert.deepEqual(
    calls.map(({ body }) => body.isEnded),
    [true, true, true],
  );
});

for (const [name, frames] of Object.entries({
  'too much': [data(1, '123456')],
  'too much, at the end': [data(1, '123456', END_STREAM)],
  'too little': [data(1, '1234', END_STREAM)],
  'nothing but the end': [data(1, '', END_STREAM)],
  'too little before trailers': [data(1, '1234'), headers(1, { a: 'b' }, END_STREAM)],
})) {
  test(`a content-length of 5, and ${name}`, async () => {
    // §8.1.1: "A request or response is also malformed if the value of a content-length header field does not equal the sum
    // of the DATA frame payload lengths that form the content".
    const { peer, calls } = await serveCalls();
    await peer.sends(headers(1, request('POST', '/', { 'content-length': '5' })));
    await peer.sends(...frames);
    await peer.receives(reset(1, 'PROTOCOL_ERROR'));
    assert.deepEqual([calls[0].body.isEnded, calls[0].body.failure?.code], [false, 1]);
  });
}

test('a content-length with END_STREAM on HEADERS', async () => {
  const { peer, calls, connection } = await serveCalls();
  await peer.sends(headers(1, request('POST', '/', { 'content-length': '5' }), END_STREAM));
  await peer.receives(reset(1, 'PROTOCOL_ERROR'));
  assert.deepEqual([calls.length, connection.inspect().streams.slots], [0, 0]);
});

// ── header lists that are too large ──

test('more than the list limit is answered 431, and the connection goes on', async () => {
  const { peer, calls, connection } = await serveCalls();
  await peer.sends(headers(1, request('GET', '/', { x: 'y'.repeat(16_100), z: 'y'.repeat(100) }), END_STREAM));
  await peer.receives(headers(1, { ':status': '431' }, END_STREAM));
  await peer.sends(headers(3, request('GET', '/'), END_STREAM));
  await peer.receivesNothing();
  assert.equal(calls.length, 1);
  assert.equal(connection.inspect().limits.headerListBytes, 1);
});

test('431 in the middle of a request asks to stop sending it', async () => {
  const { peer } = await serveCalls({ limits: { headerFields: 5 } });
  await peer.sends(headers(1, request('POST', '/', { a: '1', b: '2' })), data(1, 'late', END_STREAM), ping('12345678'));
  await peer.receives(headers(1, { ':status': '431' }, END_STREAM), reset(1, 'NO_ERROR'), pong());
});

test('more fields than the limit, cookie crumbs one by one', async () => {
  const { peer, calls, connection } = await serveCalls();
  const crumbs = (count: number) => Array.from({ length: count }, () => ['cookie', 'a=b'] as const);
  const head = Object.entries(request('GET', '/')) as [string, string][];
  await peer.sends(headers(1, [...head, ...crumbs(125)], END_STREAM));
  await peer.receives(headers(1, { ':status': '431' }, END_STREAM));
  await peer.sends(headers(3, [...head, ...crumbs(124)], END_STREAM));
  assert.equal(calls.length, 1);
  assert.equal(connection.inspect().limits.headerFields, 1);
});

test('beyond four times the list limit the connection ends', async () => {
  const { peer } = await serveCalls({ limits: { headerListBytes: 1_000 } });
  await peer.sends(headers(1, request('GET', '/', { x: 'y'.repeat(5_000) }), END_STREAM));
  await peer.receives(goAway('ENHANCE_YOUR_CALM', 'header_list_too_large'));
});

test('a block that cannot be decoded ends the connection', async () => {
  // §4.3: "A decoding error in a field block MUST be treated as a connection error of type COMPRESSION_ERROR."
  const { peer } = await serveCalls();
  await peer.sends(headers(1, Buffer.of(0xff, 0xff, 0xff, 0xff, 0xff, 0x7f), END_STREAM));
  await peer.receives(goAway('COMPRESSION_ERROR'));
  await peer.receivesEnd();
});

// ── the handler ──

test('a handler that throws resets its stream alone', async () => {
  const served = servePeer((exchange) => {
    if (exchange.head.path === '/throw') throw new Error('oops');
    exchange.reply(OK);
    return new BodyRecorder();
  });
  const { peer, events } = served;
  await peer.handshake();
  await peer.sends(headers(1, request('GET', '/throw'), END_STREAM), headers(3, request('GET', '/'), END_STREAM));
  await peer.receivesInAnyOrder(reset(1, 'INTERNAL_ERROR'), headers(3, { ':status': '200' }, END_STREAM));
  assert.deepEqual(
    events.map((event) => event.kind),
    ['handler-threw'],
  );
  assert.equal(served.connection.inspect().streams.slots, 0);
});

test('a body receiver that throws resets its stream alone', async () => {
  const served = servePeer(() => {
    const body = new BodyRecorder();
    body.onData = () => {
      throw new Error('oops');
    };
    return body;
  });
  const { peer, connection } = served;
  await peer.handshake();
  await peer.sends(headers(1, request('POST', '/')), data(1, 'x'));
  await peer.receives(reset(1, 'INTERNAL_ERROR'));
  assert.deepEqual([connection.inspect().streams.open, connection.inspect().streams.slots], [0, 0]);
});

test('the exchange knows its peer', async () => {
  const { peer, calls } = await serveCalls({ peer: { address: '192.0.2.7', port: 9 } });
  await peer.sends(headers(1, request('GET', '/'), END_STREAM));
  assert.deepEqual(calls[0].exchange.peer, { address: '192.0.2.7', port: 9 });
});

test('misuse throws where it happens', async () => {
  const { peer, calls } = await serveCalls();
  await peer.sends(headers(1, request('GET', '/'), END_STREAM));
  const [{ exchange }] = calls;
  assert.throws(() => exchange.sendData(Buffer.from('x')), /sendData before sendHead/);
  assert.throws(() => exchange.sendEnd(), /sendEnd before sendHead/);
  exchange.reply(OK);
});

test('after the end every call is ignored', async () => {
  const { peer, calls } = await serveCalls();
  await peer.sends(headers(1, request('GET', '/'), END_STREAM));
  const [{ exchange }] = calls;
  exchange.reply(OK, Buffer.from('x'), STATUS_0);
  exchange.reply(OK);
  exchange.sendHead(OK);
  assert.equal(exchange.sendData(Buffer.from('y')), false);
  exchange.sendEnd(STATUS_0);
  await peer.receives(headers(1), data(1, 'x'), headers(1, { 'grpc-status': '0' }, END_STREAM));
  exchange.reset(8);
  exchange.grant(5);
  exchange.release(5);
  await peer.receivesNothing();
});

test('heads that repeat but for their content-length keep each their own', async () => {
  const { peer, calls } = await serveCalls();
  const head = (id: number, block: string) => {
    const bytes = Buffer.from(block.replaceAll(' ', ''), 'hex');
    return raw(Buffer.concat([Buffer.from([0, 0, bytes.length, 1, 4, 0, 0, 0, id]), bytes]));
  };
  // The first inserts :authority (entry 62); the others are indexed fields and a literal content-length of 1 or 2.
  await peer.sends(head(1, `83 86 84 41 09 ${Buffer.from('localhost').toString('hex')}`), data(1, 'x', END_STREAM));
  for (let id = 3; id < 120; id += 2) {
    const length = id % 4 === 1 ? 1 : 2;
    await peer.sends(head(id, `83 86 84 be 0f0d 01 3${length}`), data(id, 'x'.repeat(length), END_STREAM));
    const { exchange, body } = calls[calls.length - 1];
    assert.deepEqual(
      [exchange.head.fields.get('content-length'), body.text.length, body.isEnded],
      [String(length), length, true],
    );
    exchange.reply(OK);
    await peer.takes();
  }
  // A remembered head does not forgive a wrong length.
  await peer.sends(head(121, '83 86 84 be 0f0d 01 31'), data(121, 'xx', END_STREAM));
  await peer.receives(reset(121, 'PROTOCOL_ERROR'));
});
