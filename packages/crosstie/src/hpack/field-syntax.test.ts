// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findNameFault, findValueFault } from './field-syntax.ts';

function nameFault(name: string): string | undefined {
  const bytes = Buffer.from(`<${name}>`, 'latin1');
  return findNameFault(bytes, 1, bytes.length - 1);
}

function valueFault(value: string): string | undefined {
  const bytes = Buffer.from(`\n${value}\n`, 'latin1');
  return findValueFault('x-a', bytes, 1, bytes.length - 1);
}

test('names of every token character but upper case are right', () => {
  for (const name of ["!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyz", 'a', ':path', 'x-a-bin', ':a']) {
    assert.equal(nameFault(name), undefined, name);
  }
});

test('RFC 9113 §8.2.1: no name contains 0x00-0x20, 0x41-0x5a or 0x7f-0xff, nor another separator', () => {
  const allowed = new Set("!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyz");
  for (let octet = 0; octet < 256; octet++) {
    const char = String.fromCharCode(octet);
    for (const name of [`${char}a`, `a${char}`, `:a${char}b`, `some-longer-name${char}x`]) {
      const isFine = allowed.has(char) || name === ':a';
      assert.equal(nameFault(name) === undefined, isFine, JSON.stringify(name));
    }
  }
});

test('what is wrong with a name is said in a way that is safe to print', () => {
  assert.equal(nameFault('Content-Type'), 'field name "Content-Type" has an upper-case letter');
  assert.equal(nameFault('a:b'), 'field name "a:b" has a colon inside');
  assert.equal(nameFault('a\r\n"\xe9'), 'field name "a\\x0d\\x0a\\x22\\xe9" has the character 0x0d');
  assert.equal(nameFault(''), 'a field name is empty');
  assert.equal(nameFault(':'), 'a field name is a colon alone');
  assert.equal(nameFault(`${'a'.repeat(100)} `), `field name "${'a'.repeat(64)}..." has the character 0x20`);
});

test('values of visible characters, inner white space and obs-text are right', () => {
  for (const value of [
    '',
    'a',
    'a b',
    'a\tb',
    '\x80\xff',
    '!~',
    'a long value, of 33 octets, at least',
    'caf\xe9 au lait',
  ]) {
    assert.equal(valueFault(value), undefined, JSON.stringify(value));
  }
});

test('RFC 9110 §5.5: no value contains a control character, at any position', () => {
  for (let octet = 0; octet < 256; octet++) {
    const isFine = octet === 0x09 || (octet >= 0x20 && octet !== 0x7f);
    for (let before = 1; before < 9; before++) {
      const value = `${'x'.repeat(before)}${String.fromCharCode(octet)}yyyyy`;
      assert.equal(valueFault(value) === undefined, isFine, JSON.stringify(value));
    }
  }
  assert.equal(valueFault('abc\ndef'), 'value of field "x-a" has the control character 0x0a at 3');
});

test('a control character behind obs-text or a tab is found', () => {
  assert.notEqual(valueFault('ab\xe9d\tfghijkl\r'), undefined);
  assert.notEqual(valueFault('\xff\xff\xff\xff\xff\x00'), undefined);
});

test('RFC 9113 §8.2.1: a value neither starts nor ends with white space', () => {
  for (const value of [' a', 'a ', '\ta', 'a\t', ' ', '\t']) {
    assert.equal(valueFault(value), 'value of field "x-a" begins or ends with white space', JSON.stringify(value));
  }
});
