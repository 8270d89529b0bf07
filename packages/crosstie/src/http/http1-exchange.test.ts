// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type BodyReceiver, outgoingHeaders, prepareHeaders, type ServerExchange } from '../exchange/index.ts';
import { ReceiveBudget } from '../h2/index.ts';
import { FakeClock } from '../testing/index.ts';
import { Http1Body } from './http1-body.ts';
import { openHttp1Exchange } from './http1-exchange.ts';
import type { Http1Call, Http1CallReceiver } from './http1-port.ts';

/** Stands for the platform and writes down what it is told. */
class FakeCall implements Http1Call {
  readonly peer = { address: '192.0.2.1', port: 5 };
  readonly isSecure = false;
  readonly method: string;
  readonly target = '/';
  readonly rawFields: readonly string[];
  readonly log: string[] = [];

  constructor(method: string, fields: readonly string[]) {
    this.method = method;
    this.rawFields = ['host', 'a', ...fields];
  }
  pauseBody(): void {
    this.log.push('pause');
  }
  resumeBody(): void {
    this.log.push('resume');
  }
  sendInformation(status: number): void {
    this.log.push(`information ${status}`);
  }
  sendHead(status: number, fields: readonly string[]): void {
    this.log.push(`head ${status} ${fields.join(' ')}`);
  }
  sendData(bytes: Uint8Array): boolean {
    this.log.push(`data ${bytes.length}`);
    return true;
  }
  sendEnd(body: Uint8Array | undefined, trailers: readonly string[]): void {
    this.log.push(`end ${body?.length ?? '-'} ${trailers.join(' ')}`.trimEnd());
  }
  destroy(): void {
    this.log.push('destroy');
  }
}

class Reader implements BodyReceiver {
  readonly log: string[] = [];
  onData(bytes: Uint8Array): void {
    this.log.push(`data ${bytes.length}`);
  }
  onEnd(): void {
    this.log.push('end');
  }
  onFailure(failure: { origin: string; code: number; message: string }): void {
    this.log.push(`failure ${failure.origin} ${failure.code} ${failure.message}`);
  }
  onWritable(): void {
    this.log.push('writable');
  }
}

interface Opened {
  readonly call: FakeCall;
  readonly reader: Reader;
  readonly exchange: ServerExchange;
  readonly receiver: Http1CallReceiver;
  readonly budget: ReceiveBudget;
  readonly clock: FakeClock;
  readonly thrown: unknown[];
}

interface Setup {
  readonly method?: string;
  readonly fields?: readonly string[];
  readonly limitBytes?: number;
  readonly handler?: (exchange: ServerExchange) => BodyReceiver;
}

const WINDOW_BYTES = 100;
const STALL_MS = 1_000;

function open(setup: Setup = {}): Opened {
  const call = new FakeCall(setup.method ?? 'POST', setup.fields ?? []);
  const reader = new Reader();
  const thrown: unknown[] = [];
  const exchanges: ServerExchange[] = [];
  const clock = new FakeClock();
  const budget = new ReceiveBudget({ clock, limitBytes: setup.limitBytes ?? 1e6, stallMs: STALL_MS });
  const receiver = openHttp1Exchange(call, {
    handler: (exchange) => {
      exchanges.push(exchange);
      return setup.handler === undefined ? reader : setup.handler(exchange);
    },
    budget,
    limits: { headerFields: 4, streamWindowBytes: WINDOW_BYTES },
    onHandlerThrew: (error) => thrown.push(error),
  });
  assert.ok(receiver !== undefined);
  return { call, reader, receiver, exchange: exchanges[0], budget, clock, thrown };
}

const bytes = (length: number) => new Uint8Array(length);
const HEAD = prepareHeaders([
  [':status', '200'],
  ['content-type', 'text/plain'],
]);
const TRAILERS = prepareHeaders([['grpc-status', '0']]);

test('a reply has the length of its body, whatever the handler said', () => {
  const { call, exchange } = open();
  exchange.reply(HEAD.with(['content-length', '99', 'connection', 'close', 'transfer-encoding', 'chunked']), bytes(5));
  assert.deepEqual(call.log, ['head 200 content-type text/plain content-length 5', 'end 5']);
});

test('trailers go to clients that read them, chunked; others get the length', () => {
  const without = open();
  without.exchange.reply(HEAD, bytes(5), TRAILERS);
  assert.deepEqual(without.call.log, ['head 200 content-type text/plain content-length 5', 'end 5']);

  const reading = open({ fields: ['TE', 'trailers'] });
  reading.exchange.reply(HEAD, bytes(5), TRAILERS);
  assert.deepEqual(reading.call.log, ['head 200 content-type text/plain', 'end 5 grpc-status 0']);
});

test('HEAD, 204 and 304 are answered without a body', () => {
  const head = open({ method: 'HEAD' });
  head.exchange.reply(HEAD, bytes(5));
  assert.deepEqual(head.call.log, ['head 200 content-type text/plain content-length 5', 'end -']);

  const named = open({ method: 'HEAD' });
  named.exchange.reply(HEAD.with(['content-length', '42']));
  assert.deepEqual(named.call.log, ['head 200 content-type text/plain content-length 42', 'end -']);

  const noContent = open();
  noContent.exchange.reply(outgoingHeaders([[':status', '204']]), bytes(5));
  assert.deepEqual(noContent.call.log, ['head 204 ', 'end -']);

  const notModified = open();
  notModified.exchange.sendHead(outgoingHeaders([[':status', '304']]));
  assert.equal(notModified.exchange.sendData(bytes(5)), true);
  notModified.exchange.sendEnd();
  assert.deepEqual(notModified.call.log, ['head 304 ', 'end -']);
});

test('a stream announced with a length has exactly that', () => {
  const { call, exchange } = open();
  exchange.sendHead(HEAD.with(['content-length', '5']));
  exchange.sendData(bytes(5));
  exchange.sendEnd(TRAILERS);
  assert.deepEqual(call.log, ['head 200 content-type text/plain content-length 5', 'data 5', 'end -']);

  const tooLong = open();
  tooLong.exchange.sendHead(HEAD.with(['content-length', '5']));
  assert.equal(tooLong.exchange.sendData(bytes(6)), false);
  assert.equal(tooLong.call.log.at(-1), 'destroy');

  const tooShort = open();
  tooShort.exchange.sendHead(HEAD.with(['content-length', '5']));
  tooShort.exchange.sendData(bytes(4));
  tooShort.exchange.sendEnd();
  assert.equal(tooShort.call.log.at(-1), 'destroy');
});

test('body and end reach the receiver; after the answer it hears nothing more', () => {
  const { reader, receiver, exchange } = open();
  receiver.onData(bytes(3));
  receiver.onEnd([]);
  assert.deepEqual(reader.log, ['data 3', 'end']);
  exchange.reply(HEAD);
  receiver.onWritable();
  receiver.onClose();
  assert.deepEqual(reader.log, ['data 3', 'end']);
});

test('an early answer lets the rest of the body flow by, unheard', () => {
  const { call, reader, receiver, exchange, budget } = open();
  receiver.onData(bytes(WINDOW_BYTES));
  assert.deepEqual(call.log, ['pause']);
  exchange.reply(HEAD);
  assert.deepEqual(call.log.at(-1), 'resume');
  assert.equal(budget.heldBytes, 0);
  receiver.onData(bytes(50));
  receiver.onEnd([]);
  assert.deepEqual(reader.log, [`data ${WINDOW_BYTES}`]);
});

test('the client that closes is a failure, once, also after the end of its request', () => {
  const { reader, receiver, exchange, budget } = open();
  receiver.onData(bytes(3));
  receiver.onEnd([]);
  exchange.sendHead(HEAD);
  receiver.onClose();
  receiver.onClose();
  assert.deepEqual(reader.log, ['data 3', 'end', 'failure peer 8 the client closed the connection']);
  assert.equal(budget.heldBytes, 0);
  assert.equal(exchange.sendData(bytes(1)), false);
  exchange.sendEnd();
  exchange.reply(HEAD);
});

test('a window of bytes pauses the body; release and grant resume it', () => {
  const released = open();
  released.receiver.onData(bytes(WINDOW_BYTES));
  assert.deepEqual(released.call.log, ['pause']);
  released.exchange.release(1);
  assert.deepEqual(released.call.log, ['pause', 'resume']);

  const granted = open();
  granted.receiver.onData(bytes(WINDOW_BYTES));
  granted.exchange.grant(WINDOW_BYTES);
  assert.deepEqual(granted.call.log, ['pause', 'resume']);
  granted.receiver.onData(bytes(WINDOW_BYTES));
  // Its credit has been given already: no second time.
  granted.exchange.release(WINDOW_BYTES);
  assert.deepEqual(granted.call.log, ['pause', 'resume', 'pause']);
  granted.exchange.release(WINDOW_BYTES);
  assert.deepEqual(granted.call.log, ['pause', 'resume', 'pause', 'resume']);
});

test('grants beyond what is held and releases beyond what came give nothing', () => {
  const { call, receiver, exchange, budget } = open();
  exchange.grant(1_000);
  exchange.release(1_000);
  receiver.onData(bytes(WINDOW_BYTES));
  assert.deepEqual(call.log, ['pause']);
  assert.equal(budget.heldBytes, WINDOW_BYTES);
});

test('held bytes are charged to the process; beyond its limit the largest holder goes', () => {
  const { call, reader, receiver, exchange, budget, clock } = open({ limitBytes: 50 });
  receiver.onData(bytes(40));
  assert.equal(budget.heldBytes, 40);
  exchange.release(10);
  assert.equal(budget.heldBytes, 30);
  receiver.onData(bytes(30));
  assert.equal(call.log.at(-1), 'destroy');
  assert.deepEqual(reader.log, ['data 40', 'failure local 11 receive_memory_exhausted']);
  assert.equal(budget.heldBytes, 0);
  clock.advance(STALL_MS);
});

test('with memory short a body waits, the first in line reads on', async () => {
  const { call, receiver, exchange, budget, clock } = open({ limitBytes: 50 });
  budget.charge(30);
  const other = { flow: {}, bodyBytes: 0, receiveWindow: 0, retryCredit() {}, evict() {} };
  budget.wait(other);
  receiver.onData(bytes(15));
  assert.deepEqual(call.log, ['pause']);
  budget.forget(other);
  budget.release(30);
  // Waiters are served once per turn, whoever freed the memory.
  await Promise.resolve();
  assert.deepEqual(call.log, ['pause', 'resume']);
  exchange.reset(8);
  clock.advance(STALL_MS);
});

test('reset ends the connection, quietly for the one who called it', () => {
  const { call, reader, receiver, exchange } = open();
  exchange.reset(8);
  receiver.onClose();
  assert.deepEqual(call.log, ['destroy']);
  assert.deepEqual(reader.log, []);
});

test('too many trailers end the exchange', () => {
  const { call, reader, receiver } = open();
  receiver.onEnd(Array.from({ length: 10 }, () => 'x'));
  assert.deepEqual(call.log, ['destroy']);
  assert.deepEqual(reader.log, ['failure local 11 too_many_header_fields']);
});

test('a handler that throws ends its exchange and nobody else', () => {
  const error = new Error('bug');
  const atOnce = open({
    handler: () => {
      throw error;
    },
  });
  assert.deepEqual(atOnce.call.log, ['destroy']);
  assert.deepEqual(atOnce.thrown, [error]);
  atOnce.receiver.onData(bytes(1));
  atOnce.receiver.onEnd([]);

  const later = open({
    handler: () => ({
      onData() {
        throw error;
      },
      onEnd() {},
      onFailure() {},
      onWritable() {},
    }),
  });
  later.receiver.onData(bytes(1));
  assert.deepEqual(later.call.log, ['destroy']);
  assert.deepEqual(later.thrown, [error]);
  assert.equal(later.budget.heldBytes, 0);
});

test('a promise of onFailure that rejects is reported, not unhandled', async () => {
  const error = new Error('bug');
  const { receiver, thrown } = open({
    handler: () => ({ onData() {}, onEnd() {}, onFailure: () => Promise.reject(error), onWritable() {} }),
  });
  receiver.onClose();
  await Promise.resolve();
  await Promise.resolve();
  assert.deepEqual(thrown, [error]);
});

test('memory that one body frees lets another go on', async () => {
  const first = open({ limitBytes: 50 });
  first.receiver.onData(bytes(44));
  assert.deepEqual(first.call.log, []);
  const second = new Http1Body(new FakeCall('POST', []), WINDOW_BYTES, { budget: first.budget, onEvicted() {} });
  let resumed = 0;
  const waiting = { flow: {}, bodyBytes: 0, receiveWindow: 0, retryCredit: () => resumed++, evict() {} };
  first.budget.wait(waiting);
  second.receive(1);
  await Promise.resolve();
  const before = resumed;
  first.exchange.release(44);
  await Promise.resolve();
  assert.equal(resumed, before + 1);
  first.budget.forget(waiting);
  second.close();
  first.exchange.reset(8);
  first.clock.advance(STALL_MS);
  assert.equal(first.budget.heldBytes, 0);
});

test('data before the head is the handler’s mistake', () => {
  const { exchange } = open();
  assert.throws(() => exchange.sendData(bytes(1)), /send the head/);
  assert.throws(() => exchange.sendEnd(), /send the head/);
});

test('a status or a length that is none is refused before anything is sent', () => {
  const { call, exchange } = open();
  assert.throws(() => exchange.reply(outgoingHeaders([[':status', 'abc']])), /:status "abc"/);
  assert.throws(() => exchange.sendHead(HEAD.with(['content-length', '-1'])), /content-length "-1"/);
  assert.deepEqual(call.log, []);
  exchange.reply(HEAD);
  assert.equal(call.log.length, 2);
});

test('a bad head is answered and the connection closes', () => {
  const call = new FakeCall('GET', ['Host', 'b']);
  const receiver = openHttp1Exchange(call, {
    handler: () => assert.fail('called'),
    budget: new ReceiveBudget({ clock: new FakeClock(), limitBytes: 1, stallMs: 1 }),
    limits: { headerFields: 4, streamWindowBytes: 1 },
    onHandlerThrew() {},
  });
  assert.equal(receiver, undefined);
  assert.match(call.log[0], /^head 400 content-type text\/plain content-length \d+ connection close$/);
});
