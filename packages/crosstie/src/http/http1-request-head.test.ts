// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Http1RequestHead, isRefusal, parseRequestHead, parseTrailers } from './http1-request-head.ts';

const MAX_FIELDS = 128;

function parse(request: { method?: string; target?: string; fields?: readonly string[]; isSecure?: boolean }) {
  const { method = 'GET', target = '/', fields = ['Host', 'shop.test'], isSecure = false } = request;
  return parseRequestHead({ method, target, rawFields: fields, isSecure }, MAX_FIELDS);
}

function accepted(request: Parameters<typeof parse>[0]): Http1RequestHead {
  const result = parse(request);
  assert.ok(!isRefusal(result), JSON.stringify(result));
  return result;
}

function refusedStatus(request: Parameters<typeof parse>[0]): number {
  const result = parse(request);
  assert.ok(isRefusal(result), 'accepted');
  assert.ok(result.reason.length > 0);
  return result.status;
}

test('names are lower case, duplicates stay, in order', () => {
  const { head } = accepted({ fields: ['HOST', 'a', 'X-One', '1', 'Cookie', 'a=1', 'x-one', '2', 'Cookie', 'b=2'] });
  assert.deepEqual(head.fields.flat, ['x-one', '1', 'cookie', 'a=1', 'x-one', '2', 'cookie', 'b=2']);
  assert.deepEqual(head.fields.getAll('x-one'), ['1', '2']);
});

test('the host is the authority, the transport is the scheme', () => {
  assert.equal(accepted({}).head.authority, 'shop.test');
  assert.equal(accepted({}).head.scheme, 'http');
  assert.equal(accepted({ isSecure: true }).head.scheme, 'https');
  assert.equal(accepted({ fields: [] }).head.authority, '', 'HTTP/1.0 has no host');
});

test('an absolute target gives the authority, whatever the host field says', () => {
  const { head } = accepted({ target: 'http://real.test:81/a?b', fields: ['host', 'other.test'] });
  assert.equal(head.authority, 'real.test:81');
  assert.equal(head.path, '/a?b');
  assert.equal(accepted({ target: 'HTTP://real.test' }).head.path, '/');
  assert.equal(accepted({ target: 'http://real.test?q' }).head.path, '/?q');
  assert.equal(accepted({ target: 'http://real.test', method: 'OPTIONS' }).head.path, '*');
});

test('the asterisk is for OPTIONS', () => {
  assert.equal(accepted({ target: '*', method: 'OPTIONS' }).head.path, '*');
  assert.equal(refusedStatus({ target: '*' }), 400);
});

test('targets that are neither path nor URL are refused', () => {
  for (const target of [
    '',
    'Service/Method',
    'shop.test:443',
    'ftp://a/',
    'http://',
    '/a b',
    '/a\u00e9',
    '/a\r\nx: y',
  ]) {
    assert.equal(refusedStatus({ target }), 400, JSON.stringify(target));
  }
  assert.equal(refusedStatus({ method: 'CONNECT', target: 'shop.test:443' }), 501);
});

test('hosts that mislead are refused', () => {
  assert.equal(refusedStatus({ fields: ['host', 'a', 'Host', 'a'] }), 400);
  for (const host of ['user@shop.test', 'shop.test/x', 'a b', 'a\\b']) {
    assert.equal(refusedStatus({ fields: ['host', host] }), 400, host);
  }
  assert.equal(refusedStatus({ target: 'http://user@shop.test/' }), 400);
});

test('two lengths are refused', () => {
  const host = ['host', 'a'];
  assert.equal(refusedStatus({ fields: [...host, 'content-length', '3', 'Transfer-Encoding', 'chunked'] }), 400);
  assert.equal(refusedStatus({ fields: [...host, 'content-length', '3', 'Content-Length', '3'] }), 400);
  for (const length of ['3, 3', '-1', '+1', '0x10', '', '1e3', '99999999999999999999']) {
    assert.equal(refusedStatus({ fields: [...host, 'content-length', length] }), 400, length);
  }
  assert.equal(accepted({ fields: [...host, 'Content-Length', '3'] }).head.fields.get('content-length'), '3');
});

test('what belongs to the connection stays on it', () => {
  const { head } = accepted({
    fields: [
      ...['host', 'a', 'Connection', 'keep-alive, X-Hop, content-length', 'Keep-Alive', '5', 'X-Hop', '1'],
      ...['Upgrade', 'h2c', 'HTTP2-Settings', 'AAMA', 'Proxy-Connection', 'x', 'Content-Length', '3', 'X-Stays', '2'],
    ],
  });
  assert.deepEqual(head.fields.flat, ['content-length', '3', 'x-stays', '2']);
});

test('te says whether trailers are read, and nothing else of it goes up', () => {
  const withTrailers = accepted({ fields: ['host', 'a', 'TE', 'gzip;q=0.5, Trailers'] });
  assert.equal(withTrailers.takesTrailers, true);
  assert.deepEqual(withTrailers.head.fields.flat, ['te', 'trailers']);
  const without = accepted({ fields: ['host', 'a', 'te', 'gzip'] });
  assert.equal(without.takesTrailers, false);
  assert.deepEqual(without.head.fields.flat, []);
});

test('128 fields are taken, 129 are 431', () => {
  const fields = Array.from({ length: MAX_FIELDS }, (_, i) => (i === 0 ? ['host', 'a'] : ['x', '1'])).flat();
  assert.equal(accepted({ fields }).head.fields.count, MAX_FIELDS - 1);
  assert.equal(refusedStatus({ fields: [...fields, 'x', '1'] }), 431);
});

test('trailers bring nothing that decides about the message', () => {
  const trailers = parseTrailers([
    'Grpc-Status',
    '0',
    'Content-Length',
    '1',
    'Transfer-Encoding',
    'chunked',
    'Host',
    'x',
  ]);
  assert.deepEqual(trailers?.flat, ['grpc-status', '0']);
  assert.equal(parseTrailers([]), undefined);
});
