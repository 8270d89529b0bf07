// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encodeField, encodeFields, encodeInteger, WireHpackDecoder } from './wire-hpack.ts';

const bytes = (hex: string) => Buffer.from(hex.replaceAll(' ', ''), 'hex');

test('integers as in RFC 7541 C.1', () => {
  assert.deepEqual(encodeInteger(10, 5), bytes('0a'));
  assert.deepEqual(encodeInteger(1337, 5), bytes('1f9a0a'));
  assert.deepEqual(encodeInteger(42, 8), bytes('2a'));
  assert.deepEqual(encodeInteger(31, 5, 0x20), bytes('3f00'));
});

test('a literal with indexing enters the table, as in RFC 7541 C.2.1, C.3.1 and C.4.1', () => {
  const decoder = new WireHpackDecoder();
  const literal = bytes('400a 6375 7374 6f6d 2d6b 6579 0d63 7573 746f 6d2d 6865 6164 6572');
  assert.deepEqual(decoder.decode(literal), [['custom-key', 'custom-header']]);
  assert.deepEqual(decoder.decode(bytes('be')), [['custom-key', 'custom-header']]);
  const request = [
    [':method', 'GET'],
    [':scheme', 'http'],
    [':path', '/'],
    [':authority', 'www.example.com'],
  ];
  assert.deepEqual(decoder.decode(bytes('8286 8441 0f77 7777 2e65 7861 6d70 6c65 2e63 6f6d')), request);
  assert.deepEqual(decoder.decode(bytes('8286 8441 8cf1 e3c2 e5f2 3a6b a0ab 90f4 ff')), request);
});

test('a size update evicts, and what was evicted has no index', () => {
  const decoder = new WireHpackDecoder();
  decoder.decode(
    encodeFields(
      [
        ['a', '1'],
        ['b', '2'],
      ],
      'indexed',
    ),
  );
  assert.deepEqual(decoder.decode(bytes('be bf')), [
    ['b', '2'],
    ['a', '1'],
  ]);
  // 34 bytes: room for one entry of one-character name and value.
  assert.deepEqual(decoder.decode(Buffer.concat([encodeInteger(34, 5, 0x20), bytes('be')])), [['b', '2']]);
  assert.throws(() => decoder.decode(bytes('bf')), /index 63 is in neither table/);
});

test('literals without indexing, and never indexed ones, enter no table', () => {
  const decoder = new WireHpackDecoder();
  assert.deepEqual(decoder.decode(Buffer.concat([encodeField('a', '1'), encodeField('b', '2', 'never-indexed')])), [
    ['a', '1'],
    ['b', '2'],
  ]);
  assert.throws(() => decoder.decode(bytes('be')), /neither table/);
});

test('broken blocks are errors', () => {
  const decoder = new WireHpackDecoder();
  assert.throws(() => decoder.decode(bytes('80')), /index 0/);
  assert.throws(() => decoder.decode(bytes('0005 61')), /ends after its block/);
  assert.throws(() => decoder.decode(bytes('00')), /ends inside a field/);
  // RFC 7541 §5.2: padding not corresponding to the most significant bits of EOS.
  assert.throws(() => decoder.decode(bytes('0081 00 00')), /ends inside a code/);
});
