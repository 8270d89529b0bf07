// SPDX-License-Identifier: Apache-2.0

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { OutgoingHeaders, outgoingHeaders, PreparedHeaders, prepareHeaders } from './outgoing-headers.ts';

const HEAD = prepareHeaders([
  [':method', 'POST'],
  ['te', 'trailers'],
]);

test('prepared fields come first, then those of the call', () => {
  const head = HEAD.with(['x-a', '1']).with(['x-b', '2']);
  assert.deepEqual(
    [...head],
    [
      [':method', 'POST'],
      ['te', 'trailers'],
      ['x-a', '1'],
      ['x-b', '2'],
    ],
  );
  assert.equal(head.prepared, HEAD.prepared, 'the prepared part is shared, not copied');
  assert.equal([...HEAD].length, 2, 'and the head it came from is as it was');
});

test('each prepared part has an id of its own', () => {
  const ids = [HEAD, prepareHeaders([]), prepareHeaders([])].map((head) => head.prepared?.id);
  assert.equal(new Set(ids).size, 3);
});

test('the list size is counted as a receiver counts it', () => {
  // RFC 9113 §6.5.2: "the length of the name and value in units of octets plus an overhead of 32 octets for each field".
  assert.equal(outgoingHeaders([]).listBytes, 0);
  assert.equal(outgoingHeaders([['ab', 'cde']]).listBytes, 5 + 32);
  assert.equal(HEAD.with(['x-a', '1']).listBytes, 11 + 32 + 10 + 32 + 4 + 32);
});

test('the method, wherever it stands', () => {
  assert.equal(HEAD.method, 'POST');
  assert.equal(HEAD.with(['x', 'y']).method, 'POST');
  assert.equal(outgoingHeaders([[':method', 'HEAD']]).method, 'HEAD');
  assert.equal(prepareHeaders([['x', ':method']]).method, undefined);
});

test('what could not be sent is refused where it is made', () => {
  assert.throws(() => prepareHeaders([['X', '1']]), /header name "X"/);
  assert.throws(() => outgoingHeaders([['x', 'a\r\nb']]), /header x/);
  assert.throws(() => HEAD.with(['x', 'a\n']), /header x/);
  assert.throws(() => new PreparedHeaders([['', '']]), TypeError);
  assert.throws(() => new OutgoingHeaders(undefined, ['x', '\0']), TypeError);
});

test('names to be never indexed stay so when fields are added', () => {
  const secret = outgoingHeaders([['x-key', 'k']], new Set(['x-key']));
  assert.deepEqual([...(secret.with(['x-a', '1']).sensitive ?? [])], ['x-key']);
  assert.deepEqual([...(secret.with(['x-b', '2'], new Set(['x-b'])).sensitive ?? [])].sort(), ['x-b', 'x-key']);
});
