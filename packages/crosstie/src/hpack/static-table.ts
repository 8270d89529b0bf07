// SPDX-License-Identifier: Apache-2.0
// The static table (RFC 7541 Appendix A). Entries of one name are neighbours, which the encoder's look-up relies on.

import { TableEntry } from './table-entry.ts';

// biome-ignore format: the order is the meaning, so the list stays as compact as in the RFC
const STATIC_FIELDS: readonly (readonly [name: string, ...values: string[]])[] = [
  [':authority', ''], [':method', 'GET', 'POST'], [':path', '/', '/index.html'], [':scheme', 'http', 'https'],
  [':status', '200', '204', '206', '304', '400', '404', '500'],
  ['accept-charset', ''], ['accept-encoding', 'gzip, deflate'], ['accept-language', ''], ['accept-ranges', ''],
  ['accept', ''], ['access-control-allow-origin', ''], ['age', ''], ['allow', ''], ['authorization', ''],
  ['cache-control', ''], ['content-disposition', ''], ['content-encoding', ''], ['content-language', ''],
  ['content-length', ''], ['content-location', ''], ['content-range', ''], ['content-type', ''], ['cookie', ''],
  ['date', ''], ['etag', ''], ['expect', ''], ['expires', ''], ['from', ''], ['host', ''], ['if-match', ''],
  ['if-modified-since', ''], ['if-none-match', ''], ['if-range', ''], ['if-unmodified-since', ''],
  ['last-modified', ''], ['link', ''], ['location', ''], ['max-forwards', ''], ['proxy-authenticate', ''],
  ['proxy-authorization', ''], ['range', ''], ['referer', ''], ['refresh', ''], ['retry-after', ''], ['server', ''],
  ['set-cookie', ''], ['strict-transport-security', ''], ['transfer-encoding', ''], ['user-agent', ''],
  ['vary', ''], ['via', ''], ['www-authenticate', ''],
];

/** The static table's last index; the dynamic table's newest entry follows (RFC 7541 §2.3.3). */
export const STATIC_LENGTH = 61;

/** By index. Index 0 is not used (RFC 7541 §6.1). */
export const STATIC_ENTRIES: readonly (TableEntry | undefined)[] = [
  undefined,
  ...STATIC_FIELDS.flatMap(([name, ...values]) =>
    values.map((value) => new TableEntry(name, value, undefined, undefined)),
  ),
];

/** Where a name stands in the static table: its values at `index`, `index + 1`, … */
export interface StaticName {
  readonly index: number;
  readonly values: readonly string[];
}

/** For the encoder: one shared map, read only. */
export const STATIC_NAMES: ReadonlyMap<string, StaticName> = indexNames();

function indexNames(): Map<string, StaticName> {
  const names = new Map<string, StaticName>();
  let index = 1;
  for (const [name, ...values] of STATIC_FIELDS) {
    names.set(name, { index, values });
    index += values.length;
  }
  return names;
}
