// SPDX-License-Identifier: Apache-2.0
// A decoded field block → the head of a request, or why it is malformed (RFC 9113 §8.3.1).

import { HeaderFields, type RequestHead } from '../../exchange/index.ts';
import type { FieldBlock } from '../../hpack/index.ts';
import { faultOfField, joinCookies, parseContentLength } from './field-rules.ts';

/** The head and what the engine needs beside it; remembered as one record by the decode memo. */
export interface ParsedRequest {
  readonly kind: 'request';
  readonly head: RequestHead;
  /** -1 when not announced. */
  readonly contentLength: number;
  /** The size of the head in RFC 7541 §4.1 terms: what it costs while a handler keeps it. */
  readonly listBytes: number;
}

export interface Malformed {
  readonly kind: 'malformed';
  readonly reason: string;
}

export function malformed(reason: string): Malformed {
  return { kind: 'malformed', reason };
}

/** Pseudo-header fields while they are collected; undefined until seen. */
interface Pseudo {
  method: string | undefined;
  scheme: string | undefined;
  authority: string | undefined;
  path: string | undefined;
}

export function parseRequest(block: FieldBlock): ParsedRequest | Malformed {
  if (block.malformed !== undefined) return malformed(block.malformed);
  const pseudo: Pseudo = { method: undefined, scheme: undefined, authority: undefined, path: undefined };
  const all = block.fields;
  let at = 0;
  for (; at < all.length && all[at].charCodeAt(0) === COLON; at += 2) {
    const fault = setPseudo(pseudo, all[at], all[at + 1]);
    if (fault !== undefined) return malformed(fault);
  }
  const regular = all.slice(at);
  const rest = parseRegularFields(regular);
  if (rest.kind === 'malformed') return rest;
  const fault = faultOfPseudo(pseudo) ?? faultOfAuthority(pseudo, rest.host);
  if (fault !== undefined) return malformed(fault);
  const head: RequestHead = {
    method: pseudo.method ?? '',
    scheme: pseudo.scheme ?? '',
    authority: pseudo.authority ?? rest.host ?? '',
    path: pseudo.path ?? '',
    fields: new HeaderFields(rest.cookies > 1 ? joinCookies(regular) : regular, block.neverIndexed),
  };
  return { kind: 'request', head, contentLength: rest.contentLength, listBytes: block.listBytes };
}

const COLON = 0x3a;

/** Returns the fault, if it is one. Written out: an access by a computed name would be the slowest part of a request. */
function setPseudo(pseudo: Pseudo, name: string, value: string): string | undefined {
  switch (name) {
    case ':method':
      if (pseudo.method !== undefined) return `two ${name}`;
      pseudo.method = value;
      return undefined;
    case ':scheme':
      if (pseudo.scheme !== undefined) return `two ${name}`;
      pseudo.scheme = value;
      return undefined;
    case ':authority':
      if (pseudo.authority !== undefined) return `two ${name}`;
      pseudo.authority = value;
      return undefined;
    case ':path':
      if (pseudo.path !== undefined) return `two ${name}`;
      pseudo.path = value;
      return undefined;
    default:
      // §8.3: unknown ones, and those of responses, make a request malformed; so does :protocol without RFC 8441.
      return `pseudo-header field ${name} in a request`;
  }
}

interface RegularFields {
  readonly kind: 'regular';
  readonly contentLength: number;
  readonly host: string | undefined;
  readonly cookies: number;
}

function parseRegularFields(flat: readonly string[]): RegularFields | Malformed {
  let contentLength = -1;
  let host: string | undefined;
  let cookies = 0;
  for (let i = 0; i < flat.length; i += 2) {
    const name = flat[i];
    const value = flat[i + 1];
    // §8.3: pseudo-header fields stand before regular ones.
    if (name.charCodeAt(0) === COLON) return malformed(`${name} after regular fields`);
    const fault = faultOfField(name, value);
    if (fault !== undefined) return malformed(fault);
    if (name === 'content-length') {
      const length = parseContentLength(value);
      if (length < 0) return malformed('content-length is not a number of bytes');
      if (contentLength >= 0) return malformed('two content-length fields');
      contentLength = length;
    } else if (name === 'host') {
      if (host !== undefined) return malformed('two host fields');
      host = value;
    } else if (name === 'cookie') cookies++;
  }
  return { kind: 'regular', contentLength, host, cookies };
}

/** §8.3.1: exactly one :method, :scheme and :path, unless it is CONNECT (§8.5). */
function faultOfPseudo(pseudo: Pseudo): string | undefined {
  if (pseudo.method === undefined || !METHOD.test(pseudo.method)) return ':method is missing or no token';
  if (pseudo.method === 'CONNECT') {
    if (pseudo.scheme !== undefined || pseudo.path !== undefined) return 'CONNECT with :scheme or :path';
    return pseudo.authority === undefined ? 'CONNECT without :authority' : undefined;
  }
  if (pseudo.scheme === undefined || !SCHEME.test(pseudo.scheme)) return ':scheme is missing or no scheme';
  if (pseudo.path === undefined) return ':path is missing';
  return isPath(pseudo.path, pseudo.method) ? undefined : ':path does not begin with "/"';
}

/**
 * A pattern that remembers the last text it matched: the requests of a connection repeat theirs, as the very same string
 * from the decoder's table, and then the answer is one comparison.
 */
class RememberingPattern {
  readonly #pattern: RegExp;
  #last: string | undefined = undefined;

  constructor(pattern: RegExp) {
    this.#pattern = pattern;
  }

  test(text: string): boolean {
    if (text === this.#last) return true;
    if (!this.#pattern.test(text)) return false;
    this.#last = text;
    return true;
  }
}

const METHOD = new RememberingPattern(/^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/);
const SCHEME = new RememberingPattern(/^[A-Za-z][A-Za-z0-9+.-]*$/);
/** RFC 3986 §3.2 in its characters, without userinfo (RFC 9113 §8.3.1); not empty (RFC 9110 §4.2.1). */
const AUTHORITY = new RememberingPattern(/^[A-Za-z0-9\-._~%!$&'()*+,;=:[\]]+$/);
/** Without space and controls: they would let a request be split when it is written as HTTP/1.1. */
const PATH = new RememberingPattern(/^[\x21-\x7e\x80-\uffff]+$/);

/** §8.3.1: :path is not empty and begins with "/"; "*" is for OPTIONS alone. CVE-2026-33186 is a path without it. */
function isPath(path: string, method: string): boolean {
  if (path === '*') return method === 'OPTIONS';
  return path.charCodeAt(0) === 0x2f && PATH.test(path);
}

/** §8.3.1: one authority, without userinfo, and the same one in `host` if that is present. */
function faultOfAuthority(pseudo: Pseudo, host: string | undefined): string | undefined {
  const authority = pseudo.authority ?? host;
  if (authority === undefined) return 'neither :authority nor host';
  if (!AUTHORITY.test(authority)) return ':authority is not a host and port';
  if (pseudo.authority !== undefined && host !== undefined && host.toLowerCase() !== authority.toLowerCase()) {
    return ':authority and host differ';
  }
  return undefined;
}
