// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type BodyReceiver,
  createMemoryPair,
  type ExchangeFailure,
  type HeaderFields,
  outgoingHeaders,
  prepareHeaders,
  type ResponseHead,
  type ResponseReceiver,
  type ServerExchange,
} from './index.ts';

const REQUEST = prepareHeaders([
  [':method', 'POST'],
  [':scheme', 'http'],
  [':authority', 'shop'],
  [':path', '/a?b'],
]);
const OK = prepareHeaders([[':status', '200']]);
const bytes = (text: string) => new TextEncoder().encode(text);

/** Writes down what it is told. */
class Notes implements ResponseReceiver {
  readonly events: string[] = [];
  readonly kept: Uint8Array[] = [];
  onInformation(head: ResponseHead): void {
    this.events.push(`1xx ${head.status} ${head.fields.flat.join(' ')}`.trimEnd());
  }
  onHead(head: ResponseHead): void {
    this.events.push(`head ${head.status} ${head.fields.flat.join(' ')}`.trimEnd());
  }
  onData(piece: Uint8Array): void {
    this.kept.push(piece);
    this.events.push(`data ${new TextDecoder().decode(piece)}`);
  }
  onEnd(trailers: HeaderFields | undefined): void {
    this.events.push(trailers === undefined ? 'end' : `end ${trailers.flat.join(' ')}`);
  }
  onFailure(failure: ExchangeFailure): void {
    this.events.push(`failure ${failure.origin} ${failure.code}${failure.unprocessed ? ' unprocessed' : ''}`);
  }
  onWritable(): void {
    this.events.push('writable');
  }
}

/** Lets all microtasks run. */
const quiet = () => new Promise((resolve) => setImmediate(resolve));

/** A pair whose handler keeps its exchange for the test to use. */
function createParts(options: Parameters<typeof createMemoryPair>[1] = {}) {
  const servers: ServerExchange[] = [];
  const serverNotes = new Notes();
  const pair = createMemoryPair((exchange): BodyReceiver => {
    servers.push(exchange);
    return serverNotes;
  }, options);
  return { pair, servers, serverNotes, notes: new Notes() };
}

test('a whole request and a whole reply, never inside the call that sent them', async () => {
  const { pair, servers, serverNotes, notes } = createParts();
  pair.request(REQUEST.with(['x-a', '1'], new Set(['x-a'])), bytes('ping'), notes);
  assert.equal(servers.length, 0);
  await quiet();
  const { head } = servers[0];
  assert.deepEqual([head.method, head.scheme, head.authority, head.path], ['POST', 'http', 'shop', '/a?b']);
  assert.deepEqual([...head.fields], [['x-a', '1']]);
  assert.equal(head.fields.neverIndexed?.has('x-a'), true);
  assert.deepEqual(serverNotes.events, ['data ping', 'end']);
  servers[0].reply(OK.with(['x-b', '2']), bytes('pong'), outgoingHeaders([['grpc-status', '0']]));
  assert.deepEqual(notes.events, []);
  await quiet();
  assert.deepEqual(notes.events, ['head 200 x-b 2', 'data pong', 'end grpc-status 0']);
  assert.equal(pair.openCount, 0);
});

test('an answer given inside onData, and one inside the handler, are delivered after it', async () => {
  const order: string[] = [];
  const pair = createMemoryPair((exchange) => {
    exchange.sendHead(OK);
    const receiver = new Notes();
    receiver.onData = (piece) => {
      order.push('onData begins');
      exchange.sendData(piece.slice());
      order.push('onData ends');
    };
    receiver.onEnd = () => exchange.sendEnd();
    return receiver;
  });
  const notes = new Notes();
  notes.onData = () => order.push('client has data');
  pair.request(REQUEST, bytes('x'), notes);
  await quiet();
  assert.deepEqual(order, ['onData begins', 'onData ends', 'client has data']);
  assert.deepEqual(notes.events, ['head 200', 'end']);
});

test('pieces are valid only during onData', async () => {
  const { pair, serverNotes, notes } = createParts();
  pair.open(REQUEST, notes).sendData(bytes('ab'));
  await quiet();
  assert.deepEqual(serverNotes.events, ['data ab']);
  assert.deepEqual([...serverNotes.kept[0]], [0xdb, 0xdb]);
  pair.close();
});

test('1xx responses come before the head; then none, and no second head', async () => {
  const { pair, servers, notes } = createParts();
  pair.request(REQUEST, undefined, notes);
  await quiet();
  const [server] = servers;
  server.sendInformation(
    outgoingHeaders([
      [':status', '103'],
      ['link', '</a>'],
    ]),
  );
  assert.throws(() => server.sendData(bytes('x')), /sendData before sendHead/);
  server.sendHead(OK);
  assert.throws(() => server.sendInformation(outgoingHeaders([[':status', '100']])), /before the final one/);
  assert.throws(() => server.reply(OK), /called twice/);
  server.sendEnd();
  await quiet();
  assert.deepEqual(notes.events, ['1xx 103 link </a>', 'head 200', 'end']);
});

test('the window holds the writer back; release and grant give credit; onWritable follows', async () => {
  const { pair, servers, serverNotes, notes } = createParts({ windowBytes: 4 });
  const client = pair.open(REQUEST, notes);
  assert.equal(client.sendData(bytes('abcd')), true);
  assert.equal(client.sendData(bytes('efghij')), false);
  await quiet();
  assert.deepEqual(serverNotes.events, ['data abcd']);
  servers[0].grant(3);
  await quiet();
  assert.deepEqual(serverNotes.events, ['data abcd', 'data efg']);
  // Credit for three bytes was given already: releasing three adds nothing, releasing a fourth adds one.
  servers[0].release(3);
  await quiet();
  assert.equal(serverNotes.events.length, 2);
  servers[0].release(1);
  await quiet();
  assert.deepEqual(serverNotes.events.slice(2), ['data h']);
  assert.deepEqual(notes.events, []);
  servers[0].release(4);
  await quiet();
  assert.deepEqual(serverNotes.events.slice(3), ['data ij']);
  assert.deepEqual(notes.events, ['writable']);
  client.reset(8);
  await quiet();
});

test('release of more than was received gives no credit for it', async () => {
  const { pair, servers, serverNotes, notes } = createParts({ windowBytes: 2 });
  const client = pair.open(REQUEST, notes);
  client.sendData(bytes('ab'));
  await quiet();
  servers[0].release(1_000);
  servers[0].grant(1_000);
  client.sendData(bytes('cdef'));
  await quiet();
  assert.deepEqual(serverNotes.events, ['data ab', 'data cd']);
  pair.close();
});

test('pieceBytes 1 shows every boundary', async () => {
  const { pair, serverNotes, notes } = createParts({ pieceBytes: 1 });
  pair.request(REQUEST, bytes('abc'), notes);
  await quiet();
  assert.deepEqual(serverNotes.events, ['data a', 'data b', 'data c', 'end']);
  pair.close();
});

test('a reset by the client fails the server only, and every later call is ignored', async () => {
  const { pair, servers, serverNotes, notes } = createParts();
  const client = pair.open(REQUEST, notes);
  await quiet();
  client.reset(8);
  client.reset(2);
  assert.equal(client.sendData(bytes('late')), false);
  await quiet();
  servers[0].reply(OK);
  servers[0].sendEnd();
  await quiet();
  assert.deepEqual(serverNotes.events, ['failure peer 8']);
  assert.deepEqual(notes.events, []);
  assert.equal(pair.openCount, 0);
});

test('a reset before the handler was called: it never is', async () => {
  const { pair, servers, notes } = createParts();
  pair.open(REQUEST, notes).reset(8);
  await quiet();
  assert.equal(servers.length, 0);
  assert.equal(pair.openCount, 0);
});

test('a reset by the server fails the client; REFUSED_STREAM says unprocessed', async () => {
  const { pair, servers, notes } = createParts();
  pair.request(REQUEST, undefined, notes);
  await quiet();
  servers[0].reset(7);
  await quiet();
  assert.deepEqual(notes.events, ['failure peer 7 unprocessed']);
  assert.equal(pair.openCount, 0);
});

test('a handler or a receiver that throws becomes INTERNAL_ERROR at the client, not an uncaught exception', async () => {
  const pair = createMemoryPair(() => {
    throw new Error('bug');
  });
  const notes = new Notes();
  let message = '';
  notes.onFailure = (failure) => {
    message = `${failure.code} ${failure.message}`;
  };
  pair.request(REQUEST, undefined, notes);
  await quiet();
  assert.match(message, /^2 .*Error: bug$/);
  assert.equal(pair.openCount, 0);
});

test('close loses every exchange on both sides; safe to retry only where no handler was called', async () => {
  const { pair, servers, serverNotes, notes } = createParts();
  pair.open(REQUEST, notes);
  await quiet();
  const late = new Notes();
  pair.open(REQUEST, late);
  pair.close();
  const tooLate = new Notes();
  pair.request(REQUEST, undefined, tooLate);
  await quiet();
  assert.equal(servers.length, 1);
  assert.deepEqual(serverNotes.events, ['failure transport 8']);
  assert.deepEqual(notes.events, ['failure transport 8']);
  assert.deepEqual(late.events, ['failure transport 8 unprocessed']);
  assert.deepEqual(tooLate.events, ['failure transport 8 unprocessed']);
  assert.equal(pair.openCount, 0);
});

test('heads without what they need are refused where they are made', () => {
  const { pair, notes } = createParts();
  assert.throws(() => pair.request(outgoingHeaders([['a', 'b']]), undefined, notes), /needs :method/);
});

test('trailers with a pseudo-header field are refused', async () => {
  const { pair, servers, notes } = createParts();
  pair.request(REQUEST, undefined, notes);
  await quiet();
  servers[0].sendHead(OK);
  assert.throws(() => servers[0].sendEnd(outgoingHeaders([[':status', '200']])), /trailers with :status/);
  pair.close();
  await quiet();
});

test('a request that has ended can still fail while it is answered', async () => {
  const { pair, servers, serverNotes, notes } = createParts();
  const exchange = pair.request(REQUEST, undefined, notes);
  await quiet();
  servers[0].sendHead(OK);
  await quiet();
  exchange.reset(8);
  await quiet();
  assert.deepEqual(serverNotes.events, ['end', 'failure peer 8']);
  assert.equal(pair.openCount, 0);
});
