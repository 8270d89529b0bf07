// SPDX-License-Identifier: Apache-2.0
// One request by Node's `http2`, and everything that came of it.

import http2, { type ClientHttp2Session, type ClientHttp2Stream, type IncomingHttpHeaders } from 'node:http2';
import { readAuthority } from './tls-files.ts';
import { createSignal, within } from './within.ts';

export interface NodeAnswer {
  readonly informations: readonly IncomingHttpHeaders[];
  readonly head: IncomingHttpHeaders | undefined;
  readonly body: Buffer;
  readonly trailers: IncomingHttpHeaders | undefined;
  /** 0 when the stream ended in good order. */
  readonly resetCode: number;
}

export interface NodeCall {
  readonly stream: ClientHttp2Stream;
  readonly answer: Promise<NodeAnswer>;
}

/** The body undefined: the caller writes it. */
export function startCall(
  session: ClientHttp2Session,
  head: http2.OutgoingHttpHeaders,
  body: Buffer | undefined,
  options: http2.ClientSessionRequestOptions = {},
): NodeCall {
  const stream = session.request(head, { endStream: false, ...options });
  const informations: IncomingHttpHeaders[] = [];
  const pieces: Buffer[] = [];
  let response: IncomingHttpHeaders | undefined;
  let trailers: IncomingHttpHeaders | undefined;
  const closed = createSignal<NodeAnswer>();
  stream.on('headers', (headers) => informations.push(headers));
  stream.on('response', (headers) => {
    response = headers;
  });
  stream.on('trailers', (headers) => {
    trailers = headers;
  });
  stream.on('data', (piece: Buffer) => pieces.push(piece));
  // What went wrong is in the reset code; without a listener the process would end.
  stream.on('error', () => {});
  stream.on('close', () => {
    const resetCode = stream.rstCode ?? 0;
    closed.fire({ informations, head: response, body: Buffer.concat(pieces), trailers, resetCode });
  });
  if (body !== undefined) stream.end(body);
  const what = `the end of ${String(head[':method'] ?? 'GET')} ${String(head[':path'] ?? '/')} by Node's http2`;
  return { stream, answer: within(what, closed.promise) };
}

/** A session that has the server's SETTINGS; closed after `use`, whatever happens. */
export async function withSession<T>(
  url: string,
  options: http2.ClientSessionOptions | http2.SecureClientSessionOptions,
  use: (session: ClientHttp2Session) => Promise<T>,
): Promise<T> {
  const ca = url.startsWith('https:') ? { ca: readAuthority() } : {};
  const session = http2.connect(url, { ...ca, ...options });
  const faults: Error[] = [];
  session.on('error', (error) => faults.push(error));
  try {
    await within(
      'the SETTINGS of the server',
      new Promise<void>((resolve, reject) => {
        session.once('remoteSettings', () => resolve());
        session.once('error', reject);
      }),
    );
    const result = await use(session);
    if (faults.length > 0) throw faults[0];
    return result;
  } finally {
    session.destroy();
  }
}
