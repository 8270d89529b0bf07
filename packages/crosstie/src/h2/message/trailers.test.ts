// SPDX-License-Identifier: Apache-2.0

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseTrailers } from './trailers.ts';

function parse(fields: string[], malformed?: string) {
  const neverIndexed = new Set(['grpc-message']);
  return parseTrailers({ fields, listBytes: 40, count: fields.length / 2, overflow: 'none', malformed, neverIndexed });
}

test('trailers are fields', () => {
  const parsed = parse(['grpc-status', '0', 'grpc-message', '']);
  assert.ok(parsed.kind === 'trailers');
  assert.deepEqual(parsed.fields.flat, ['grpc-status', '0', 'grpc-message', '']);
  assert.equal(parsed.listBytes, 40);
  assert.equal(parsed.fields.neverIndexed?.has('grpc-message'), true);
  assert.equal(parse([]).kind, 'trailers');
});

test('pseudo-header fields make trailers malformed', () => {
  // §8.1: "Pseudo-header fields MUST NOT appear in a trailer section."
  for (const name of [':status', ':path', ':foo']) assert.equal(parse(['x', 'y', name, '1']).kind, 'malformed', name);
});

test('connection-specific fields make trailers malformed', () => {
  // §8.2.2: "Any message containing connection-specific header fields MUST be treated as malformed".
  for (const name of ['connection', 'keep-alive', 'proxy-connection', 'transfer-encoding', 'upgrade']) {
    assert.equal(parse([name, 'x']).kind, 'malformed', name);
  }
  assert.equal(parse(['te', 'gzip']).kind, 'malformed');
});

test('what the decoder has found wrong is passed on', () => {
  assert.deepEqual(parse(['x', 'y'], 'why'), { kind: 'malformed', reason: 'why' });
});
