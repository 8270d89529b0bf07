// SPDX-License-Identifier: Apache-2.0
// SETTINGS_MAX_CONCURRENT_STREAMS (RFC 9113 §5.1.2), both ways, and the slots that handlers hold (CVE-2023-44487).

import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type ExchangeFailure,
  type ExchangeHandler,
  prepareHeaders,
  type ServerExchange,
} from '../../exchange/index.ts';
import {
  BodyRecorder,
  connectPeer,
  data,
  END_STREAM,
  goAway,
  headers,
  ping,
  pong,
  ResponseRecorder,
  request,
  reset,
  servePeer,
  settings,
} from '../../testing/index.ts';
import type { H2Limits } from '../index.ts';

const OK = prepareHeaders([[':status', '200']]);
const POST = request('POST', '/');
const GET = prepareHeaders([
  [':method', 'GET'],
  [':scheme', 'http'],
  [':authority', 'localhost'],
  [':path', '/'],
]);

async function serveCalls(options: Parameters<typeof servePeer>[1] = {}) {
  const calls: { readonly exchange: ServerExchange; readonly body: BodyRecorder }[] = [];
  const handler: ExchangeHandler = (exchange) => {
    const body = new BodyRecorder();
    calls.push({ exchange, body });
    return body;
  };
  const served = servePeer(handler, options);
  await served.peer.handshake();
  const slots = () => served.connection.inspect().streams.slots;
  return { ...served, calls, slots };
}

// ── server ──

test('a stream too many is refused, and safe to try again', async () => {
  // "An endpoint that receives a HEADERS frame that causes its advertised concurrent stream limit to be exceeded MUST treat
  // this as a stream error of type PROTOCOL_ERROR or REFUSED_STREAM."
  const { peer, calls, connection } = await serveCalls({ limits: { concurrentStreams: 2 } });
  await peer.sends(headers(1, POST), headers(3, POST), headers(5, POST), data(5, 'late', END_STREAM));
  await peer.receives(reset(5, 'REFUSED_STREAM'));
  assert.equal(calls.length, 2);
  assert.equal(connection.inspect().limits.concurrentStreams, 1);
  await peer.sends(data(1, '', END_STREAM));
  calls[0].exchange.reply(OK);
  await peer.receives(headers(1, {}, END_STREAM));
  await peer.sends(headers(7, POST));
  assert.equal(calls.length, 3);
});

test('the limit holds before our SETTINGS are acknowledged', async () => {
  const { peer } = servePeer(() => new BodyRecorder(), {
    limits: { concurrentStreams: 0 },
    ignore: ['WINDOW_UPDATE', 'SETTINGS'],
  });
  await peer.sends({
    line: 'PREFACE',
    encode: () => Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'),
    matches: () => false,
  });
  await peer.sends(settings(), headers(1, POST));
  await peer.receives(reset(1, 'REFUSED_STREAM'));
});

test('refused field blocks are decoded all the same', async () => {
  const { peer, calls } = await serveCalls({ limits: { concurrentStreams: 1 } });
  await peer.sends(headers(1, POST, END_STREAM), headers(3, { ...POST, 'x-a': 'b' }, { form: 'indexed' }));
  await peer.receives(reset(3, 'REFUSED_STREAM'));
  calls[0].exchange.reply(OK);
  await peer.sends(headers(5, Buffer.of(0x82, 0x86, 0x84, 0xbf, 0xbe), END_STREAM));
  assert.equal(calls[1].exchange.head.fields.get('x-a'), 'b');
});

/** A server whose handlers go on working after a failure, until they are told to finish. */
async function serveWorkers(limits: Partial<H2Limits>) {
  const finish: (() => void)[] = [];
  const bodies: BodyRecorder[] = [];
  const served = servePeer(
    (exchange) => {
      const body = new BodyRecorder();
      bodies.push(body);
      const onEnd = body.onEnd.bind(body);
      body.onEnd = (trailers) => {
        onEnd(trailers);
        exchange.reply(OK);
      };
      return Object.assign(body, { onFailure: () => new Promise<void>((resolve) => finish.push(resolve)) });
    },
    { limits },
  );
  const { peer, connection } = served;
  await peer.handshake();
  await peer.sends(headers(1, POST), headers(3, POST));
  await peer.sends(reset(1, 'CANCEL'), reset(3, 'CANCEL'));
  return { peer, connection, finish, bodies };
}

test('a handler that still works keeps its slot after the peer has reset the stream; the next stream waits for it', async () => {
  const { peer, connection, finish, bodies } = await serveWorkers({ concurrentStreams: 2 });
  assert.deepEqual([connection.inspect().streams.open, connection.inspect().streams.slots], [0, 2]);
  await peer.sends(headers(5, POST, END_STREAM), headers(7, POST, END_STREAM));
  await peer.receivesNothing();
  assert.deepEqual([bodies.length, connection.inspect().streams.open], [2, 2]);
  finish[0]();
  await peer.receives(headers(5, { ':status': '200' }, END_STREAM), headers(7, { ':status': '200' }, END_STREAM));
  assert.equal(connection.inspect().streams.slots, 1);
  finish[1]();
  await peer.settles();
  assert.equal(connection.inspect().streams.slots, 0);
});

test('beyond what may be open a stream is refused, held back or not', async () => {
  const { peer, finish } = await serveWorkers({ concurrentStreams: 2 });
  await peer.sends(headers(5, POST), headers(7, POST), headers(9, POST));
  await peer.receives(reset(9, 'REFUSED_STREAM'));
  for (const each of finish) each();
});

test('the body of a stream that waits for its handler is kept as it came', async () => {
  const { peer, finish, bodies } = await serveWorkers({ concurrentStreams: 2 });
  await peer.sends(headers(5, POST), data(5, 'first '));
  await peer.sends(data(5, 'second '), data(5, 'third', END_STREAM));
  finish[0]();
  await peer.receives(headers(5, { ':status': '200' }, END_STREAM));
  assert.equal(bodies[2].text, 'first second third');
});

test('a stream that was held back and reset is never dispatched, and holds nothing', async () => {
  const { peer, connection, finish, bodies } = await serveWorkers({ concurrentStreams: 2 });
  await peer.sends(headers(5, POST), data(5, 'x'));
  await peer.sends(reset(5, 'CANCEL'), headers(7, POST, END_STREAM));
  finish[0]();
  await peer.receives(headers(7, {}, END_STREAM));
  assert.deepEqual([bodies.length, connection.inspect().heldBytes, connection.inspect().streams.slots], [3, 0, 1]);
});

test('resets that leave handlers at work, again and again, end the connection', async () => {
  const { peer } = await serveWorkers({ concurrentStreams: 2, refusedStreams: 3 });
  for (let id = 5; id < 11; id += 2) await peer.sends(headers(id, POST), reset(id, 'CANCEL'));
  await peer.receivesNothing();
  await peer.sends(headers(11, POST));
  await peer.receives(goAway('ENHANCE_YOUR_CALM', 'too_many_refused_streams'));
});

test('a handler that has nothing left to do frees its slot when it is told of the failure, once', async () => {
  const { peer, calls, slots } = await serveCalls({ limits: { concurrentStreams: 2 } });
  await peer.sends(headers(1, POST), headers(3, POST));
  await peer.sends(reset(1, 'CANCEL'));
  assert.equal(slots(), 1);
  calls[0].exchange.reply(OK);
  calls[0].exchange.sendEnd();
  calls[0].exchange.reset(8);
  assert.equal(slots(), 1);
});

test('a request and its reset in one read leave the slot to the next one', async () => {
  const { peer, calls } = await serveCalls({ limits: { concurrentStreams: 1 } });
  await peer.sends(headers(1, POST), reset(1, 'CANCEL'), headers(3, POST), reset(3, 'CANCEL'), headers(5, POST));
  await peer.receivesNothing();
  assert.equal(calls.length, 1);
});

test('a slot is free when the answer has been sent, not when it has been given', async () => {
  const { peer, calls, slots } = await serveCalls({ limits: { concurrentStreams: 2 } });
  await peer.sends(headers(1, POST, END_STREAM));
  calls[0].exchange.reply(OK, Buffer.alloc(70_000));
  await peer.settles();
  assert.equal(slots(), 1, 'it waits for the window');
  await peer.sends(reset(1, 'CANCEL'));
  assert.equal(slots(), 0, 'the handler has ended, the stream too');
});

test('every way to end frees the slot', async () => {
  const { peer, calls, slots } = await serveCalls();
  const ends: readonly ((exchange: ServerExchange) => void)[] = [
    (exchange) => exchange.reply(OK),
    (exchange) => exchange.reset(8),
    (exchange) => {
      exchange.sendHead(OK);
      exchange.sendEnd();
    },
    (exchange) => {
      exchange.sendHead(OK);
      exchange.sendData(Buffer.from('x'));
      exchange.reset(2);
    },
  ];
  for (const [i, end] of ends.entries()) {
    await peer.sends(headers(i * 4 + 1, POST, END_STREAM), headers(i * 4 + 3, POST));
    assert.equal(slots(), 2);
    end(calls[i * 2].exchange);
    end(calls[i * 2 + 1].exchange);
    await peer.settles();
    assert.equal(slots(), 0, `way ${i}`);
  }
});

test('far too many streams too many end the connection', async () => {
  const { peer } = await serveCalls({ limits: { concurrentStreams: 1, refusedStreams: 3 } });
  const many = Array.from({ length: 5 }, (_, i) => headers(i * 2 + 1, POST));
  await peer.sends(...many);
  const frames = await peer.takes();
  assert.equal(frames.length, 5);
  assert.ok(goAway('ENHANCE_YOUR_CALM', 'too_many_refused_streams').matches(frames[4]), peer.transcript);
});

test('rapid resets end the connection', async () => {
  const { peer, calls, connection } = await serveCalls({ limits: { resetsReceived: 10, resetsReceivedPerSecond: 1 } });
  for (let id = 1; id < 21; id += 2) await peer.sends(headers(id, POST), reset(id, 'CANCEL'));
  await peer.receivesNothing();
  await peer.sends(headers(21, POST), reset(21, 'CANCEL'));
  await peer.receives(goAway('ENHANCE_YOUR_CALM', 'too_many_resets'));
  assert.deepEqual([calls.length, connection.inspect().limits.resetsReceived], [0, 1]);
});

test('errors that make us reset end the connection when there are too many (CVE-2025-8671)', async () => {
  const { peer } = await serveCalls({ limits: { resetsSent: 3, resetsSentPerSecond: 1 } });
  for (const id of [1, 3, 5]) {
    await peer.sends(headers(id, [[':method', 'GET']]));
    await peer.receives(reset(id, 'PROTOCOL_ERROR'));
  }
  await peer.sends(headers(7, [[':method', 'GET']]));
  await peer.receives(reset(7, 'PROTOCOL_ERROR'), goAway('ENHANCE_YOUR_CALM', 'too_many_stream_errors'));
});

// ── client ──

test('the client does not exceed what the server allows; what it refuses was not processed', async () => {
  const { peer, connection } = connectPeer();
  await peer.handshake({ MAX_CONCURRENT_STREAMS: 1 });
  const [first, second] = [new ResponseRecorder(), new ResponseRecorder()];
  connection.request(GET, undefined, first);
  assert.equal(connection.availableStreams, 0);
  connection.request(GET, undefined, second);
  assert.equal(second.failure, undefined, 'not from inside the call');
  await peer.receives(headers(1, {}, END_STREAM));
  await peer.receivesNothing();
  const { failure } = second as { failure?: ExchangeFailure };
  assert.deepEqual([failure?.origin, failure?.code, failure?.unprocessed], ['local', 7, true]);
  await peer.sends(headers(1, { ':status': '204' }, END_STREAM));
  assert.equal(connection.availableStreams, 1);
  connection.request(GET, undefined, new ResponseRecorder());
  await peer.receives(headers(3, {}, END_STREAM));
});

test('a lower limit counts the streams that are open', async () => {
  const { peer, connection } = connectPeer();
  await peer.handshake({ MAX_CONCURRENT_STREAMS: 10 });
  const answers = [new ResponseRecorder(), new ResponseRecorder(), new ResponseRecorder()];
  for (const answer of answers.slice(0, 2)) connection.request(GET, undefined, answer);
  await peer.settles();
  await peer.takes();
  await peer.sends(settings({ MAX_CONCURRENT_STREAMS: 1 }));
  assert.equal(connection.availableStreams, 0);
  await peer.sends(headers(1, { ':status': '204' }, END_STREAM));
  assert.equal(connection.availableStreams, 0);
  assert.deepEqual([answers[0].isEnded, answers[1].failure], [true, undefined]);
  await peer.sends(headers(3, { ':status': '204' }, END_STREAM));
  assert.equal(connection.availableStreams, 1);
});

test('a limit lowered while HEADERS wait for the socket holds for them', async () => {
  const { peer, connection } = connectPeer({ highWaterBytes: 1 });
  await peer.handshake({ MAX_CONCURRENT_STREAMS: 10 });
  await peer.reads(0);
  connection.ping().catch(() => {});
  await peer.settles();
  const answers = [new ResponseRecorder(), new ResponseRecorder()];
  for (const answer of answers) connection.request(GET, undefined, answer);
  await peer.sends(settings({ MAX_CONCURRENT_STREAMS: 1 }));
  assert.deepEqual(
    answers.map(({ failure }) => failure?.unprocessed),
    [undefined, true],
  );
  await peer.reads(Number.POSITIVE_INFINITY);
  const sent = await peer.takes();
  assert.equal(sent.filter((each) => each.kind === 'headers').length, 1);
});

test('a refused stream is safe to send again, a cancelled one is not', async () => {
  const { peer, connection } = connectPeer();
  await peer.handshake();
  const [refused, cancelled] = [new ResponseRecorder(), new ResponseRecorder()];
  connection.request(GET, undefined, refused);
  connection.request(GET, undefined, cancelled);
  await peer.settles();
  await peer.takes();
  await peer.sends(reset(1, 'REFUSED_STREAM'), reset(3, 'CANCEL'), ping('12345678'));
  await peer.receives(pong());
  assert.deepEqual([refused.failure?.unprocessed, refused.failure?.origin], [true, 'peer']);
  assert.deepEqual([cancelled.failure?.unprocessed, cancelled.failure?.origin], [false, 'peer']);
  assert.equal(connection.inspect().streams.slots, 0);
});
