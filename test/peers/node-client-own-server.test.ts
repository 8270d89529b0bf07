// SPDX-License-Identifier: Apache-2.0
// Node's `http2` as client of a server of ours that does what the echo does not.

import assert from 'node:assert/strict';
import http2 from 'node:http2';
import { test } from 'node:test';
import { outgoingHeaders, type ServerExchange } from '../../packages/crosstie/src/entry/engine.ts';
import { createPattern, describeDifference } from './messages.ts';
import { startCall, withSession } from './node-call.ts';
import { type Behaviour, type Received, withOwnServer } from './own-server.ts';
import { createSignal, within } from './within.ts';

const MIB = 1024 * 1024;
const OK = outgoingHeaders([[':status', '200']]);
/** Three of them do not fit a frame of 16 KiB. */
const BIG_VALUE = 'v'.repeat(9_000);

const answerOk = { onEnd: ({ exchange, body }: Received) => exchange.reply(OK, body) };

test('1xx heads before the final one, and 100 for whoever asks to continue', async () => {
  const behaviour: Behaviour = {
    onRequest: (exchange) => {
      exchange.sendInformation(outgoingHeaders([[':status', '100']]));
      exchange.sendInformation(
        outgoingHeaders([
          [':status', '103'],
          ['link', '</a.css>; rel=preload'],
        ]),
      );
      exchange.sendInformation(
        outgoingHeaders([
          [':status', '103'],
          ['link', '</b.css>; rel=preload'],
        ]),
      );
    },
    onEnd: answerOk.onEnd,
  };
  await withOwnServer({ '/': behaviour }, {}, ({ listening }) =>
    withSession(listening.url, {}, async (session) => {
      const call = startCall(session, { ':method': 'POST', ':path': '/', expect: '100-continue' }, undefined);
      const continued = new Promise<void>((resolve) => call.stream.once('continue', resolve));
      await within('100 (Continue)', continued);
      call.stream.end('body');
      const answer = await call.answer;
      const links = answer.informations.filter((head) => Number(head[':status']) === 103).map((head) => head.link);
      assert.deepEqual(links, ['</a.css>; rel=preload', '</b.css>; rel=preload']);
      assert.deepEqual([answer.head?.[':status'], answer.body.toString()], [200, 'body']);
    }),
  );
});

test('trailers both ways, with names and values that are never indexed', async () => {
  const behaviour: Behaviour = {
    onEnd: ({ exchange, trailers }) => {
      const back = [...(trailers ?? [])].map(([name, value]) => [`back-${name}`, value] as const);
      exchange.reply(OK, Buffer.from('x'), outgoingHeaders(back, new Set(back.map(([name]) => name))));
    },
  };
  await withOwnServer({ '/': behaviour }, {}, ({ listening }) =>
    withSession(listening.url, {}, async (session) => {
      for (let round = 0; round < 3; round++) {
        const call = startCall(session, { ':method': 'POST', ':path': '/' }, undefined, { waitForTrailers: true });
        call.stream.on('wantTrailers', () => call.stream.sendTrailers({ 'x-round': String(round), 'x-text': 'ä' }));
        call.stream.end('body');
        const { trailers, body } = await call.answer;
        assert.equal(body.toString(), 'x');
        assert.deepEqual(Object.fromEntries(Object.entries(trailers ?? {})), {
          'back-x-round': String(round),
          'back-x-text': 'ä',
        });
      }
    }),
  );
});

test('header blocks in CONTINUATION frames, both ways', async () => {
  const behaviour: Behaviour = {
    onEnd: ({ exchange }) => {
      const back = ['x-a', 'x-b', 'x-c'].map((name) => [name, exchange.head.fields.get(name) ?? ''] as const);
      exchange.reply(OK.with(back.flat()));
    },
  };
  await withOwnServer({ '/': behaviour }, { limits: { headerListBytes: 65_536 } }, ({ listening }) =>
    withSession(listening.url, { settings: { maxHeaderListSize: 65_536 } }, async (session) => {
      const many = { ':path': '/', 'x-a': `a${BIG_VALUE}`, 'x-b': `b${BIG_VALUE}`, 'x-c': `c${BIG_VALUE}` };
      const { head } = await startCall(session, many, Buffer.alloc(0)).answer;
      assert.deepEqual([head?.['x-a'], head?.['x-b'], head?.['x-c']], [many['x-a'], many['x-b'], many['x-c']]);
    }),
  );
});

test('a streamed answer of 8 MiB to a slow reader: the handler is stopped, and told to go on', async () => {
  const body = createPattern(8 * MIB);
  let sent = 0;
  let stops = 0;
  let mostAhead = 0;
  const sendOn = (exchange: ServerExchange): void => {
    while (sent < body.length) {
      const isRoom = exchange.sendData(body.subarray(sent, sent + 10_000));
      sent += 10_000;
      mostAhead = Math.max(mostAhead, sent - received);
      if (isRoom) continue;
      stops++;
      return;
    }
    exchange.sendEnd(outgoingHeaders([['x-done', 'yes']]));
  };
  let received = 0;
  const behaviour: Behaviour = {
    onEnd: ({ exchange }) => {
      exchange.sendHead(OK);
      sendOn(exchange);
    },
    onWritable: sendOn,
  };
  await withOwnServer({ '/': behaviour }, {}, ({ listening }) =>
    withSession(listening.url, {}, async (session) => {
      const call = startCall(session, { ':path': '/' }, Buffer.alloc(0));
      call.stream.on('data', (piece: Buffer) => {
        received += piece.length;
        call.stream.pause();
        setImmediate(() => call.stream.resume());
      });
      const answer = await call.answer;
      assert.equal(describeDifference(answer.body, body), undefined);
      assert.equal(answer.trailers?.['x-done'], 'yes');
      assert.ok(stops > 10, `the handler was stopped ${stops} times`);
      assert.ok(mostAhead < 1 * MIB, `the handler was ${mostAhead} bytes ahead of its reader`);
    }),
  );
});

test('8 MiB up and 8 MiB down on one stream at the same time', async () => {
  const upload = createPattern(8 * MIB, 1);
  const download = createPattern(8 * MIB, 2);
  let sent = 0;
  const sendOn = (exchange: ServerExchange): void => {
    for (; sent < download.length; ) {
      const piece = download.subarray(sent, sent + 40_000);
      sent += piece.length;
      if (!exchange.sendData(piece)) return;
    }
    exchange.sendEnd();
  };
  const uploaded = createSignal<Buffer>();
  const behaviour: Behaviour = {
    onRequest: (exchange) => {
      exchange.sendHead(OK);
      sendOn(exchange);
    },
    onWritable: sendOn,
    onEnd: ({ body }) => uploaded.fire(body),
  };
  // A stream whose answer ends first is reset: the download is held back by its own window until the upload is in.
  await withOwnServer({ '/': behaviour }, {}, ({ listening }) =>
    withSession(listening.url, {}, async (session) => {
      const call = startCall(session, { ':method': 'POST', ':path': '/' }, upload);
      call.stream.pause();
      const received = await within('the end of the upload', uploaded.promise);
      call.stream.resume();
      assert.equal(describeDifference(received, upload), undefined);
      const answer = await call.answer;
      assert.equal(describeDifference(answer.body, download), undefined);
      assert.equal(answer.resetCode, 0);
    }),
  );
});

test('an answer before the end of the request: the request is asked to stop, the answer is whole', async () => {
  const behaviour: Behaviour = {
    onRequest: (exchange) => exchange.reply(outgoingHeaders([[':status', '413']]), Buffer.from('no')),
  };
  await withOwnServer({ '/': behaviour, '/ok': answerOk }, {}, ({ listening }) =>
    withSession(listening.url, {}, async (session) => {
      const call = startCall(session, { ':method': 'POST', ':path': '/' }, createPattern(4 * MIB));
      const answer = await call.answer;
      assert.deepEqual([answer.head?.[':status'], answer.body.toString(), answer.resetCode], [413, 'no', 0]);
      const next = await startCall(session, { ':method': 'POST', ':path': '/ok' }, createPattern(2 * MIB)).answer;
      assert.equal(next.body.length, 2 * MIB);
    }),
  );
});

test('reset codes of the handler reach the client, those of the client reach the handler', async () => {
  const begun = createSignal();
  const codes = Object.entries(http2.constants).filter(([name]) =>
    /^NGHTTP2_(INTERNAL|REFUSED|CANCEL|ENHANCE|HTTP_1|INADEQ)/.test(name),
  );
  const behaviours: Record<string, Behaviour> = { '/never': { onRequest: () => begun.fire() } };
  for (const [, code] of codes) behaviours[`/${code}`] = { onEnd: ({ exchange }) => exchange.reset(Number(code)) };
  await withOwnServer(behaviours, {}, ({ listening, failed }) =>
    withSession(listening.url, {}, async (session) => {
      for (const [name, code] of codes) {
        const answer = await startCall(session, { ':path': `/${code}` }, Buffer.alloc(0)).answer;
        assert.equal(answer.resetCode, code, name);
      }
      const call = startCall(session, { ':method': 'POST', ':path': '/never' }, undefined);
      call.stream.write('begun');
      await within('the request', begun.promise);
      call.stream.close(http2.constants.NGHTTP2_CANCEL);
      const failure = await within('the handler is told of the cancel', failed.promise);
      assert.deepEqual(
        [failure.origin, failure.code, failure.unprocessed],
        ['peer', http2.constants.NGHTTP2_CANCEL, false],
      );
      await call.answer;
    }),
  );
});

test('streams above the limit are refused, and that is safe to try again', async () => {
  const waiting: ServerExchange[] = [];
  const behaviour: Behaviour = { onEnd: ({ exchange }) => waiting.push(exchange) };
  const limits = { concurrentStreams: 2 };
  await withOwnServer({ '/': behaviour }, { limits }, async ({ listening }) => {
    // A session that has not seen the SETTINGS yet opens as many as it likes.
    const session = http2.connect(listening.url);
    session.on('error', () => {});
    try {
      const calls = Array.from({ length: 5 }, () => startCall(session, { ':path': '/' }, Buffer.alloc(0)));
      const refused = await Promise.all(calls.slice(2).map((call) => call.answer));
      assert.deepEqual(
        refused.map((answer) => answer.resetCode),
        Array(3).fill(http2.constants.NGHTTP2_REFUSED_STREAM),
      );
      for (const exchange of waiting) exchange.reply(OK, Buffer.from('late'));
      const answers = await Promise.all(calls.slice(0, 2).map((call) => call.answer));
      assert.deepEqual(
        answers.map((answer) => answer.body.toString()),
        ['late', 'late'],
      );
    } finally {
      session.destroy();
    }
  });
});

test('a server that drains: GOAWAY, the open call ends, the connection ends', async () => {
  const begun = createSignal<ServerExchange>();
  await withOwnServer({ '/': { onEnd: ({ exchange }) => begun.fire(exchange) } }, {}, ({ listening }) =>
    withSession(listening.url, {}, async (session) => {
      const goAways: number[] = [];
      const gone = createSignal();
      session.on('goaway', (code) => {
        goAways.push(code);
        gone.fire();
      });
      const closed = new Promise<void>((resolve) => session.once('close', () => resolve()));
      const call = startCall(session, { ':path': '/' }, Buffer.alloc(0));
      const exchange = await within('the request', begun.promise);
      const stopped = listening.close({ graceMs: 5_000 });
      await within('GOAWAY', gone.promise);
      exchange.reply(OK, Buffer.from('done'));
      assert.equal((await call.answer).body.toString(), 'done');
      await within('the session closes', closed);
      await within('the listener closes', stopped);
      assert.deepEqual([...new Set(goAways)], [http2.constants.NGHTTP2_NO_ERROR]);
    }),
  );
});
