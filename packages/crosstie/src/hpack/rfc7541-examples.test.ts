// SPDX-License-Identifier: Apache-2.0
// The examples of RFC 7541 Appendix C, with the table that each leaves behind.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HpackDecoder } from './decoder.ts';
import { HpackEncoder, Indexing } from './encoder.ts';
import { HpackError } from './error.ts';

interface Example {
  readonly hex: string;
  /** `name: value` a line. */
  readonly fields: readonly string[];
  /** The dynamic table afterwards, newest first, and its size. */
  readonly table: readonly string[];
  readonly tableBytes: number;
}

const LIMITS = { maxTableBytes: 4096, maxListBytes: 16_384, maxFields: 128, abortListBytes: 65_536 };
const LAST_STATIC_INDEX = 61;

const bytesOf = (hex: string): Buffer => Buffer.from(hex.replaceAll(' ', ''), 'hex');

function lines(fields: readonly string[]): string[] {
  return fields.flatMap((name, i) => (i % 2 === 0 ? [`${name}: ${fields[i + 1]}`] : []));
}

function check(decoder: HpackDecoder, example: Example): void {
  const block = bytesOf(example.hex);
  const decoded = decoder.decode(block, 0, block.length);
  assert.deepEqual(lines(decoded.fields), example.fields);
  assert.equal(decoded.malformed, undefined);
  const references = Buffer.from(example.table.map((_, age) => 0x80 | (LAST_STATIC_INDEX + 1 + age)));
  const table = decoder.decode(references, 0, references.length);
  assert.deepEqual(lines(table.fields), example.table);
  assert.equal(table.listBytes, example.tableBytes);
  const beyond = Buffer.of(0x80 | (LAST_STATIC_INDEX + 1 + example.table.length));
  assert.throws(() => decoder.decode(beyond, 0, 1), HpackError);
}

function checkAll(decoder: HpackDecoder, examples: readonly Example[]): void {
  for (const example of examples) check(decoder, example);
}

const CUSTOM_HEADER = 'custom-key: custom-header';

test('C.2: one representation of each kind', () => {
  const inserting = '400a 6375 7374 6f6d 2d6b 6579 0d63 7573 746f 6d2d 6865 6164 6572';
  check(new HpackDecoder(LIMITS), { hex: inserting, fields: [CUSTOM_HEADER], table: [CUSTOM_HEADER], tableBytes: 55 });
  const plain = '040c 2f73 616d 706c 652f 7061 7468';
  check(new HpackDecoder(LIMITS), { hex: plain, fields: [':path: /sample/path'], table: [], tableBytes: 0 });
  const never = '1008 7061 7373 776f 7264 0673 6563 7265 74';
  check(new HpackDecoder(LIMITS), { hex: never, fields: ['password: secret'], table: [], tableBytes: 0 });
  const neverBlock = new HpackDecoder(LIMITS).decode(bytesOf(never), 0, bytesOf(never).length);
  assert.deepEqual(neverBlock.neverIndexed, new Set(['password']));
  check(new HpackDecoder(LIMITS), { hex: '82', fields: [':method: GET'], table: [], tableBytes: 0 });
});

const EXAMPLE_AUTHORITY = ':authority: www.example.com';
const REQUESTS: readonly Omit<Example, 'hex'>[] = [
  {
    fields: [':method: GET', ':scheme: http', ':path: /', EXAMPLE_AUTHORITY],
    table: [EXAMPLE_AUTHORITY],
    tableBytes: 57,
  },
  {
    fields: [':method: GET', ':scheme: http', ':path: /', EXAMPLE_AUTHORITY, 'cache-control: no-cache'],
    table: ['cache-control: no-cache', EXAMPLE_AUTHORITY],
    tableBytes: 110,
  },
  {
    fields: [':method: GET', ':scheme: https', ':path: /index.html', EXAMPLE_AUTHORITY, 'custom-key: custom-value'],
    table: ['custom-key: custom-value', 'cache-control: no-cache', EXAMPLE_AUTHORITY],
    tableBytes: 164,
  },
];

const PLAIN_REQUESTS = [
  '8286 8441 0f77 7777 2e65 7861 6d70 6c65 2e63 6f6d',
  '8286 84be 5808 6e6f 2d63 6163 6865',
  '8287 85bf 400a 6375 7374 6f6d 2d6b 6579 0c63 7573 746f 6d2d 7661 6c75 65',
];

test('C.3: requests without Huffman coding', () => {
  checkAll(
    new HpackDecoder(LIMITS),
    REQUESTS.map((request, i) => ({ ...request, hex: PLAIN_REQUESTS[i] })),
  );
});

test('C.3, encoded: our encoder writes the same bytes', () => {
  const encoder = new HpackEncoder(4096);
  const out = Buffer.alloc(256);
  for (const [i, { fields }] of REQUESTS.entries()) {
    let at = 0;
    for (const line of fields) {
      const split = line.indexOf(': ');
      at = encoder.writeField(line.slice(0, split), line.slice(split + 2), Indexing.Insert, out, at);
    }
    assert.equal(out.toString('hex', 0, at), PLAIN_REQUESTS[i].replaceAll(' ', ''));
  }
});

test('C.4: requests with Huffman coding', () => {
  const hex = [
    '8286 8441 8cf1 e3c2 e5f2 3a6b a0ab 90f4 ff',
    '8286 84be 5886 a8eb 1064 9cbf',
    '8287 85bf 4088 25a8 49e9 5ba9 7d7f 8925 a849 e95b b8e8 b4bf',
  ];
  checkAll(
    new HpackDecoder(LIMITS),
    REQUESTS.map((request, i) => ({ ...request, hex: hex[i] })),
  );
});

const PRIVATE = 'cache-control: private';
const FIRST_DATE = 'date: Mon, 21 Oct 2013 20:13:21 GMT';
const SECOND_DATE = 'date: Mon, 21 Oct 2013 20:13:22 GMT';
const LOCATION = 'location: https://www.example.com';
const COOKIE = 'set-cookie: foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1';
const RESPONSES: readonly Omit<Example, 'hex'>[] = [
  {
    fields: [':status: 302', PRIVATE, FIRST_DATE, LOCATION],
    table: [LOCATION, FIRST_DATE, PRIVATE, ':status: 302'],
    tableBytes: 222,
  },
  {
    fields: [':status: 307', PRIVATE, FIRST_DATE, LOCATION],
    table: [':status: 307', LOCATION, FIRST_DATE, PRIVATE],
    tableBytes: 222,
  },
  {
    fields: [':status: 200', PRIVATE, SECOND_DATE, LOCATION, 'content-encoding: gzip', COOKIE],
    table: [COOKIE, 'content-encoding: gzip', SECOND_DATE],
    tableBytes: 215,
  },
];

/** The examples assume a table of 256 bytes; the size update says so. */
function smallTableDecoder(): HpackDecoder {
  const decoder = new HpackDecoder(LIMITS);
  decoder.decode(bytesOf('3fe1 01'), 0, 3);
  return decoder;
}

test('C.5: responses without Huffman coding, with evictions', () => {
  const hex = [
    `4803 3330 3258 0770 7269 7661 7465 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133 2032 303a 3133 3a32 3120 474d 546e
     1768 7474 7073 3a2f 2f77 7777 2e65 7861 6d70 6c65 2e63 6f6d`,
    '4803 3330 37c1 c0bf',
    `88c1 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133 2032 303a 3133 3a32 3220 474d 54c0 5a04 677a 6970 7738 666f 6f3d
     4153 444a 4b48 514b 425a 584f 5157 454f 5049 5541 5851 5745 4f49 553b 206d 6178 2d61 6765 3d33 3630 303b 2076 6572
     7369 6f6e 3d31`,
  ];
  checkAll(
    smallTableDecoder(),
    RESPONSES.map((response, i) => ({ ...response, hex: hex[i].replaceAll('\n', '') })),
  );
});

test('C.6: responses with Huffman coding, with evictions', () => {
  const hex = [
    `4882 6402 5885 aec3 771a 4b61 96d0 7abe 9410 54d4 44a8 2005 9504 0b81 66e0 82a6 2d1b ff6e 919d 29ad 1718 63c7 8f0b
     97c8 e9ae 82ae 43d3`,
    '4883 640e ffc1 c0bf',
    `88c1 6196 d07a be94 1054 d444 a820 0595 040b 8166 e084 a62d 1bff c05a 839b d9ab 77ad 94e7 821d d7f2 e6c7 b335 dfdf
     cd5b 3960 d5af 2708 7f36 72c1 ab27 0fb5 291f 9587 3160 65c0 03ed 4ee5 b106 3d50 07`,
  ];
  checkAll(
    smallTableDecoder(),
    RESPONSES.map((response, i) => ({ ...response, hex: hex[i].replaceAll('\n', '') })),
  );
});
