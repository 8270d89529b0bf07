// SPDX-License-Identifier: Apache-2.0

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ensureSendable } from './field-syntax.ts';

const name = (text: string) => () => ensureSendable([text, 'v']);
const value = (text: string) => () => ensureSendable(['x', text]);

test('tokens in lower case are names, also behind the colon of a pseudo-header field', () => {
  for (const text of ['x', 'grpc-status', ':path', "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyz"]) {
    assert.doesNotThrow(name(text), text);
  }
});

test('anything else is no name', () => {
  // RFC 9113 §8.2.1: "A field name MUST NOT contain characters in the ranges 0x00-0x20, 0x41-0x5a, or 0x7f-0xff", "field
  // names MUST NOT include a colon", pseudo-header fields apart.
  const bad = [
    '',
    ':',
    'X',
    'content-Type',
    'a:b',
    '::path',
    'a b',
    ' a',
    'a\n',
    'a\0',
    '\x7f',
    '\x80',
    '\u0100',
    '(',
    '"',
  ];
  for (const text of bad)
    assert.throws(name(text), { name: 'TypeError', message: /header name/ }, JSON.stringify(text));
});

test('visible Latin-1 with spaces and tabs inside is a value, and so is nothing', () => {
  for (const text of ['', 'v', 'a b\tc', '\x21', '\x7e', '\x80\xff', 'ü', 'a'.repeat(100_000)]) {
    assert.doesNotThrow(value(text));
  }
});

test('control characters, white space at the ends and text beyond Latin-1 are no value', () => {
  // RFC 9113 §8.2.1: "A field value MUST NOT contain the zero value (ASCII NUL, 0x00), line feed (ASCII LF, 0x0a), or
  // carriage return (ASCII CR, 0x0d) at any position", "MUST NOT start or end with an ASCII whitespace character".
  const bad = [
    ' ',
    '\t',
    ' v',
    'v ',
    '\tv',
    'v\t',
    'a\nb',
    'a\rb',
    'a\r\nb',
    'v\n',
    'a\0b',
    'a\x01b',
    'a\x7fb',
    '\u0100',
    '€',
  ];
  for (const text of bad) assert.throws(value(text), { name: 'TypeError', message: /header x/ }, JSON.stringify(text));
});

test('U+010A is not cut to a line feed: it is refused', () => {
  assert.throws(value('a\u010ab'), TypeError);
});

test('every pair is looked at, and the message names the one', () => {
  assert.throws(() => ensureSendable(['a', '1', 'b', '2\n']), /header b/);
  assert.throws(() => ensureSendable(['a', '1', 'B', '2']), /"B"/);
  assert.doesNotThrow(() => ensureSendable([]));
});

test('a long value takes linear time', () => {
  // Blanks before a bad end are where a careless pattern would try every one of them.
  const slow = `a${' '.repeat(200_000)}\n`;
  assert.throws(value(slow), TypeError);
});
