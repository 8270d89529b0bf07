// SPDX-License-Identifier: Apache-2.0
// Our client connection and nghttpd.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import {
  type ClientConnection,
  type CloseReason,
  connect,
  outgoingHeaders,
} from '../../../packages/crosstie/src/entry/engine.ts';
import { ClientCall, fetchAnswer, requestHead } from '../client-call.ts';
import { createPattern } from '../messages.ts';
import { readAuthority, SERVER_IDENTITY } from '../tls-files.ts';
import { createSignal, within } from '../within.ts';
import { assertBytes, type Check, type Samples } from './tool.ts';

const MIB = 1024 * 1024;

interface Nghttpd {
  readonly connection: ClientConnection;
  readonly closed: Promise<CloseReason>;
  /** What it has printed about frames. */
  output(): string;
  stop(): Promise<void>;
}

interface Setup {
  readonly tls: boolean;
  readonly findPort: () => Promise<number>;
  readonly samples: Samples;
}

export function nghttpdChecks(findPort: () => Promise<number>, samples: Samples): Check[] {
  return [false, true].flatMap((tls) => checksOf({ tls, findPort, samples }));
}

function checksOf(setup: Setup): Check[] {
  const way = setup.tls ? 'TLS' : 'h2c';
  const check = (name: string, options: readonly string[], use: (peer: Nghttpd) => Promise<void>): Check => ({
    name: `nghttpd ${way}: ${name}`,
    run: async () => {
      await withNghttpd(setup, options, use);
      return undefined;
    },
  });
  const echoes = (sizes: readonly number[]) => (peer: Nghttpd) => assertEchoes(peer, sizes);
  const all = [0, 1, 951, 1 * MIB, 3 * MIB];
  return [
    check('GET, HEAD and 404', [], (peer) => assertFiles(peer, setup.samples)),
    check('uploads of 0 B to 3 MiB come back', ['--echo-upload'], echoes(all)),
    check('padding of up to 255 bytes', ['--echo-upload', '-b', '255'], echoes(all)),
    check('windows of 1 KiB', ['--echo-upload', '-w', '10', '-W', '10'], echoes([0, 1_023, 1_024, 100_000, 100_000])),
    check('header tables of 0', ['-c', '0', '--encoder-header-table-size', '0', '--echo-upload'], echoes(all)),
    check('no content-length', ['--no-content-length', '--echo-upload'], echoes(all)),
    check('trailers', ['--trailer', 'x-a: b', '--echo-upload'], assertTrailers),
    check('its limit of 5 streams is kept', ['-m', '5', '--echo-upload'], assertLimit),
    check('an upload in pieces, 100 uploads at once', ['--echo-upload'], assertPieces),
    check('an answer before the end of the request', ['--early-response'], assertEarlyAnswer),
    check('no push is sent', ['-p', '/plain-951.bin=/plain-7.bin'], (peer) => assertNoPush(peer, setup.samples)),
    check('PING, cancel', ['--echo-upload'], assertPingAndCancel),
    check('a server that is killed', ['--echo-upload'], assertKilled),
  ];
}

async function withNghttpd(
  { tls, findPort, samples }: Setup,
  options: readonly string[],
  use: (peer: Nghttpd) => Promise<void>,
): Promise<void> {
  const port = await findPort();
  const security = tls ? [] : ['--no-tls'];
  const identity = tls ? [SERVER_IDENTITY.key, SERVER_IDENTITY.cert] : [];
  // Without -v it does not say when it listens.
  const args = ['-a', '127.0.0.1', '-v', '-d', samples.folder, ...options, ...security, String(port), ...identity];
  const child = spawn('nghttpd', args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  const exited = new Promise<void>((resolve) => child.once('close', () => resolve()));
  const listening = createSignal();
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (bytes: Buffer) => {
      output += bytes.toString();
      if (output.includes(`listen 127.0.0.1:${port}`)) listening.fire();
    });
  }
  const stop = async (): Promise<void> => {
    child.kill('SIGKILL');
    await exited;
  };
  const closed = createSignal<CloseReason>();
  try {
    await within('nghttpd listens', listening.promise);
    const connection = await connect(`${tls ? 'https' : 'http'}://127.0.0.1:${port}`, {
      ...(tls ? { tls: { ca: readAuthority().toString() } } : {}),
      onClose: closed.fire,
    });
    await use({ connection, closed: closed.promise, output: () => output, stop });
    connection.close();
    await within('our connection closes', closed.promise);
  } finally {
    await stop();
  }
}

async function assertFiles({ connection }: Nghttpd, samples: Samples): Promise<void> {
  for (const { bytes, path } of [samples.plain(7), samples.plain(3 * MIB)]) {
    const target = path.slice(path.lastIndexOf('/'));
    const get = await fetchAnswer(connection, requestHead('GET', target));
    assert.deepEqual([get.failure, get.head?.status], [undefined, 200]);
    assertBytes(get.body, bytes);
    const head = await fetchAnswer(connection, requestHead('HEAD', target));
    assert.deepEqual([head.failure, head.head?.status, head.body.length], [undefined, 200, 0]);
    assert.equal(head.head?.fields.get('content-length'), String(bytes.length));
  }
  const missing = await fetchAnswer(connection, requestHead('GET', '/nothing'));
  assert.deepEqual([missing.failure, missing.head?.status], [undefined, 404]);
}

async function assertEchoes({ connection }: Nghttpd, sizes: readonly number[]): Promise<void> {
  const bodies = sizes.map((size) => createPattern(size, size));
  const ask = async (body: Buffer): Promise<void> => {
    const answer = await fetchAnswer(connection, requestHead('POST', '/'), body);
    assert.deepEqual([answer.failure, answer.head?.status], [undefined, 200]);
    assertBytes(answer.body, body);
  };
  for (const body of bodies) await ask(body);
  await Promise.all(bodies.map(ask));
}

async function assertTrailers({ connection }: Nghttpd): Promise<void> {
  for (let round = 0; round < 3; round++) {
    const call = ClientCall.open(connection, requestHead('POST', '/'));
    call.exchange.sendData(Buffer.from('body'));
    call.exchange.sendEnd(outgoingHeaders([['x-ours', String(round)]]));
    const answer = await call.answer;
    assertBytes(answer.body, Buffer.from('body'));
    assert.deepEqual(answer.trailers?.flat, ['x-a', 'b']);
  }
}

async function assertLimit({ connection }: Nghttpd): Promise<void> {
  assert.equal(connection.availableStreams, 5);
  const answers = Array.from({ length: 8 }, () =>
    fetchAnswer(connection, requestHead('POST', '/'), createPattern(951)),
  );
  const settled = await Promise.all(answers);
  for (const answer of settled.slice(0, 5)) assertBytes(answer.body, createPattern(951));
  for (const { failure } of settled.slice(5)) assert.equal(failure?.unprocessed, true);
  assert.equal(connection.availableStreams, 5);
}

async function assertPieces({ connection }: Nghttpd): Promise<void> {
  const call = ClientCall.open(connection, requestHead('POST', '/'));
  await call.upload(createPattern(2 * MIB), 1_009);
  call.exchange.sendEnd();
  assertBytes((await call.answer).body, createPattern(2 * MIB));
  const bodies = Array.from({ length: 100 }, (_, i) => createPattern(i * 331, i));
  const answers = await Promise.all(bodies.map((body) => fetchAnswer(connection, requestHead('POST', '/'), body)));
  answers.forEach((answer, i) => {
    assertBytes(answer.body, bodies[i]);
  });
}

async function assertEarlyAnswer({ connection }: Nghttpd): Promise<void> {
  const early = await fetchAnswer(connection, requestHead('POST', '/plain-7.bin'), createPattern(3 * MIB));
  assert.deepEqual([early.failure, early.head?.status], [undefined, 200]);
  assert.equal(connection.inspect().state, 'open');
}

async function assertNoPush({ connection, output }: Nghttpd, samples: Samples): Promise<void> {
  samples.plain(7);
  const { bytes } = samples.plain(951);
  const answer = await fetchAnswer(connection, requestHead('GET', '/plain-951.bin'));
  assertBytes(answer.body, bytes);
  assert.match(output(), /SETTINGS_ENABLE_PUSH\(0x02\):0/);
  assert.doesNotMatch(output(), /PUSH_PROMISE/);
}

async function assertPingAndCancel({ connection }: Nghttpd): Promise<void> {
  assert.ok((await within('the answer to our PING', connection.ping())) >= 0);
  for (let i = 0; i < 50; i++) {
    const call = ClientCall.open(connection, requestHead('POST', '/'));
    call.exchange.sendData(createPattern(20_000));
    if (i % 2 === 0) await within('the answer to a PING', connection.ping());
    call.exchange.reset(8);
  }
  const answer = await fetchAnswer(connection, requestHead('POST', '/'), createPattern(1 * MIB));
  assertBytes(answer.body, createPattern(1 * MIB));
  const { slots, open } = connection.inspect().streams;
  assert.deepEqual([slots, open], [0, 0]);
}

async function assertKilled({ connection, closed, stop }: Nghttpd): Promise<void> {
  const call = ClientCall.open(connection, requestHead('POST', '/'));
  call.exchange.sendData(Buffer.from('begun'));
  await within('the answer to a PING', connection.ping());
  await stop();
  assert.equal((await call.answer).failure?.origin, 'transport');
  await within('our connection closes', closed);
}
