// SPDX-License-Identifier: Apache-2.0
// A client's calls on the wire: responses, 1xx, lengths, what a server may not do.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { outgoingHeaders, prepareHeaders } from '../../exchange/index.ts';
import {
  connectPeer,
  continuation,
  data,
  END_STREAM,
  encodeFields,
  goAway,
  headers,
  ping,
  pong,
  pushPromise,
  ResponseRecorder,
  reset,
  type Script,
  settings,
  windowUpdate,
} from '../../testing/index.ts';

const headOf = (method: string) =>
  prepareHeaders([
    [':method', method],
    [':scheme', 'http'],
    [':authority', 'localhost'],
    [':path', '/'],
  ]);
const [GET, HEAD, POST] = ['GET', 'HEAD', 'POST'].map(headOf);
const OK = { ':status': '200' };

async function connect(options: Parameters<typeof connectPeer>[0] = {}) {
  const connected = connectPeer(options);
  await connected.peer.handshake();
  const { peer, connection } = connected;
  /** One request, its HEADERS received. */
  const ask = async (head = GET, body?: Uint8Array) => {
    const answer = new ResponseRecorder();
    const exchange = connection.request(head, body, answer);
    await peer.takes();
    return { answer, exchange };
  };
  return { ...connected, ask };
}

test('a call: request in one write, response in order', async () => {
  const { peer, connection } = await connect();
  const answer = new ResponseRecorder();
  const writes = peer.channel.writeCount;
  connection.request(POST.with(['x-a', '1']), Buffer.from('ping'), answer);
  await peer.receives(headers(1, { ':method': 'POST', 'x-a': '1' }), data(1, 'ping', END_STREAM));
  assert.equal(peer.channel.writeCount - writes, 1);
  await peer.sends(headers(1, { ...OK, 'x-b': '2' }), data(1, 'po'), data(1, 'ng'));
  assert.deepEqual([answer.head?.status, answer.head?.fields.get('x-b'), answer.text], [200, '2', 'pong']);
  assert.equal(answer.isEnded, false);
  await peer.sends(headers(1, { 'grpc-status': '0' }, END_STREAM));
  assert.deepEqual([answer.isEnded, answer.trailers?.get('grpc-status')], [true, '0']);
  assert.equal(connection.inspect().streams.slots, 0);
});

test('a body that follows, and trailers of a request', async () => {
  const { peer, connection } = await connect();
  const answer = new ResponseRecorder();
  const exchange = connection.open(POST, answer);
  await peer.receives(headers(1, { ':method': 'POST' }));
  exchange.sendData(Buffer.from('a'));
  await peer.receives(data(1, 'a'));
  await peer.sends(headers(1, OK), data(1, 'early'));
  assert.equal(answer.text, 'early');
  exchange.sendEnd(outgoingHeaders([['x-sum', '1']]));
  await peer.receives(headers(1, { 'x-sum': '1' }, END_STREAM));
  await peer.sends(data(1, '', END_STREAM));
  assert.equal(answer.isEnded, true);
});

test('an empty body is no DATA', async () => {
  const { peer, connection } = await connect();
  connection.request(POST, new Uint8Array(0), new ResponseRecorder());
  await peer.receives(headers(1, {}, END_STREAM));
});

test('Trailers-Only: one HEADERS with END_STREAM', async () => {
  const { peer, ask } = await connect();
  const { answer } = await ask(POST);
  await peer.sends(headers(1, { ...OK, 'grpc-status': '12' }, END_STREAM));
  assert.deepEqual([answer.head?.fields.get('grpc-status'), answer.isEnded, answer.trailers], ['12', true, undefined]);
});

test('an answer before the end of the request, and RST_STREAM with NO_ERROR behind it', async () => {
  // §8.1: "Clients MUST NOT discard responses as a result of receiving such a RST_STREAM".
  const { peer, connection } = await connect();
  const answer = new ResponseRecorder();
  const exchange = connection.open(POST, answer);
  await peer.takes();
  await peer.sends(headers(1, OK), data(1, 'no', END_STREAM), reset(1, 'NO_ERROR'));
  assert.deepEqual([answer.text, answer.isEnded, answer.failure], ['no', true, undefined]);
  assert.equal(exchange.sendData(Buffer.from('x')), false);
  exchange.sendEnd();
  await peer.receivesNothing();
  assert.equal(connection.inspect().streams.open, 0);
});

test('1xx responses, then the final one', async () => {
  const { peer, ask } = await connect();
  const { answer } = await ask();
  await peer.sends(
    headers(1, { ':status': '100' }),
    headers(1, { ':status': '103', link: '</a>' }),
    headers(1, OK, END_STREAM),
  );
  assert.deepEqual(
    answer.information.map(({ status }) => status),
    [100, 103],
  );
  assert.deepEqual([answer.head?.status, answer.isEnded], [200, true]);
});

test('1xx responses without end', async () => {
  const { peer, ask, connection } = await connect({ limits: { informationHeads: 3 } });
  const { answer } = await ask();
  await peer.sends(...Array.from({ length: 4 }, () => headers(1, { ':status': '103' })));
  await peer.receives(reset(1, 'ENHANCE_YOUR_CALM'));
  assert.equal(answer.failure?.code, 11);
  assert.equal(connection.inspect().limits.informationHeads, 1);
});

const MALFORMED: Readonly<Record<string, Script[]>> = {
  'no :status': [headers(1, { a: 'b' })],
  'status 101': [headers(1, { ':status': '101' })],
  // §8.1: an interim response with END_STREAM.
  '1xx with END_STREAM': [headers(1, { ':status': '103' }, END_STREAM)],
  'a second head': [headers(1, OK), headers(1, OK)],
  'pseudo-header fields in trailers': [headers(1, OK), headers(1, OK, END_STREAM)],
  // §8.1: a response begins with HEADERS.
  'DATA before the head': [data(1, 'x')],
  'DATA between 1xx and the head': [headers(1, { ':status': '100' }), data(1, 'x')],
  'END_STREAM before the head': [data(1, '', END_STREAM)],
  'more than content-length': [headers(1, { ...OK, 'content-length': '1' }), data(1, 'xy')],
  'less than content-length': [headers(1, { ...OK, 'content-length': '3' }), data(1, 'xy', END_STREAM)],
  'less than content-length, before trailers': [
    headers(1, { ...OK, 'content-length': '3' }),
    headers(1, { a: 'b' }, END_STREAM),
  ],
  'content-length and END_STREAM': [headers(1, { ...OK, 'content-length': '3' }, END_STREAM)],
  'a connection-specific field': [headers(1, { ...OK, connection: 'close' })],
};

for (const [name, words] of Object.entries(MALFORMED)) {
  test(`a malformed response: ${name}`, async () => {
    const { peer, ask } = await connect();
    const { answer } = await ask();
    await peer.sends(...words, ping('12345678'));
    await peer.receives(reset(1, 'PROTOCOL_ERROR'), pong());
    const { origin, code, unprocessed } = answer.failure ?? {};
    assert.deepEqual([origin, code, unprocessed, answer.isEnded], ['local', 1, false, false]);
  });
}

test('answers to HEAD, and 304, announce a length they do not have', async () => {
  // §8.1.1: "A response that is defined to have no content [...] MAY have a non-zero Content-Length header field, even though no
  // content is included in DATA frames."
  const { peer, ask } = await connect();
  const { answer: toHead } = await ask(HEAD);
  const { answer: notModified } = await ask();
  const { answer: ended } = await ask(HEAD);
  await peer.sends(
    headers(1, { ...OK, 'content-length': '1000' }, END_STREAM),
    headers(3, { ':status': '304', 'content-length': '1000' }, END_STREAM),
    headers(5, { ...OK, 'content-length': '1000' }),
    data(5, '', END_STREAM),
  );
  for (const answer of [toHead, notModified, ended]) assert.deepEqual([answer.isEnded, answer.text], [true, '']);
});

test('a header list that is too large ends its call', async () => {
  const { peer, ask } = await connect({ limits: { headerFields: 5 } });
  const { answer } = await ask();
  const many = Object.fromEntries(Array.from({ length: 6 }, (_, i) => [`x-${i}`, 'y']));
  await peer.sends(headers(1, { ...OK, ...many }, END_STREAM));
  await peer.receives(reset(1, 'ENHANCE_YOUR_CALM'));
  assert.equal(answer.failure?.origin, 'local');
});

test('a block cut in CONTINUATION frames, in small reads', async () => {
  const { peer, ask } = await connect({ chunkBytes: 4 });
  const { answer } = await ask();
  const block = encodeFields([
    [':status', '200'],
    ['x-long', 'y'.repeat(50)],
  ]);
  await peer.sends(
    headers(1, block.subarray(0, 3), { flags: END_STREAM, endHeaders: false }),
    continuation(1, block.subarray(3, 30), { endHeaders: false }),
    continuation(1, block.subarray(30)),
  );
  assert.deepEqual([answer.head?.fields.get('x-long')?.length, answer.isEnded], [50, true]);
});

test('PUSH_PROMISE ends the connection', async () => {
  // §6.6: after ENABLE_PUSH of 0 was acknowledged, "MUST treat the receipt of a PUSH_PROMISE frame as a connection error of
  // type PROTOCOL_ERROR".
  const { peer, ask } = await connect();
  const { answer } = await ask();
  await peer.sends(pushPromise(1, 2, { ':method': 'GET' }));
  await peer.receives(goAway('PROTOCOL_ERROR'));
  assert.equal(answer.failure?.origin, 'local');
});

for (const [name, word] of Object.entries({
  'HEADERS on an idle stream': headers(5, OK),
  'DATA on an idle stream': data(5, 'x'),
  'RST_STREAM on an idle stream': reset(5, 'CANCEL'),
  'WINDOW_UPDATE on an idle stream': windowUpdate(5, 1),
  'HEADERS on an even stream': headers(2, OK),
})) {
  test(`a server that sends ${name}`, async () => {
    const { peer, ask } = await connect();
    await ask();
    await peer.sends(word);
    await peer.receives(goAway('PROTOCOL_ERROR'));
  });
}

test('frames behind END_STREAM while our side is open', async () => {
  // §5.1, half-closed (remote): "it MUST respond with a stream error of type STREAM_CLOSED"; raised to the connection.
  for (const word of [data(1, 'x'), headers(1, { a: 'b' }, END_STREAM)]) {
    const { peer, connection } = await connect();
    connection.open(POST, new ResponseRecorder());
    await peer.takes();
    await peer.sends(headers(1, OK, END_STREAM));
    await peer.sends(word);
    await peer.receives(goAway('STREAM_CLOSED'));
  }
});

test('cancelled: RST_STREAM, no callback, late frames ignored but decoded and counted', async () => {
  const { peer, ask, connection } = await connect();
  const { answer, exchange } = await ask(POST, Buffer.from('x'));
  exchange.reset(8);
  await peer.receives(reset(1, 'CANCEL'));
  const before = connection.inspect().windows.receive;
  await peer.sends(headers(1, { ...OK, 'x-a': 'b' }, { form: 'indexed' }), data(1, 'late', END_STREAM));
  await peer.receivesNothing();
  assert.deepEqual([answer.head, answer.failure, answer.isEnded], [undefined, undefined, false]);
  assert.equal(before - connection.inspect().windows.receive, 4);
  const { answer: next } = await ask();
  await peer.sends(headers(3, Buffer.of(0x88, 0xbe), END_STREAM));
  assert.equal(next.head?.fields.get('x-a'), 'b');
});

test('cancelled before it left: neither HEADERS nor RST_STREAM, and the id is skipped', async () => {
  // §6.4: "RST_STREAM frames MUST NOT be sent for a stream in the 'idle' state."
  const { peer, connection } = await connect({ highWaterBytes: 1 });
  await peer.reads(0);
  connection.ping().catch(() => {});
  await peer.settles();
  connection.request(GET, undefined, new ResponseRecorder()).reset(8);
  connection.request(GET, undefined, new ResponseRecorder());
  await peer.reads(Number.POSITIVE_INFINITY);
  await peer.receives(ping(), headers(3, {}, END_STREAM));
  await peer.receivesNothing();
});

test('RST_STREAM from the server in the middle of an answer', async () => {
  const { peer, ask } = await connect();
  const { answer } = await ask();
  await peer.sends(headers(1, OK), data(1, 'ab'));
  await peer.sends(reset(1, 'INTERNAL_ERROR'));
  const { origin, code, unprocessed } = answer.failure ?? {};
  assert.deepEqual([answer.text, origin, code, unprocessed], ['ab', 'peer', 2, false]);
});

test('an answer and its RST_STREAM in one read: only the failure is told, and nothing is held', async () => {
  const { peer, ask, connection } = await connect();
  const { answer } = await ask();
  await peer.sends(headers(1, { ':status': '103' }), headers(1, OK), data(1, 'ab'), data(1, 'cd'), reset(1, 'CANCEL'));
  assert.deepEqual([answer.information.length, answer.head, answer.text, answer.failure?.code], [0, undefined, '', 8]);
  assert.equal(connection.inspect().heldBytes, 0);
});

test('a head that the server would refuse is not sent', async () => {
  const { peer, connection } = await connect();
  await peer.sends(settings({ MAX_HEADER_LIST_SIZE: 300 }));
  await peer.takes();
  const refused = new ResponseRecorder();
  connection.request(GET.with(['x-large', 'y'.repeat(300)]), undefined, refused);
  connection.request(GET, undefined, new ResponseRecorder());
  await peer.receives(headers(1, {}, END_STREAM));
  await peer.receivesNothing();
  assert.match(refused.failure?.message ?? '', /header list of \d+ bytes, the peer accepts 300/);
});

test('a receiver that throws resets its own call', async () => {
  const { peer, connection, events } = await connect();
  const answer = new ResponseRecorder();
  answer.onHead = () => {
    throw new Error('oops');
  };
  connection.request(GET, undefined, answer);
  const other = new ResponseRecorder();
  connection.request(GET, undefined, other);
  await peer.takes();
  await peer.sends(headers(1, OK), headers(3, OK, END_STREAM));
  await peer.receives(reset(1, 'INTERNAL_ERROR'));
  assert.equal(other.isEnded, true);
  assert.deepEqual(
    events.map(({ kind }) => kind),
    ['handler-threw'],
  );
});

test('answers without literals are remembered, and stay right', async () => {
  const { peer, connection } = await connect();
  const answers = Array.from({ length: 3 }, () => new ResponseRecorder());
  for (const answer of answers) connection.request(GET, undefined, answer);
  await peer.takes();
  const first = encodeFields(
    [
      [':status', '218'],
      ['x-a', 'one'],
    ],
    'indexed',
  );
  await peer.sends(headers(1, first), headers(1, encodeFields([['grpc-status', '0']], 'indexed'), END_STREAM));
  await peer.sends(headers(3, Buffer.of(0xc0, 0xbf)), headers(3, Buffer.of(0xbe), END_STREAM));
  await peer.sends(headers(5, Buffer.of(0xc0, 0xbf)), headers(5, Buffer.of(0xbe), END_STREAM));
  assert.equal(answers[1].head, answers[2].head, 'one record for both');
  for (const answer of answers) {
    assert.deepEqual([answer.head?.status, answer.head?.fields.get('x-a')], [218, 'one']);
    assert.equal(answer.trailers?.get('grpc-status'), '0');
  }
});

test('the caller may ask again from inside its receiver', async () => {
  const { peer, connection } = await connect();
  const second = new ResponseRecorder();
  const first = new ResponseRecorder();
  first.onEnd = () => {
    connection.request(GET, undefined, second);
  };
  connection.request(GET, undefined, first);
  await peer.takes();
  await peer.sends(headers(1, OK, END_STREAM));
  await peer.receives(headers(3, {}, END_STREAM));
  await peer.sends(headers(3, OK, END_STREAM));
  assert.equal(second.isEnded, true);
});

test('the last stream id is used once, and then no more', async () => {
  // RFC 9113 §5.1.1: "Stream identifiers cannot be reused", and 2^31-1 is the largest.
  const { peer, connection, ask } = await connect({ initialStreamId: 0x7fffffff });
  const { answer } = await ask();
  await peer.sends(headers(0x7fffffff, OK, END_STREAM));
  assert.equal(answer.isEnded, true);
  assert.equal(connection.availableStreams, 0);
  const late = new ResponseRecorder();
  connection.request(GET, undefined, late);
  await peer.receivesNothing();
  assert.deepEqual([late.failure?.unprocessed, late.failure?.code], [true, 7]);
  assert.match(late.failure?.message ?? '', /used up: open another/);
});
