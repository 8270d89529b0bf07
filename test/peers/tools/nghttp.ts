// SPDX-License-Identifier: Apache-2.0
// nghttp as client of the echo: it prints every frame.

import assert from 'node:assert/strict';
import { ECHO_PATH } from '../messages.ts';
import { assertBytes, type Check, countOf, runTool, type Sample, type Samples } from './tool.ts';

const MIB = 1024 * 1024;
const GRPC_FIELDS = ['-H', 'content-type: application/grpc', '-H', 'te: trailers'];

export function nghttpChecks(urls: { readonly plain: string; readonly tls: string }, samples: Samples): Check[] {
  return [...checksOf('h2c', urls.plain, samples), ...checksOf('TLS', urls.tls, samples)];
}

/** Long because it is a list. */
function checksOf(way: string, url: string, samples: Samples): Check[] {
  const echoes = (options: readonly string[], sizes: readonly number[]) => async () => {
    for (const size of sizes) await assertEcho(url, samples.envelope(size), options);
    return undefined;
  };
  const check = (name: string, run: Check['run']): Check => ({ name: `nghttp ${way}: ${name}`, run });
  return [
    check('GET', async () => {
      const { text } = await talk([`${url}/`]);
      assert.match(text, /recv \(stream_id=13\) :status: 200/);
      if (way === 'TLS') assert.match(text, /The negotiated protocol: h2/);
      return undefined;
    }),
    check('the echo ends with trailers', async () => {
      const { text } = await talk(['-d', samples.envelope(7).path, ...GRPC_FIELDS, url + ECHO_PATH]);
      assert.match(text, /recv \(stream_id=13\) grpc-status: 0\n.*recv HEADERS frame <length=\d+, flags=0x05/);
      return undefined;
    }),
    check('trailers of the request', async () => {
      const { text } = await talk([
        '-d',
        samples.envelope(7).path,
        '--trailer',
        'x-a: b',
        ...GRPC_FIELDS,
        url + ECHO_PATH,
      ]);
      assert.match(text, /recv \(stream_id=13\) grpc-status: 0/);
      return undefined;
    }),
    check('messages of 0 B to 3 MiB come back', echoes([], [0, 7, 951, 1 * MIB, 3 * MIB])),
    check('padding of up to 255 bytes', echoes(['-b', '255'], [0, 7, 3 * MIB])),
    check('windows of 1 KiB on the stream', echoes(['-w', '10'], [7, 100_000])),
    check('windows of 1 KiB on stream and connection', echoes(['-w', '10', '-W', '10'], [7, 100_000])),
    check('windows of 1 GiB', echoes(['-w', '30', '-W', '30'], [3 * MIB])),
    check('header tables of 0, of 0 and then 4096, of 1 MiB', async () => {
      for (const sizes of [['0'], ['0', '4096'], ['1M']]) {
        const tables = sizes.flatMap((size) => ['-c', size]);
        await assertMany([...tables, '--encoder-header-table-size', sizes[0]], [`${url}/`], 10);
      }
      return undefined;
    }),
    check('no content-length, no RFC 7540 priorities', echoes(['--no-content-length', '--no-dep'], [7, 1 * MIB])),
    check('a header block in CONTINUATION frames', async () => {
      // 18 KiB, printed as one frame and sent as two. That is more than our 16 KiB: the answer must be 431, not the end
      // of the connection.
      const { text } = await talk(['--continuation', `${url}/`]);
      assert.ok(Number(/send HEADERS frame <length=(\d+)/.exec(text)?.[1]) > 16_384);
      assert.ok(/recv \(stream_id=13\) :status: 431/.test(text), 'no 431');
      assert.ok(!text.includes('recv GOAWAY'), 'GOAWAY');
      return undefined;
    }),
    check('100 requests of one URL and three of three at once', async () => {
      await assertMany(['-m', '100'], [`${url}/`], 100);
      // Without -m it asks for each URL once only; the last is not there.
      const { text } = await talk([`${url}/`, `${url}/?a`, `${url}/b`]);
      assert.equal(countOf(text, /recv \(stream_id=\d+\) :status: (200|404)/g), 3);
      return undefined;
    }),
    check('100 echoes at once', async () => {
      const { text } = await talk(['-m', '100', '-d', samples.envelope(951).path, ...GRPC_FIELDS, url + ECHO_PATH]);
      assert.equal(countOf(text, /recv \(stream_id=\d+\) grpc-status: 0/g), 100);
      return undefined;
    }),
    check('expect: 100-continue is answered at once', async () => {
      const args = ['--expect-continue', '-d', samples.envelope(951).path, ...GRPC_FIELDS, url + ECHO_PATH];
      const { text } = await talk(args);
      assert.match(text, /grpc-status: 0/);
      // RFC 9110 §10.1.1; nghttp goes on without after a second.
      assert.match(text, /recv \(stream_id=13\) :status: 100/, 'no 100 (Continue)');
      return undefined;
    }),
  ];
}

/** Nobody of the two may have found a fault: no RST_STREAM, no GOAWAY with an error. */
async function talk(args: readonly string[]): Promise<{ text: string }> {
  const { stdout, stderr } = await runTool('nghttp', ['-n', '-v', '-y', '-t', '20', ...args]);
  const text = stdout.toString() + stderr;
  assert.doesNotMatch(text, /RST_STREAM frame/, text.slice(-1_000));
  for (const [, code] of text.matchAll(/GOAWAY frame.*\n.*error_code=(\w+)/g)) assert.equal(code, 'NO_ERROR');
  return { text };
}

async function assertMany(options: readonly string[], urls: readonly string[], count: number): Promise<void> {
  const { text } = await talk([...(options.includes('-m') ? [] : ['-m', String(count)]), ...options, ...urls]);
  assert.equal(countOf(text, /recv \(stream_id=\d+\) :status: 200/g), count);
}

async function assertEcho(url: string, sample: Sample, options: readonly string[]): Promise<void> {
  const args = ['-y', '-t', '20', ...options, '-d', sample.path, ...GRPC_FIELDS, url + ECHO_PATH];
  const { stdout } = await runTool('nghttp', args);
  assertBytes(stdout, sample.bytes);
}
