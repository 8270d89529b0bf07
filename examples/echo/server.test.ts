// SPDX-License-Identifier: Apache-2.0
// The echo as judges and newcomers meet it: a process of its own.

import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { request as httpRequest } from 'node:http';
import { connect as connectHttp2, constants } from 'node:http2';
import { createServer } from 'node:net';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

// server.ts here, server.js where tests run compiled.
const SERVER = fileURLToPath(import.meta.url.replace('.test.', '.'));
const ECHO_PATH = '/crosstie.echo.v1.EchoService/Echo';
const fixture = (name: string): string => fileURLToPath(new URL(`../../test/fixtures/tls/${name}`, import.meta.url));

interface Run {
  readonly process: ChildProcess;
  readonly output: () => string;
  readonly exited: Promise<number | null>;
}

function run(env: Record<string, string>): Run {
  const child = spawn(process.execPath, [SERVER], { env: { ...process.env, HOST: '127.0.0.1', PORT: '0', ...env } });
  let text = '';
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (piece) => (text += piece));
  return { process: child, output: () => text, exited: new Promise((resolve) => child.on('close', resolve)) };
}

/** Runs the echo for `body`, then stops it as Ctrl-C would. */
async function withEcho(env: Record<string, string>, body: (url: string) => Promise<void>): Promise<void> {
  const server = run(env);
  try {
    await new Promise<void>((resolve, reject) => {
      server.process.stdout?.on('data', () => /Ctrl-C/.test(server.output()) && resolve());
      server.process.on('exit', () => reject(new Error(server.output())));
    });
    const url = /echo listens on (\S+)/.exec(server.output())?.[1] ?? assert.fail(server.output());
    await body(url);
  } finally {
    server.process.kill('SIGINT');
    assert.equal(await server.exited, 0);
  }
}

function askHttp1(url: string, method: string, path: string): Promise<{ status: number | undefined; text: string }> {
  return new Promise((resolve, reject) => {
    const request = httpRequest(new URL(path, url), { method, agent: false }, (answer) => {
      let text = '';
      answer.setEncoding('utf8').on('data', (piece) => (text += piece));
      answer.on('end', () => resolve({ status: answer.statusCode, text }));
    });
    request.on('error', reject).end(method === 'POST' ? 'hello' : undefined);
  });
}

interface Http2Answer {
  readonly status: number;
  readonly body: Buffer;
  readonly trailers: Readonly<Record<string, unknown>>;
}

async function askHttp2(url: string, fields: Record<string, string>, body?: Buffer): Promise<Http2Answer> {
  const session = connectHttp2(url, { rejectUnauthorized: false });
  try {
    const stream = session.request(fields);
    let [status, trailers] = [0, {}];
    const pieces: Buffer[] = [];
    stream.on('response', (head) => (status = Number(head[':status'])));
    stream.on('trailers', (fields) => (trailers = fields));
    stream.on('data', (piece) => pieces.push(piece));
    stream.end(body);
    await new Promise((resolve, reject) => stream.on('end', resolve).on('error', reject));
    return { status, body: Buffer.concat(pieces), trailers };
  } finally {
    await new Promise<void>((resolve) => session.close(resolve));
  }
}

async function checkGrpc(url: string): Promise<void> {
  const message = Buffer.from([0, 0, 0, 0, 2, 0x0a, 0]);
  const fields = { ':method': 'POST', ':path': ECHO_PATH, 'content-type': 'application/grpc', te: 'trailers' };
  const answer = await askHttp2(url, fields, message);
  assert.equal(answer.status, 200);
  assert.deepEqual(answer.body, message);
  assert.equal(answer.trailers['grpc-status'], '0');
}

test('cleartext: a greeting over HTTP/1.1 and HTTP/2, gRPC over HTTP/2', () =>
  withEcho({}, async (url) => {
    assert.match(url, /^http:/);
    for (const method of ['GET', 'POST']) {
      assert.deepEqual(await askHttp1(url, method, '/'), { status: 200, text: 'Crosstie echo\n' });
      const body = method === 'POST' ? Buffer.from('hello') : undefined;
      assert.equal((await askHttp2(url, { ':method': method, ':path': '/' }, body)).body.toString(), 'Crosstie echo\n');
    }
    assert.deepEqual(await askHttp1(url, 'HEAD', '/'), { status: 200, text: '' });
    assert.equal((await askHttp1(url, 'GET', '/other')).status, 404);
    assert.equal((await askHttp1(url, 'DELETE', '/')).status, 404);
    await checkGrpc(url);
  }));

test('calls that are cancelled leave room for others, however many', () =>
  withEcho({}, async (url) => {
    const session = connectHttp2(url);
    for (const path of [ECHO_PATH, '/']) {
      // More than may run at a time.
      for (let i = 0; i < 300; i++) {
        const fields = { ':method': 'POST', ':path': path, 'content-type': 'application/grpc' };
        const stream = session.request(fields, { endStream: false });
        stream.on('error', () => {});
        const closed = new Promise((resolve) => stream.once('close', resolve));
        // The answer to a PING behind the HEADERS says that the handler has been called.
        await new Promise((resolve) => setImmediate(resolve));
        await new Promise((resolve) => session.ping(resolve));
        stream.resume().close(constants.NGHTTP2_CANCEL);
        await closed;
      }
    }
    const after = session.request({ ':path': '/' });
    const status = await new Promise((resolve) => after.once('response', (head) => resolve(head[':status'])));
    assert.equal(status, 200);
    after.close();
    session.destroy();
  }));

test('the same over TLS', () =>
  withEcho({ TLS_CERT: fixture('server.pem'), TLS_KEY: fixture('server.key') }, async (url) => {
    assert.match(url, /^https:/);
    assert.equal((await askHttp2(url, { ':path': '/' })).status, 200);
    await checkGrpc(url);
  }));

test('mistakes are one line and exit code 1', async () => {
  const taken = createServer();
  await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
  const { port } = taken.address() as { port: number };
  const cases: readonly (readonly [Record<string, string>, RegExp])[] = [
    [
      { PORT: String(port) },
      /^echo: port \d+ on 127\.0\.0\.1 is in use; stop the other process or choose another port\n$/,
    ],
    [{ PORT: 'http' }, /^echo: PORT is "http"; use a whole number from 0 to 65535\n$/],
    [{ PORT: '65536' }, /^echo: PORT is "65536"/],
    [{ TLS_CERT: fixture('server.pem') }, /^echo: TLS needs both TLS_CERT and TLS_KEY: [^\n]*\n$/],
    [
      { TLS_CERT: '/nonexistent.pem', TLS_KEY: fixture('server.key') },
      /^echo: certificate file [^\n]* no such file[^\n]*\n$/,
    ],
    [
      { TLS_CERT: fixture('client.pem'), TLS_KEY: fixture('server.key') },
      /^echo: [^\n]* do not belong together[^\n]*\n$/,
    ],
  ];
  const runs = cases.map(([env]) => run(env));
  for (const [i, [, message]] of cases.entries()) {
    assert.equal(await runs[i].exited, 1);
    assert.match(runs[i].output(), message);
  }
  await new Promise((resolve) => taken.close(resolve));
});
