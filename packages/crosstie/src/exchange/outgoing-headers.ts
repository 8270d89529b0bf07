// SPDX-License-Identifier: Apache-2.0
// Header fields to send. Protocols prepare the constant part of a head once and add the few fields that differ per
// call; what "prepared" means is the transport's own affair (HPACK: one or two bytes per block after first use).

import { ensureSendable } from './field-syntax.ts';

export type FieldPair = readonly [name: string, value: string];

let nextPreparedId = 0;

/**
 * Constant fields, made once (per method, per protocol, per process), never per call: each connection remembers how it
 * encodes them, and their values may enter its compression table. So no secrets and nothing a user sent.
 */
export class PreparedHeaders {
  readonly id: number;
  /** name, value, name, value, … pseudo-header fields first. */
  readonly flat: readonly string[];
  /** Characters of all names and values. */
  readonly textLength: number;
  readonly method: string | undefined;

  constructor(fields: readonly FieldPair[]) {
    this.id = nextPreparedId++;
    this.flat = flattenFields(fields);
    ensureSendable(this.flat);
    this.textLength = this.flat.reduce((sum, text) => sum + text.length, 0);
    this.method = findValue(this.flat, ':method');
  }

  get listBytes(): number {
    return this.textLength + this.flat.length * 16;
  }
}

/** One head or trailer section to send: a prepared part, then fields of this call. */
export class OutgoingHeaders {
  readonly prepared: PreparedHeaders | undefined;
  /** name, value, name, value, … sent after the prepared fields and never indexed into the compression table. */
  readonly flat: readonly string[];
  /** Names to mark as never to be indexed by anyone on the way, besides those that always are. */
  readonly sensitive: ReadonlySet<string> | undefined;

  constructor(prepared: PreparedHeaders | undefined, flat: readonly string[], sensitive?: ReadonlySet<string>) {
    if (flat.length > 0) ensureSendable(flat);
    this.prepared = prepared;
    this.flat = flat;
    this.sensitive = sensitive;
  }

  /** The same head with fields of one call behind it. */
  with(flat: readonly string[], sensitive?: ReadonlySet<string>): OutgoingHeaders {
    const names = this.sensitive === undefined ? sensitive : new Set([...this.sensitive, ...(sensitive ?? [])]);
    return new OutgoingHeaders(this.prepared, this.flat.length === 0 ? flat : [...this.flat, ...flat], names);
  }

  /** The `:method` of a request. */
  get method(): string | undefined {
    return this.prepared?.method ?? findValue(this.flat, ':method');
  }

  /** Size of the list as a receiver counts it: name + value + 32 for each field (RFC 9113 §6.5.2). */
  get listBytes(): number {
    let bytes = this.prepared?.listBytes ?? 0;
    for (const text of this.flat) bytes += text.length + 16;
    return bytes;
  }

  /** All fields in order, for transports and tests that do not compress. */
  *[Symbol.iterator](): IterableIterator<[name: string, value: string]> {
    const parts = [this.prepared?.flat ?? [], this.flat];
    for (const flat of parts) for (let i = 0; i < flat.length; i += 2) yield [flat[i], flat[i + 1]];
  }
}

/** Fields that are the same for many exchanges. Names in lower case, pseudo-header fields (`:status`, `:path`) first. */
export function prepareHeaders(fields: readonly FieldPair[]): OutgoingHeaders {
  return new OutgoingHeaders(new PreparedHeaders(fields), []);
}

/** Fields for one exchange only. */
export function outgoingHeaders(fields: readonly FieldPair[], sensitive?: ReadonlySet<string>): OutgoingHeaders {
  return new OutgoingHeaders(undefined, flattenFields(fields), sensitive);
}

function flattenFields(fields: readonly FieldPair[]): string[] {
  return fields.flat();
}

function findValue(flat: readonly string[], name: string): string | undefined {
  for (let i = 0; i < flat.length; i += 2) if (flat[i] === name) return flat[i + 1];
  return undefined;
}
