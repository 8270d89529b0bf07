// SPDX-License-Identifier: Apache-2.0
// curl (libnghttp2 and its own HTTP/1.1) as client of the echo.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ECHO_PATH } from '../messages.ts';
import { AUTHORITY } from '../tls-files.ts';
import { assertBytes, type Check, countOf, runTool, type Samples } from './tool.ts';

const MIB = 1024 * 1024;
const GREETING = 'Crosstie echo\n';
const GRPC_FIELDS = ['-H', 'content-type: application/grpc', '-H', 'te: trailers'];

interface Way {
  readonly name: string;
  readonly options: readonly string[];
  readonly url: string;
  readonly version: '2' | '1.1';
}

/** Every way curl can come; `urls` of the two echoes. */
export function curlChecks(urls: { readonly plain: string; readonly tls: string }, samples: Samples): Check[] {
  const ca = ['--cacert', AUTHORITY];
  const ways: Way[] = [
    { name: 'h2c', options: ['--http2-prior-knowledge'], url: urls.plain, version: '2' },
    { name: 'HTTP/1.1', options: ['--http1.1'], url: urls.plain, version: '1.1' },
    { name: 'TLS h2', options: ['--http2', ...ca], url: urls.tls, version: '2' },
    { name: 'TLS 1.2 h2', options: ['--http2', '--tls-max', '1.2', ...ca], url: urls.tls, version: '2' },
    { name: 'TLS HTTP/1.1', options: ['--http1.1', ...ca], url: urls.tls, version: '1.1' },
    // An upgrade that the server does not take up (RFC 9113 has none any more) goes on as HTTP/1.1.
    { name: 'Upgrade: h2c', options: ['--http2'], url: urls.plain, version: '1.1' },
  ];
  return [
    ...ways.flatMap((way) => checksOf(way, samples)),
    ...checksOfHttp1(urls.plain, samples),
    ...checksOfTls(urls),
  ];
}

/** Long because it is a list. */
function checksOf(way: Way, samples: Samples): Check[] {
  const label = (text: string): string => `curl ${way.name}: ${text}`;
  return [
    {
      name: label('GET, POST and HEAD'),
      run: async () => {
        for (const args of [[], ['-d', 'body']]) {
          const { body } = await fetchBy(way, '/', args, samples);
          assert.equal(body.toString(), GREETING);
        }
        const head = await fetchBy(way, '/', ['-I'], samples);
        assert.match(head.headers, /^content-length: 14\r$/im);
        return undefined;
      },
    },
    {
      name: label('404'),
      run: async () => {
        await fetchBy(way, '/nothing?here=1', [], samples, 404);
        return undefined;
      },
    },
    {
      name: label('upload of 3 MiB'),
      run: async () => {
        const upload = ['--data-binary', `@${samples.plain(3 * MIB).path}`];
        const { body } = await fetchBy(way, '/', upload, samples);
        assert.equal(body.toString(), GREETING);
        return undefined;
      },
    },
    {
      name: label('gRPC envelopes of 0 B, 7 B and 3 MiB come back, with trailers'),
      run: async () => {
        for (const size of [0, 7, 3 * MIB]) {
          const { path, bytes } = samples.envelope(size);
          const { headers, body } = await fetchBy(
            way,
            ECHO_PATH,
            [...GRPC_FIELDS, '--data-binary', `@${path}`],
            samples,
          );
          assertBytes(body, bytes);
          // Before them perhaps 100 (Continue), which curl asks for when it sends much over HTTP/1.1.
          const [head, trailers] = headers.trimEnd().split('\r\n\r\n').slice(-2);
          assert.doesNotMatch(head, /grpc-status/);
          assert.match(trailers, /^grpc-status: 0\r?$/m);
        }
        return undefined;
      },
    },
    {
      name: label('a slow reader gets its 3 MiB'),
      run: async () => {
        const { path, bytes } = samples.envelope(3 * MIB);
        const args = [...GRPC_FIELDS, '--limit-rate', '6M', '--data-binary', `@${path}`];
        const { body, seconds } = await fetchBy(way, ECHO_PATH, args, samples);
        assertBytes(body, bytes);
        return `${seconds.toFixed(1)} s`;
      },
    },
  ];
}

function checksOfHttp1(url: string, samples: Samples): Check[] {
  const way: Way = { name: 'HTTP/1.1', options: ['--http1.1'], url, version: '1.1' };
  return [
    {
      name: 'curl HTTP/1.1: chunked upload of 3 MiB',
      run: async () => {
        const { path, bytes } = samples.envelope(3 * MIB);
        const chunked = ['-H', 'transfer-encoding: chunked', '--data-binary', `@${path}`];
        const { body } = await fetchBy(way, ECHO_PATH, [...GRPC_FIELDS, ...chunked], samples);
        assertBytes(body, bytes);
        return undefined;
      },
    },
    {
      name: 'curl HTTP/1.1: expect: 100-continue is answered at once',
      run: async () => {
        const args = ['-v', '-H', 'expect: 100-continue', '--expect100-timeout', '20', '-d', 'body'];
        const { stderr, seconds } = await fetchBy(way, '/', args, samples);
        assert.match(stderr, /< HTTP\/1\.1 100 Continue/);
        assert.ok(seconds < 10, `it took ${seconds} s`);
        return undefined;
      },
    },
    {
      name: 'curl HTTP/1.1: three requests on one connection',
      run: async () => {
        const target = `${url}/`;
        const write = ['-sS', '--http1.1', '-w', '%{num_connects}\n', '-o', '/dev/null'];
        const { stdout } = await runTool('curl', [
          ...write,
          target,
          '-o',
          '/dev/null',
          target,
          '-o',
          '/dev/null',
          target,
        ]);
        assert.deepEqual(stdout.toString().trim().split('\n'), ['1', '0', '0']);
        return undefined;
      },
    },
  ];
}

function checksOfTls(urls: { readonly tls: string }): Check[] {
  return [
    {
      // Not over h2c: there curl 7.88 breaks its own connection, with nghttpd and Node as well.
      name: 'curl TLS h2: 60 requests at once share a connection',
      run: async () => {
        const args = ['-sS', '-Z', '--parallel-max', '50', '--http2', '--cacert', AUTHORITY, '-o', '/dev/null'];
        const { stdout } = await runTool('curl', [
          ...args,
          '-w',
          '%{http_code} %{num_connects}\n',
          `${urls.tls}/[1-60]`,
        ]);
        const text = stdout.toString();
        assert.equal(countOf(text, /^404 [01]$/gm), 60);
        assert.equal(countOf(text, /^404 1$/gm), 1);
        return undefined;
      },
    },
    {
      name: 'curl TLS 1.1: refused',
      run: async () => {
        const args = ['-sS', '--tlsv1.0', '--tls-max', '1.1', '--ciphers', 'DEFAULT@SECLEVEL=0', '--cacert', AUTHORITY];
        await assert.rejects(runTool('curl', [...args, `${urls.tls}/`]), /alert protocol version/);
        return undefined;
      },
    },
  ];
}

interface Fetched {
  /** Head and, behind an empty line, trailers. */
  readonly headers: string;
  readonly body: Buffer;
  readonly stderr: string;
  readonly seconds: number;
}

async function fetchBy(
  way: Way,
  path: string,
  args: readonly string[],
  samples: Samples,
  status = 200,
): Promise<Fetched> {
  const files = { headers: join(samples.folder, 'headers.txt'), body: join(samples.folder, 'body.bin') };
  const write = ['-D', files.headers, '-o', files.body, '-w', '%{http_code} %{http_version}'];
  // `-f` is left out: the status is compared, whatever it is.
  const run = await runTool('curl', ['-sS', ...way.options, ...write, ...args, way.url + path]);
  assert.equal(run.stdout.toString(), `${status} ${way.version}`);
  return { ...run, headers: readFileSync(files.headers, 'utf8'), body: readFileSync(files.body) };
}
