// SPDX-License-Identifier: Apache-2.0
// Node's `http2` as client of the echo.

import assert from 'node:assert/strict';
import http2, { type ClientHttp2Session } from 'node:http2';
import { after, before, test } from 'node:test';
import { type EchoProcess, startEchoProcess } from './echo-process.ts';
import { createEnvelope, createPattern, describeDifference, ECHO_PATH, MESSAGE_SIZES } from './messages.ts';
import { type NodeAnswer, startCall, withSession } from './node-call.ts';
import { SERVER_IDENTITY } from './tls-files.ts';
import { within } from './within.ts';

const GRPC_HEAD = {
  ':method': 'POST',
  ':path': ECHO_PATH,
  'content-type': 'application/grpc',
  te: 'trailers',
};
const MIB = 1024 * 1024;

let echo: EchoProcess;
let secureEcho: EchoProcess;
before(async () => {
  [echo, secureEcho] = await Promise.all([startEchoProcess(), startEchoProcess(SERVER_IDENTITY)]);
});
after(async () => {
  await Promise.all([echo.stop(), secureEcho.stop()]);
});

function callEcho(session: ClientHttp2Session, envelope: Buffer): Promise<NodeAnswer> {
  return startCall(session, GRPC_HEAD, envelope).answer;
}

function assertEcho(answer: NodeAnswer, envelope: Buffer): void {
  assert.equal(answer.resetCode, 0);
  assert.equal(answer.head?.[':status'], 200);
  assert.equal(answer.head?.['content-type'], 'application/grpc');
  assert.equal(describeDifference(answer.body, envelope), undefined);
  assert.equal(answer.trailers?.['grpc-status'], '0');
}

async function assertEchoes(session: ClientHttp2Session, messages: readonly Buffer[]): Promise<void> {
  const envelopes = messages.map(createEnvelope);
  const answers = await Promise.all(envelopes.map((envelope) => callEcho(session, envelope)));
  answers.forEach((answer, i) => {
    assertEcho(answer, envelopes[i]);
  });
}

test('messages of all sizes, one after the other and all at once', async () => {
  await withSession(echo.url, {}, async (session) => {
    const messages = MESSAGE_SIZES.map((size) => createPattern(size, size));
    for (const message of messages) await assertEchoes(session, [message]);
    await assertEchoes(session, messages);
  });
});

test('TLS with ALPN h2', async () => {
  await withSession(secureEcho.url, {}, async (session) => {
    assert.equal(session.alpnProtocol, 'h2');
    await assertEchoes(
      session,
      MESSAGE_SIZES.map((size) => createPattern(size, size)),
    );
  });
});

test('1,000 calls at once on a connection that allows 256', async () => {
  await withSession(echo.url, {}, async (session) => {
    assert.equal(session.remoteSettings.maxConcurrentStreams, 256);
    const messages = Array.from({ length: 1_000 }, (_, i) => createPattern(i % 97, i));
    await assertEchoes(session, messages);
  });
});

test('GET, POST and HEAD of /, and a path that is not there', async () => {
  await withSession(echo.url, {}, async (session) => {
    const ask = (method: string, path: string) =>
      startCall(session, { ':method': method, ':path': path }, Buffer.alloc(0)).answer;
    const [get, post, head, missing] = await Promise.all([
      ask('GET', '/'),
      ask('POST', '/'),
      ask('HEAD', '/'),
      ask('GET', '/x?y=z'),
    ]);
    assert.deepEqual([get.head?.[':status'], get.body.toString()], [200, 'Crosstie echo\n']);
    assert.deepEqual([post.head?.[':status'], post.body.toString()], [200, 'Crosstie echo\n']);
    assert.deepEqual([head.head?.[':status'], head.head?.['content-length'], head.body.length], [200, '14', 0]);
    assert.equal(missing.head?.[':status'], 404);
  });
});

for (const [name, paddingStrategy] of [
  ['PADDING_STRATEGY_MAX', http2.constants.PADDING_STRATEGY_MAX],
  // Missing in the types.
  ['PADDING_STRATEGY_ALIGNED', 1],
] as const) {
  test(`frames padded by ${name}: 3 MiB and 200 small ones`, async () => {
    await withSession(echo.url, { paddingStrategy }, async (session) => {
      const small = Array.from({ length: 200 }, (_, i) => createPattern(i, i));
      await assertEchoes(session, [createPattern(3 * MIB), ...small]);
    });
  });
}

test('PING returns its payload', async () => {
  await withSession(echo.url, {}, async (session) => {
    for (const payload of ['12345678', '\0\0\0\0\0\0\0\0']) {
      const answer = new Promise<Buffer>((resolve, reject) =>
        session.ping(Buffer.from(payload), (error, _ms, returned) => (error ? reject(error) : resolve(returned))),
      );
      assert.equal((await within('the answer to a PING', answer)).toString(), payload);
    }
  });
});

test('settings that change while calls go on: windows, header table, frame size', async () => {
  await withSession(echo.url, { settings: { initialWindowSize: 100, headerTableSize: 0 } }, async (session) => {
    const change = (settings: http2.Settings) =>
      within(
        `the acknowledgement of ${JSON.stringify(settings)}`,
        new Promise<void>((resolve, reject) =>
          session.settings(settings, (error) => (error ? reject(error) : resolve())),
        ),
      );
    const batch = () => assertEchoes(session, [createPattern(50_000), createPattern(951, 1), createPattern(0)]);
    await batch();
    const slow = batch();
    await change({ initialWindowSize: 1 * MIB, headerTableSize: 4096 });
    await slow;
    const large = assertEchoes(session, [createPattern(2 * MIB), createPattern(2 * MIB, 5)]);
    // A window that shrinks below what is under way goes negative (RFC 9113 §6.9.2).
    await change({ initialWindowSize: 10 });
    await change({ maxFrameSize: 1 * MIB, headerTableSize: 65_536 });
    await change({ initialWindowSize: 65_535 });
    await large;
    await change({ headerTableSize: 0 });
    await batch();
  });
});

test('cancels: 120 of 240 calls, three times; the others and the connection are not hurt', async () => {
  await withSession(echo.url, {}, async (session) => {
    const envelope = createEnvelope(createPattern(20_000));
    for (let round = 0; round < 3; round++) {
      const calls = Array.from({ length: 240 }, (_, i) =>
        // Every fourth has sent nothing of its body when it is cancelled, every fourth perhaps all of it.
        startCall(session, GRPC_HEAD, i % 4 === 1 ? undefined : envelope),
      );
      // Not before the HEADERS have left: Node forgets a RST_STREAM that would go out in the same turn.
      await new Promise((resolve) => setImmediate(resolve));
      calls.forEach((call, i) => {
        if (i % 2 === 1) call.stream.close(http2.constants.NGHTTP2_CANCEL);
      });
      const answers = await Promise.all(calls.map((call) => call.answer));
      answers.forEach((answer, i) => {
        if (i % 2 === 0) assertEcho(answer, envelope);
      });
      assert.ok(answers.filter((answer) => answer.resetCode === http2.constants.NGHTTP2_CANCEL).length >= 60);
    }
    await assertEchoes(session, [createPattern(7)]);
  });
});

test('a reader that stops does not stop the others', async () => {
  await withSession(echo.url, {}, async (session) => {
    session.setLocalWindowSize(8 * MIB);
    const envelope = createEnvelope(createPattern(1 * MIB, 3));
    const stopped = session.request(GRPC_HEAD, { endStream: false });
    const response = new Promise((resolve) => stopped.once('response', resolve));
    stopped.end(envelope);
    await within('the head of the answer that nobody reads', response);
    // Only its own window of 64 KiB is used up.
    await assertEchoes(session, [createPattern(1 * MIB), createPattern(951)]);
    const pieces: Buffer[] = [];
    const ended = new Promise((resolve) => stopped.once('end', resolve));
    stopped.on('data', (piece: Buffer) => pieces.push(piece));
    await within('the rest, once it is read', ended);
    assert.equal(describeDifference(Buffer.concat(pieces), envelope), undefined);
  });
});

test('session.close() with calls under way: they finish, then the connection ends', async () => {
  await withSession(echo.url, {}, async (session) => {
    const closed = new Promise<void>((resolve) => session.once('close', () => resolve()));
    const calls = assertEchoes(session, [createPattern(3 * MIB), createPattern(951), createPattern(0)]);
    session.close();
    await calls;
    await within('the session closes', closed);
  });
});

test('GOAWAY of the client: what is open goes on', async () => {
  await withSession(echo.url, {}, async (session) => {
    const calls = assertEchoes(session, [createPattern(1 * MIB), createPattern(7)]);
    session.goaway(http2.constants.NGHTTP2_NO_ERROR, 0, Buffer.from('enough'));
    await calls;
  });
});
