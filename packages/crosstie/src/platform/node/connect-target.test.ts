// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ConnectError } from './connect-error.ts';
import { parseTarget } from './connect-target.ts';

test('targets say host, port and whether TLS is meant', () => {
  const tcp = (host: string, port: number, tls?: boolean) => ({ kind: 'tcp', host, port, tls });
  assert.deepEqual(parseTarget('shop.test:8080'), tcp('shop.test', 8080));
  assert.deepEqual(parseTarget('[::1]:8080'), tcp('::1', 8080));
  assert.deepEqual(parseTarget('http://shop.test:8080'), tcp('shop.test', 8080, false));
  assert.deepEqual(parseTarget('http://shop.test'), tcp('shop.test', 80, false));
  assert.deepEqual(parseTarget('https://shop.test/'), tcp('shop.test', 443, true));
  assert.deepEqual(parseTarget('HTTPS://[::1]'), tcp('::1', 443, true));
  assert.deepEqual(parseTarget({ host: '::1', port: 1 }), tcp('::1', 1));
});

test('unix sockets by gRPC’s names', () => {
  assert.deepEqual(parseTarget('unix:/run/a.sock'), { kind: 'unix', path: '/run/a.sock', tls: undefined });
  assert.deepEqual(parseTarget('unix:///run/a.sock'), { kind: 'unix', path: '/run/a.sock', tls: undefined });
  assert.deepEqual(parseTarget('unix:a.sock'), { kind: 'unix', path: 'a.sock', tls: undefined });
  assert.deepEqual(parseTarget({ path: 'a.sock' }), { kind: 'unix', path: 'a.sock', tls: undefined });
});

test('anything else is an error that lists the forms', () => {
  const bad = ['', 'shop.test', 'shop.test:', ':80', '::1:80', 'shop.test:0', 'shop.test:65536', 'unix:', 'ftp://a:1'];
  for (const target of [...bad, 'http://a/path', 'http://user@a:1', 'http://']) {
    assert.throws(() => parseTarget(target), ConnectError, target);
  }
  assert.throws(() => parseTarget('shop.test'), /use host:port/);
});
