// SPDX-License-Identifier: Apache-2.0
// Node's `http2` server with our client connection on it.

import http2, { type Http2Server, type ServerHttp2Session, type ServerHttp2Stream } from 'node:http2';
import type { AddressInfo } from 'node:net';
import {
  type ClientConnection,
  type CloseReason,
  type ConnectOptions,
  connect,
} from '../../packages/crosstie/src/entry/engine.ts';
import { readAuthority, readIdentity } from './tls-files.ts';
import { createSignal, within } from './within.ts';

export type NodeHandler = (stream: ServerHttp2Stream, headers: http2.IncomingHttpHeaders) => void;

export interface NodePeer {
  readonly connection: ClientConnection;
  /** The server's end of the same connection. */
  readonly session: ServerHttp2Session;
  readonly goAways: { readonly code: number; readonly lastStreamId: number }[];
  /** Our connection is gone. */
  readonly closed: Promise<CloseReason>;
}

export interface NodeServerOptions {
  readonly tls?: boolean;
  readonly server?: http2.ServerOptions;
  readonly client?: ConnectOptions;
}

/** Connects to a server whose every stream `handler` gets; afterwards nothing is left. */
export async function withNodeServer(
  handler: NodeHandler,
  { tls = false, server: serverOptions = {}, client = {} }: NodeServerOptions,
  use: (peer: NodePeer) => Promise<void>,
): Promise<void> {
  const server: Http2Server = tls
    ? (http2.createSecureServer({ ...serverOptions, ...readIdentity() }) as unknown as Http2Server)
    : http2.createServer(serverOptions);
  server.on('stream', (stream, headers) => {
    // A stream that is reset has an error; without a listener the process would end.
    stream.on('error', () => {});
    handler(stream, headers);
  });
  server.on('sessionError', () => {});
  const accepted = createSignal<ServerHttp2Session>();
  server.on('session', (session) => accepted.fire(session));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const goAways: { code: number; lastStreamId: number }[] = [];
  const closed = createSignal<CloseReason>();
  const connection = await connect(`${tls ? 'https' : 'http'}://127.0.0.1:${port}`, {
    ...(tls ? { tls: { ca: readAuthority().toString() } } : {}),
    ...client,
    onGoAway: ({ code, lastStreamId }) => goAways.push({ code, lastStreamId }),
    onClose: closed.fire,
  });
  const session = await within('the session of the server', accepted.promise);
  try {
    await use({ connection, session, goAways, closed: within('our connection closes', closed.promise) });
  } finally {
    connection.close();
    session.destroy();
    await new Promise((resolve) => server.close(resolve));
  }
}
