// SPDX-License-Identifier: Apache-2.0
// Where a connection goes: `host:port`, `[::1]:8080`, `http://…`, `https://…`, `unix:/path`, or an object of the same.

import { ConnectError } from './connect-error.ts';

export type ConnectTarget = string | { readonly host: string; readonly port: number } | { readonly path: string };

export type ParsedTarget =
  | {
      readonly kind: 'tcp';
      /** A name or an IP address, without brackets. */
      readonly host: string;
      readonly port: number;
      /** What the scheme says; undefined without one. */
      readonly tls: boolean | undefined;
    }
  | { readonly kind: 'unix'; readonly path: string; readonly tls: undefined };

const HOST_PORT = /^(?:\[([0-9A-Fa-f:.%]+)\]|([^[\]:/?#@\s]+)):([0-9]{1,5})$/;
const FORMS = 'use host:port, [::1]:8080, http://host:port, https://host:port or unix:/path';

export function parseTarget(target: ConnectTarget): ParsedTarget {
  if (typeof target !== 'string') {
    if ('path' in target) return { kind: 'unix', path: target.path, tls: undefined };
    return tcp(target.host, target.port, undefined);
  }
  if (target.startsWith('unix:')) return { kind: 'unix', path: unixPath(target), tls: undefined };
  const scheme = /^(https?):\/\//i.exec(target);
  if (scheme !== null) return parseUrl(target, scheme[1].toLowerCase() === 'https');
  const match = HOST_PORT.exec(target);
  if (match === null) throw new ConnectError('target', `${JSON.stringify(target)} is no target: ${FORMS}`);
  return tcp(match[1] ?? match[2], Number(match[3]), undefined);
}

function parseUrl(target: string, tls: boolean): ParsedTarget {
  const rest = target.slice(target.indexOf('://') + 3).replace(/\/$/, '');
  const match = HOST_PORT.exec(rest) ?? HOST_PORT.exec(`${rest}:${tls ? 443 : 80}`);
  if (match !== null) return tcp(match[1] ?? match[2], Number(match[3]), tls);
  throw new ConnectError('target', `${JSON.stringify(target)} is no target, a connection has no path: ${FORMS}`);
}

function unixPath(target: string): string {
  // gRPC's naming: `unix:path`, and `unix:///absolute/path`.
  const path = target.slice('unix:'.length).replace(/^\/\/(?=\/)/, '');
  if (path === '') throw new ConnectError('target', `${JSON.stringify(target)} names no socket: use unix:/path`);
  return path;
}

function tcp(host: string, port: number, tls: boolean | undefined): ParsedTarget {
  if (Number.isInteger(port) && port > 0 && port <= 65_535) return { kind: 'tcp', host, port, tls };
  throw new ConnectError('target', `port ${port} of ${host} is none: use 1 to 65535`);
}
