// SPDX-License-Identifier: Apache-2.0
// Every rule of RFC 9113 §8.2 and §8.3.1 on requests, as one table of what is malformed and one of what is not.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FieldBlock } from '../../hpack/index.ts';
import { parseRequest } from './request-head.ts';

type Pairs = readonly (readonly [name: string, value: string])[];

function parse(pairs: Pairs, block: Partial<FieldBlock> = {}) {
  const fields = pairs.flat();
  return parseRequest({
    fields,
    listBytes: 77,
    count: pairs.length,
    overflow: 'none',
    malformed: undefined,
    neverIndexed: undefined,
    ...block,
  });
}

const POST: Pairs = [
  [':method', 'POST'],
  [':scheme', 'http'],
  [':path', '/a?b=c'],
  [':authority', 'example.test:8080'],
];

/** `POST` with other values; undefined leaves the field away. */
function pseudo(change: Readonly<Record<string, string | undefined>>, more: Pairs = []): Pairs {
  const kept = POST.map(([name, value]) => [name, name in change ? change[name] : value] as const);
  return [...kept.filter((pair): pair is readonly [string, string] => pair[1] !== undefined), ...more];
}

function withFields(...more: Pairs): Pairs {
  return [...POST, ...more];
}

test('a head with all that the engine needs beside it', () => {
  const parsed = parse(withFields(['x-a', '1'], ['content-length', '12'], ['te', 'trailers']));
  assert.ok(parsed.kind === 'request');
  const { head, contentLength, listBytes } = parsed;
  assert.deepEqual(
    [head.method, head.scheme, head.authority, head.path],
    ['POST', 'http', 'example.test:8080', '/a?b=c'],
  );
  assert.deepEqual(head.fields.flat, ['x-a', '1', 'content-length', '12', 'te', 'trailers']);
  assert.deepEqual([contentLength, listBytes], [12, 77]);
});

const MALFORMED: Readonly<Record<string, Pairs>> = {
  // §8.3.1: "All HTTP/2 requests MUST include exactly one valid value for the ":method", ":scheme", and ":path" pseudo-header
  // fields, unless they are CONNECT requests".
  'no :method': pseudo({ ':method': undefined }),
  'no :scheme': pseudo({ ':scheme': undefined }),
  'no :path': pseudo({ ':path': undefined }),
  'empty :method': pseudo({ ':method': '' }),
  'a :method with a space': pseudo({ ':method': 'GET /x' }),
  'empty :scheme': pseudo({ ':scheme': '' }),
  'a :scheme that is none': pseudo({ ':scheme': 'http://' }),
  // §8.3.1: "This pseudo-header field MUST NOT be empty for "http" or "https" URIs"; it begins with "/", save "*".
  'empty :path': pseudo({ ':path': '' }),
  'a :path without "/" (CVE-2026-33186)': pseudo({ ':path': 'pkg.Service/Method' }),
  'an absolute URI as :path': pseudo({ ':path': 'http://example.test/' }),
  '"*" for POST': pseudo({ ':path': '*' }),
  'a space in :path': pseudo({ ':path': '/a HTTP/1.1' }),
  'a tab in :path': pseudo({ ':path': '/a\tb' }),
  // §8.3: "The same pseudo-header field name MUST NOT appear more than once in a field block."
  'two :method': withFields([':method', 'POST']),
  'two :scheme': withFields([':scheme', 'http']),
  'two :path': withFields([':path', '/b']),
  'two :authority': withFields([':authority', 'b']),
  // §8.3: "Endpoints MUST treat a request or response that contains undefined or invalid pseudo-header fields as malformed".
  'an unknown pseudo-header field': withFields([':foo', 'bar']),
  ':status in a request': withFields([':status', '200']),
  ':protocol without RFC 8441': pseudo({ ':method': 'CONNECT' }, [[':protocol', 'websocket']]),
  // §8.3: "All pseudo-header fields MUST appear in a field block before all regular field lines."
  'a pseudo-header field behind a regular one': [['x', 'y'], ...POST],
  'an unknown one behind a regular one': withFields(['x', 'y'], [':foo', 'bar']),
  // §8.3.1: ":authority MUST NOT include the deprecated userinfo subcomponent".
  'userinfo in :authority': pseudo({ ':authority': 'user@example.test' }),
  'empty :authority': pseudo({ ':authority': '' }),
  'a path in :authority': pseudo({ ':authority': 'a/test' }),
  'a query in :authority': pseudo({ ':authority': 'a?test' }),
  'a fragment in :authority': pseudo({ ':authority': 'a#test' }),
  'a backslash in :authority': pseudo({ ':authority': 'a\\test' }),
  'a space in :authority': pseudo({ ':authority': 'a test' }),
  'a byte beyond ASCII in :authority': pseudo({ ':authority': 'exa\xe7ple.test' }),
  'neither :authority nor host': pseudo({ ':authority': undefined }),
  'empty host alone': pseudo({ ':authority': undefined }, [['host', '']]),
  // §8.3.1: "A server SHOULD treat a request as malformed if it contains a Host header field that identifies an entity that
  // differs from the entity in the ":authority" pseudo-header field."
  'host other than :authority': withFields(['host', 'other.test']),
  'two host fields': withFields(['host', 'example.test:8080'], ['host', 'example.test:8080']),
  // §8.5: "The ":scheme" and ":path" pseudo-header fields MUST be omitted" from CONNECT; ":authority" is the target.
  'CONNECT with :path': pseudo({ ':method': 'CONNECT', ':scheme': undefined }),
  'CONNECT with :scheme': pseudo({ ':method': 'CONNECT', ':path': undefined }),
  'CONNECT without :authority': [[':method', 'CONNECT']],
  // §8.2.2: "An endpoint MUST NOT generate an HTTP/2 message containing connection-specific header fields."
  connection: withFields(['connection', 'close']),
  'keep-alive': withFields(['keep-alive', 'timeout=5']),
  'proxy-connection': withFields(['proxy-connection', 'close']),
  'transfer-encoding': withFields(['transfer-encoding', 'chunked']),
  upgrade: withFields(['upgrade', 'websocket']),
  'te other than trailers': withFields(['te', 'gzip']),
  'te with more than trailers': withFields(['te', 'trailers, gzip']),
  // RFC 9110 §8.6: one length, of digits.
  'content-length of letters': withFields(['content-length', 'abc']),
  'empty content-length': withFields(['content-length', '']),
  'negative content-length': withFields(['content-length', '-1']),
  'content-length with a sign': withFields(['content-length', '+1']),
  'content-length with a fraction': withFields(['content-length', '1.0']),
  'hexadecimal content-length': withFields(['content-length', '0x10']),
  'content-length beyond what compares exactly': withFields(['content-length', '9007199254740992']),
  'content-length of a list': withFields(['content-length', '1, 1']),
  'two equal content-lengths': withFields(['content-length', '1'], ['content-length', '1']),
  'two unequal content-lengths': withFields(['content-length', '1'], ['content-length', '2']),
};

for (const [name, pairs] of Object.entries(MALFORMED)) {
  test(`malformed: ${name}`, () => {
    const parsed = parse(pairs);
    assert.equal(parsed.kind, 'malformed');
    assert.ok(parsed.kind === 'malformed' && parsed.reason.length > 0);
  });
}

const WELL_FORMED: Readonly<Record<string, Pairs>> = {
  'OPTIONS *': pseudo({ ':method': 'OPTIONS', ':path': '*' }),
  'OPTIONS with a path': pseudo({ ':method': 'OPTIONS' }),
  'a method of our own': pseudo({ ':method': 'M-SEARCH' }),
  'a scheme of our own': pseudo({ ':scheme': 'coap+tcp' }),
  'pseudo-header fields in another order': [...POST].reverse(),
  'an IPv6 authority': pseudo({ ':authority': '[::1]:80' }),
  'a percent-encoded authority': pseudo({ ':authority': 'a%2Dsocket' }),
  'host equal to :authority': withFields(['host', 'example.test:8080']),
  'host equal but for the case': withFields(['host', 'EXAMPLE.test:8080']),
  'te: trailers': withFields(['te', 'trailers']),
  'te: Trailers': withFields(['te', 'Trailers']),
  'CONNECT with :authority alone': [
    [':method', 'CONNECT'],
    [':authority', 'example.test:443'],
  ],
  'content-length of 0': withFields(['content-length', '0']),
  'the largest content-length': withFields(['content-length', '9007199254740991']),
  'leading zeros': withFields(['content-length', '0007']),
  'names that objects have': withFields(['__proto__', 'x'], ['constructor', 'y']),
};

for (const [name, pairs] of Object.entries(WELL_FORMED)) {
  test(`well-formed: ${name}`, () => {
    assert.deepEqual([parse(pairs).kind, Object(parse(pairs)).reason], ['request', undefined]);
  });
}

test('what the decoder has found wrong is passed on', () => {
  assert.deepEqual(parse(POST, { malformed: 'a reason' }), { kind: 'malformed', reason: 'a reason' });
});

test('the authority comes from host if there is no other', () => {
  const parsed = parse(pseudo({ ':authority': undefined }, [['host', 'h.test']]));
  assert.ok(parsed.kind === 'request');
  assert.equal(parsed.head.authority, 'h.test');
});

test('without content-length it is -1; CONNECT has neither scheme nor path', () => {
  const parsed = parse([
    [':method', 'CONNECT'],
    [':authority', 'a:1'],
  ]);
  assert.ok(parsed.kind === 'request');
  assert.deepEqual([parsed.contentLength, parsed.head.scheme, parsed.head.path], [-1, '', '']);
});

test('cookie crumbs are joined where the first stood', () => {
  // §8.2.3: "these MUST be concatenated into a single octet string using the two-octet delimiter of 0x3b, 0x20".
  const parsed = parse(withFields(['cookie', 'a=1'], ['x', 'cookie'], ['cookie', 'b=2'], ['cookie', 'c=3']));
  assert.ok(parsed.kind === 'request');
  assert.deepEqual(parsed.head.fields.flat, ['cookie', 'a=1; b=2; c=3', 'x', 'cookie']);
  const one = parse(withFields(['x', 'cookie'], ['cookie', 'a=1']));
  assert.ok(one.kind === 'request');
  assert.deepEqual(one.head.fields.flat, ['x', 'cookie', 'cookie', 'a=1']);
});

test('cookie crumbs are joined also when a value before them is "cookie"', () => {
  const parsed = parse(withFields(['x', 'cookie'], ['cookie', 'a=1'], ['cookie', 'b=2']));
  assert.ok(parsed.kind === 'request');
  assert.deepEqual(parsed.head.fields.flat, ['x', 'cookie', 'cookie', 'a=1; b=2']);
});

test('what is never to be indexed is passed on', () => {
  const parsed = parse(withFields(['x', 'y']), { neverIndexed: new Set(['x']) });
  assert.ok(parsed.kind === 'request');
  assert.equal(parsed.head.fields.neverIndexed?.has('x'), true);
});
