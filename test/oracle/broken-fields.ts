// SPDX-License-Identifier: Apache-2.0
// Requests whose header fields are wrong, or look wrong and are right: RFC 9113 §8, one row a case.

import type { Field } from './wire-hpack.ts';

export interface FieldsCase {
  readonly name: string;
  readonly fields: readonly Field[];
  /** Present: HEADERS goes without END_STREAM and this follows. */
  readonly body?: string;
  /** Follows the body. */
  readonly trailers?: readonly Field[];
  /** The trailers' HEADERS frame does not end the stream (§8.1: malformed). */
  readonly openTrailers?: boolean;
}

const METHOD: Field = [':method', 'POST'];
const SCHEME: Field = [':scheme', 'http'];
const PATH: Field = [':path', '/'];
const AUTHORITY: Field = [':authority', 'a.test'];
const BASE: readonly Field[] = [METHOD, SCHEME, PATH, AUTHORITY];

function withRegular(name: string, value: string): FieldsCase {
  return { name: `field ${JSON.stringify(name)}: ${JSON.stringify(value)}`, fields: [...BASE, [name, value]] };
}

/** The base request with one pseudo-header field given another value, or left out. */
function withPseudo(name: string, value: string | undefined, rest: readonly Field[] = []): FieldsCase {
  const fields = BASE.flatMap((field): Field[] =>
    field[0] !== name ? [field] : value === undefined ? [] : [[name, value]],
  );
  const suffix = rest.map((field) => ` and ${field.join(': ')}`).join('');
  return {
    name: `${name} ${value === undefined ? 'missing' : JSON.stringify(value)}${suffix}`,
    fields: [...fields, ...rest],
  };
}

function length(value: string, body: string | undefined): FieldsCase {
  const fields: Field[] = [...BASE, ['content-length', value]];
  const name = `content-length ${value}, body ${body === undefined ? 'none' : body.length}`;
  return body === undefined ? { name, fields } : { name, fields, body };
}

function trailers(name: string, fields: readonly Field[], openTrailers = false): FieldsCase {
  return { name: `trailers: ${name}`, fields: BASE, body: 'abc', trailers: fields, openTrailers };
}

function connect(name: string, fields: readonly Field[]): FieldsCase {
  return { name: `CONNECT ${name}`, fields: [[':method', 'CONNECT'], ...fields], body: 'abc' };
}

// §8.2.1: what a name and a value may not contain.
const REGULAR_FIELDS: readonly FieldsCase[] = [
  withRegular('X-Upper', 'a'),
  withRegular('', 'a'),
  withRegular('a b', 'a'),
  withRegular('a:b', 'a'),
  withRegular('a\x00', 'a'),
  withRegular('a\x7f', 'a'),
  withRegular('a\x80', 'a'),
  withRegular('a"b', 'a'),
  withRegular('x-nul', 'a\x00b'),
  withRegular('x-cr', 'a\rb'),
  withRegular('x-lf', 'a\nb'),
  withRegular('x-leading', ' a'),
  withRegular('x-trailing', 'a '),
  withRegular('x-leading-tab', '\ta'),
  withRegular('x-trailing-tab', 'a\t'),
  withRegular('x-only-space', ' '),
  withRegular('x-inner', 'a \t b'),
  withRegular('x-control', 'a\x01b'),
  withRegular('x-delete', 'a\x7fb'),
  withRegular('x-latin1', 'a\xffb'),
  withRegular('x-empty', ''),
  withRegular('__proto__', 'x'),
  withRegular('constructor', 'x'),
  withRegular('cookie', ''),
  withRegular('cookie', 'a=b; c=d'),
  withRegular('content-type', 'text/plain\x00'),
  { name: 'cookies in crumbs', fields: [...BASE, ['cookie', 'a=1'], ['x', 'y'], ['cookie', 'b=2']] },
  { name: 'one name twice', fields: [...BASE, ['accept', 'a'], ['accept', 'b']] },
  // §8.2.2: connection-specific fields.
  withRegular('connection', 'close'),
  withRegular('keep-alive', '5'),
  withRegular('proxy-connection', 'close'),
  withRegular('transfer-encoding', 'chunked'),
  withRegular('upgrade', 'h2c'),
  withRegular('te', 'gzip'),
  withRegular('te', 'trailers'),
  withRegular('te', 'Trailers'),
  withRegular('te', 'trailers, gzip'),
  withRegular('te', ''),
];

// §8.3: pseudo-header fields.
const PSEUDO_FIELDS: readonly FieldsCase[] = [
  withPseudo(':method', undefined),
  withPseudo(':method', ''),
  withPseudo(':method', 'GE T'),
  withPseudo(':method', 'g(t'),
  withPseudo(':method', 'get'),
  withPseudo(':method', 'GET\r\n'),
  withPseudo(':scheme', undefined),
  withPseudo(':scheme', ''),
  withPseudo(':scheme', 'HTTP'),
  withPseudo(':scheme', '1x'),
  withPseudo(':scheme', 'ht tp'),
  withPseudo(':scheme', 'ftp'),
  withPseudo(':path', undefined),
  withPseudo(':path', ''),
  withPseudo(':path', 'nopath'),
  withPseudo(':path', '*'),
  withPseudo(':path', '//a'),
  withPseudo(':path', '/a b'),
  withPseudo(':path', '/a\x00'),
  withPseudo(':path', '/a\tb'),
  withPseudo(':path', '/a\r\nb: c'),
  withPseudo(':path', '/a#b'),
  withPseudo(':path', '/\xe4'),
  withPseudo(':path', '/a\x7f'),
  withPseudo(':path', 'http://a.test/'),
  withPseudo(':authority', undefined),
  withPseudo(':authority', ''),
  withPseudo(':authority', 'user@a.test'),
  withPseudo(':authority', 'a test'),
  withPseudo(':authority', 'a/test'),
  withPseudo(':authority', 'a,b'),
  withPseudo(':authority', 'a\r\n'),
  withPseudo(':authority', 'a\x00'),
  withPseudo(':authority', 'exa\xe7ple.test'),
  withPseudo(':authority', '[::1]:8080'),
  withPseudo(':authority', undefined, [['host', 'a.test']]),
  withPseudo(':authority', undefined, [['host', '']]),
  withPseudo(':authority', undefined, [['host', 'user@a.test']]),
  withPseudo(':authority', 'a.test', [['host', 'a.test']]),
  withPseudo(':authority', 'a.test', [['host', 'A.TEST']]),
  withPseudo(':authority', 'a.test', [['host', 'b.test']]),
  withPseudo(':authority', 'a.test', [
    ['host', 'a.test'],
    ['host', 'a.test'],
  ]),
  { name: ':method twice', fields: [METHOD, ...BASE] },
  { name: ':scheme twice', fields: [SCHEME, ...BASE] },
  { name: ':path twice', fields: [PATH, ...BASE] },
  { name: ':authority twice', fields: [AUTHORITY, ...BASE] },
  { name: ':status in a request', fields: [...BASE, [':status', '200']] },
  { name: 'unknown pseudo-header field', fields: [...BASE, [':foo', 'bar']] },
  { name: 'empty pseudo-header name', fields: [...BASE, [':', 'bar']] },
  { name: 'upper-case pseudo-header name', fields: [[':Method', 'GET'], SCHEME, PATH, AUTHORITY] },
  { name: 'pseudo after regular', fields: [METHOD, SCHEME, PATH, ['x', 'y'], AUTHORITY] },
  { name: ':protocol without CONNECT', fields: [...BASE, [':protocol', 'websocket']] },
  { name: 'OPTIONS *', fields: [[':method', 'OPTIONS'], SCHEME, [':path', '*'], AUTHORITY] },
  { name: 'OPTIONS nopath', fields: [[':method', 'OPTIONS'], SCHEME, [':path', 'nopath'], AUTHORITY] },
  { name: 'no field at all', fields: [] },
  { name: 'regular fields only', fields: [['x', 'y']] },
  // §8.5.
  connect('alone', [AUTHORITY]),
  connect('with :path', [AUTHORITY, PATH]),
  connect('with :scheme', [AUTHORITY, SCHEME]),
  connect('without :authority', []),
  connect('extended, not offered (RFC 8441)', [AUTHORITY, SCHEME, PATH, [':protocol', 'websocket']]),
];

// §8.1.1: content-length.
const LENGTHS: readonly FieldsCase[] = [
  length('3', 'abc'),
  length('0', undefined),
  length('3', undefined),
  length('2', 'abc'),
  length('4', 'abc'),
  length('0', 'abc'),
  length('', 'abc'),
  length('+3', 'abc'),
  length('-3', 'abc'),
  length('3.0', 'abc'),
  length('03', 'abc'),
  length('0x3', 'abc'),
  length('3, 3', 'abc'),
  length('3,4', 'abc'),
  length('99999999999999999999', 'abc'),
  length('9223372036854775807', 'abc'),
  {
    name: 'content-length twice, equal',
    fields: [...BASE, ['content-length', '3'], ['content-length', '3']],
    body: 'abc',
  },
  {
    name: 'content-length twice, unequal',
    fields: [...BASE, ['content-length', '3'], ['content-length', '4']],
    body: 'abc',
  },
  {
    name: 'content-length too large, closed by trailers',
    fields: [...BASE, ['content-length', '4']],
    body: 'abc',
    trailers: [['x', 'y']],
  },
];

const TRAILERS: readonly FieldsCase[] = [
  trailers('plain', [['x-checksum', 'abc']]),
  trailers('empty block', []),
  trailers('pseudo-header field', [[':path', '/']]),
  trailers(':status', [[':status', '200']]),
  trailers('upper case', [['X-Check', 'a']]),
  trailers('connection', [['connection', 'close']]),
  trailers('transfer-encoding', [['transfer-encoding', 'chunked']]),
  trailers('te', [['te', 'trailers']]),
  trailers('content-length', [['content-length', '3']]),
  trailers('cookie', [['cookie', 'a=b']]),
  trailers('host', [['host', 'b.test']]),
  trailers('NUL', [['x', 'a\x00']]),
  trailers('without END_STREAM', [['x', 'y']], true),
];

// The limits of 128 fields and 16 KiB (each field counts 32 bytes more than its text), at their edges.
const LIMITS: readonly FieldsCase[] = [
  ...[128, 129, 140].map((count) => ({
    name: `${count} fields`,
    fields: [...BASE, ...Array.from({ length: count - BASE.length }, (_, i): Field => [`x${i}`, ''])],
  })),
  { name: '130 cookie crumbs', fields: [...BASE, ...Array.from({ length: 130 }, (): Field => ['cookie', 'a'])] },
  ...[16_384, 16_385, 40_000].map((bytes) => ({
    name: `header list of ${bytes} bytes`,
    fields: [...BASE, listFiller(bytes)],
  })),
];

function listFiller(listBytes: number): Field {
  const used = BASE.reduce((sum, [name, value]) => sum + name.length + value.length + 32, 0);
  return ['x-filler', 'v'.repeat(listBytes - used - 'x-filler'.length - 32)];
}

export const FIELDS_CASES: readonly FieldsCase[] = [
  ...REGULAR_FIELDS,
  ...PSEUDO_FIELDS,
  ...LENGTHS,
  ...TRAILERS,
  ...LIMITS,
];
