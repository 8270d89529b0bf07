// SPDX-License-Identifier: Apache-2.0

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FieldBlock } from '../../hpack/index.ts';
import { parseResponse } from './response-head.ts';

function parse(fields: string[], block: Partial<FieldBlock> = {}) {
  return parseResponse({
    fields,
    listBytes: 42,
    count: fields.length / 2,
    overflow: 'none',
    malformed: undefined,
    neverIndexed: undefined,
    ...block,
  });
}

test('status, fields and length', () => {
  const parsed = parse([':status', '200', 'content-length', '5', 'x', 'y']);
  assert.ok(parsed.kind === 'response');
  assert.equal(parsed.head.status, 200);
  assert.deepEqual(parsed.head.fields.flat, ['content-length', '5', 'x', 'y']);
  assert.deepEqual([parsed.contentLength, parsed.listBytes], [5, 42]);
});

const MALFORMED: Readonly<Record<string, string[]>> = {
  // §8.3.2: "This pseudo-header field MUST be included in all responses, including interim responses; otherwise, the response
  // is malformed."
  'nothing at all': [],
  'no :status': ['x', 'y'],
  ':status behind a regular field': ['x', 'y', ':status', '200'],
  'two :status': [':status', '200', ':status', '200'],
  'a :status of two digits': [':status', '99'],
  'a :status of four digits': [':status', '2000'],
  'a :status of letters': [':status', 'abc'],
  'a :status below 100': [':status', '099'],
  'an empty :status': [':status', ''],
  // §8.6: "HTTP/2 removes support for the 101 (Switching Protocols) informational status code".
  'status 101': [':status', '101'],
  // §8.3: "Pseudo-header fields defined for requests MUST NOT appear in responses".
  ':path in a response': [':status', '200', ':path', '/'],
  'an unknown pseudo-header field': [':status', '200', ':foo', 'x'],
  // §8.2.2
  connection: [':status', '200', 'connection', 'close'],
  'transfer-encoding': [':status', '200', 'transfer-encoding', 'chunked'],
  // RFC 9110 §8.6: "A server MUST NOT send a Content-Length header field in any response with a status code of 1xx
  // (Informational) or 204 (No Content)."
  'content-length with 204': [':status', '204', 'content-length', '0'],
  'content-length with 103': [':status', '103', 'content-length', '0'],
  'content-length that is none': [':status', '200', 'content-length', 'x'],
  'two content-lengths': [':status', '200', 'content-length', '1', 'content-length', '1'],
};

for (const [name, fields] of Object.entries(MALFORMED)) {
  test(`malformed: ${name}`, () => assert.equal(parse(fields).kind, 'malformed'));
}

for (const status of ['100', '103', '200', '204', '304', '431', '599', '999']) {
  test(`status ${status}`, () => {
    const parsed = parse([':status', status]);
    assert.ok(parsed.kind === 'response');
    assert.deepEqual([parsed.head.status, parsed.contentLength], [Number(status), -1]);
  });
}

test('304 may announce the length it does not have', () => {
  assert.equal(parse([':status', '304', 'content-length', '5']).kind, 'response');
});

test('what the decoder has found wrong is passed on', () => {
  assert.deepEqual(parse([':status', '200'], { malformed: 'why' }), { kind: 'malformed', reason: 'why' });
});
