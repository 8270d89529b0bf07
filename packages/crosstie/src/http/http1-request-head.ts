// SPDX-License-Identifier: Apache-2.0
// An HTTP/1.1 request as platforms parse it → the neutral head. What HTTP/1.1 leaves to interpretation (two hosts, two
// lengths, a target in four forms) is refused here, because two readers who disagree are how requests are smuggled.

import { HeaderFields, type RequestHead } from '../exchange/index.ts';

/** Why a request is answered without its handler. The connection closes: its framing cannot be trusted any more. */
export interface HeadRefusal {
  readonly status: number;
  readonly reason: string;
}

export interface Http1RequestHead {
  readonly head: RequestHead;
  /** `te: trailers`: the client reads trailer fields (RFC 9110 §6.5.1). */
  readonly takesTrailers: boolean;
}

export interface RawRequest {
  readonly method: string;
  readonly target: string;
  readonly rawFields: readonly string[];
  readonly isSecure: boolean;
}

/** RFC 9110 §7.6.1, and §5.1 of RFC 9112: they describe this connection, not the message. */
const HOP_BY_HOP: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'te',
  'transfer-encoding',
  'upgrade',
  // RFC 7540 §3.2.1, removed by RFC 9113 §3.1: part of the upgrade to h2c, which we ignore.
  'http2-settings',
]);

/** RFC 9110 §9.1: a method is a token. */
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
/** RFC 3986 §2: visible ASCII. A space, CR, LF or NUL here would end the request line for the next reader. */
const VISIBLE = /^[\x21-\x7e]+$/;
/** RFC 9110 §4.2.4: userinfo in an authority misleads people and routers alike; refused as over HTTP/2. */
const AUTHORITY = /^[^@/?#\\]*$/;
const ABSOLUTE = /^(https?):\/\/([^/?#]+)(.*)$/i;
const DIGITS = /^[0-9]{1,15}$/;

export function parseRequestHead(raw: RawRequest, maxFields: number): Http1RequestHead | HeadRefusal {
  if (raw.rawFields.length > maxFields * 2) {
    return {
      status: 431,
      reason: `the request has ${raw.rawFields.length / 2} header fields, the limit is ${maxFields}`,
    };
  }
  const fault = findFramingFault(raw.rawFields);
  if (fault !== undefined) return { status: 400, reason: fault };
  const host = fieldValues(raw.rawFields, 'host');
  // RFC 9112 §3.2: a server MUST respond with 400 to a request that contains more than one Host field.
  if (host.length > 1) return { status: 400, reason: 'the request has more than one host field' };
  const target = parseTarget(raw, host[0] ?? '');
  if ('status' in target) return target;
  const te = fieldValues(raw.rawFields, 'te').join(',');
  const takesTrailers = hasListMember(te, 'trailers');
  const head = {
    method: raw.method,
    scheme: raw.isSecure ? 'https' : 'http',
    authority: target.authority,
    path: target.path,
    fields: endToEndFields(raw.rawFields, takesTrailers),
  };
  return { head, takesTrailers };
}

export function isRefusal(result: Http1RequestHead | HeadRefusal): result is HeadRefusal {
  return 'status' in result;
}

/** Trailer fields without those that a trailer section must not bring (RFC 9110 §6.5.1). */
export function parseTrailers(rawTrailers: readonly string[]): HeaderFields | undefined {
  if (rawTrailers.length === 0) return undefined;
  const flat: string[] = [];
  for (let i = 0; i < rawTrailers.length; i += 2) {
    const name = rawTrailers[i].toLowerCase();
    if (!HOP_BY_HOP.has(name) && !FRAMING_OR_ROUTING.has(name)) flat.push(name, rawTrailers[i + 1]);
  }
  return new HeaderFields(flat);
}

/** Whether a comma-separated list (RFC 9110 §5.6.1) has the member, parameters and case aside. */
export function hasListMember(list: string, member: string): boolean {
  return list.split(',').some((item) => item.split(';', 1)[0].trim().toLowerCase() === member);
}

/** RFC 9110 §6.5.1: message framing, routing and what was needed before the body. */
const FRAMING_OR_ROUTING: ReadonlySet<string> = new Set(['content-length', 'host', 'trailer', 'expect']);

function findFramingFault(rawFields: readonly string[]): string | undefined {
  const lengths = fieldValues(rawFields, 'content-length');
  if (lengths.length === 0) return undefined;
  // RFC 9112 §6.1: a message with both might be an attempt at smuggling; the server ought to close the connection.
  if (fieldValues(rawFields, 'transfer-encoding').length > 0) {
    return 'the request has both transfer-encoding and content-length';
  }
  // RFC 9110 §8.6: more than one value, even in a list, is invalid.
  return lengths.length === 1 && DIGITS.test(lengths[0]) ? undefined : 'the content-length is not one number';
}

function parseTarget(raw: RawRequest, host: string): { authority: string; path: string } | HeadRefusal {
  const { method, target } = raw;
  if (!TOKEN.test(method)) return { status: 400, reason: 'the method is not a token' };
  // RFC 9112 §3.2.3: authority-form is for proxies, which we are not.
  if (method === 'CONNECT') return { status: 501, reason: 'CONNECT is for proxies; this is an origin server' };
  if (!VISIBLE.test(target)) return { status: 400, reason: 'the request-target has a character that must be escaped' };
  const absolute = ABSOLUTE.exec(target);
  // RFC 9112 §3.2.2: with absolute-form an origin server MUST ignore the Host field and use the target's authority.
  const authority = absolute === null ? host : absolute[2];
  if (!AUTHORITY.test(authority) || (authority !== '' && !VISIBLE.test(authority))) {
    return { status: 400, reason: 'the host is not a name with an optional port' };
  }
  const path = absolute === null ? target : absolutePath(absolute[3], method);
  // RFC 9112 §3.2.4: asterisk-form is for OPTIONS only.
  if (path.startsWith('/') || (path === '*' && method === 'OPTIONS')) return { authority, path };
  return { status: 400, reason: 'the request-target is neither a path nor an absolute URL' };
}

/** RFC 9112 §3.2.4: OPTIONS on an absolute-form without a path is the asterisk of the last proxy. */
function absolutePath(rest: string, method: string): string {
  if (rest === '') return method === 'OPTIONS' ? '*' : '/';
  return rest.startsWith('/') ? rest : `/${rest}`;
}

function endToEndFields(rawFields: readonly string[], takesTrailers: boolean): HeaderFields {
  const connection = fieldValues(rawFields, 'connection').join(',');
  const flat: string[] = [];
  for (let i = 0; i < rawFields.length; i += 2) {
    const name = rawFields[i].toLowerCase();
    // `host` has become the authority; `expect` has been answered by the port.
    if (name === 'host' || name === 'expect' || HOP_BY_HOP.has(name)) continue;
    // RFC 9110 §7.6.1: fields named by Connection end here. Never content-length, or the body would change its end.
    if (connection !== '' && name !== 'content-length' && hasListMember(connection, name)) continue;
    flat.push(name, rawFields[i + 1]);
  }
  // As over HTTP/2, where `te` may say this and nothing else (RFC 9113 §8.2.2).
  if (takesTrailers) flat.push('te', 'trailers');
  return new HeaderFields(flat);
}

function fieldValues(rawFields: readonly string[], name: string): string[] {
  const values: string[] = [];
  for (let i = 0; i < rawFields.length; i += 2) {
    const candidate = rawFields[i];
    if (candidate.length === name.length && candidate.toLowerCase() === name) values.push(rawFields[i + 1]);
  }
  return values;
}
