// SPDX-License-Identifier: Apache-2.0
// Received header fields: immutable, in order of arrival, names in lower case. A flat array searched from the front:
// requests carry about ten fields, where a scan beats building a Map.

export class HeaderFields {
  static readonly EMPTY: HeaderFields = new HeaderFields([]);

  /** name, value, name, value, … */
  readonly flat: readonly string[];
  /** Lower-case names whose sender asked never to index them (RFC 7541 §6.2.3); pass that on when forwarding. */
  readonly neverIndexed: ReadonlySet<string> | undefined;

  constructor(flat: readonly string[], neverIndexed?: ReadonlySet<string>) {
    this.flat = flat;
    this.neverIndexed = neverIndexed;
  }

  get count(): number {
    return this.flat.length >>> 1;
  }

  /** The first value, or undefined. `name` in lower case. */
  get(name: string): string | undefined {
    const flat = this.flat;
    for (let i = 0; i < flat.length; i += 2) if (flat[i] === name) return flat[i + 1];
    return undefined;
  }

  getAll(name: string): string[] {
    const flat = this.flat;
    const values: string[] = [];
    for (let i = 0; i < flat.length; i += 2) if (flat[i] === name) values.push(flat[i + 1]);
    return values;
  }

  has(name: string): boolean {
    return this.get(name) !== undefined;
  }

  *[Symbol.iterator](): IterableIterator<[name: string, value: string]> {
    const flat = this.flat;
    for (let i = 0; i < flat.length; i += 2) yield [flat[i], flat[i + 1]];
  }
}
