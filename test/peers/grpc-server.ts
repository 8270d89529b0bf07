// SPDX-License-Identifier: Apache-2.0
// A @grpc/grpc-js server with our client connection on it.

import {
  type handleUnaryCall,
  Server,
  ServerCredentials,
  type ServerDuplexStream,
  type ServerOptions,
} from '@grpc/grpc-js';
import { type ClientConnection, type CloseReason, connect } from '../../packages/crosstie/src/entry/engine.ts';
import { identity } from './grpc-peer.ts';
import { readAuthority, readIdentity } from './tls-files.ts';
import { createSignal } from './within.ts';

export interface GrpcPeer {
  readonly server: Server;
  readonly connection: ClientConnection;
  readonly goAways: { readonly code: number; readonly lastStreamId: number }[];
  /** Our connection is gone. */
  readonly closed: Promise<CloseReason>;
}

export interface GrpcServerOptions {
  readonly tls?: boolean;
  readonly options?: ServerOptions;
}

const codec = {
  requestSerialize: identity,
  requestDeserialize: identity,
  responseSerialize: identity,
  responseDeserialize: identity,
};

function echoStream(call: ServerDuplexStream<Buffer, Buffer>): void {
  call.on('data', (message: Buffer) => call.write(message));
  call.on('end', () => call.end());
}

/** `/s/Unary` is what the test says, `/s/Bidi` echoes message for message. */
export async function withGrpcServer(
  { unary }: { readonly unary: handleUnaryCall<Buffer, Buffer> },
  { tls = false, options = {} }: GrpcServerOptions,
  use: (peer: GrpcPeer) => Promise<void>,
): Promise<void> {
  const server = new Server(options);
  server.addService(
    {
      unary: { path: '/s/Unary', requestStream: false, responseStream: false, ...codec },
      bidi: { path: '/s/Bidi', requestStream: true, responseStream: true, ...codec },
    },
    { unary, bidi: echoStream },
  );
  const port = await bind(server, tls);
  const goAways: { code: number; lastStreamId: number }[] = [];
  const closed = createSignal<CloseReason>();
  try {
    const connection = await connect(`${tls ? 'https' : 'http'}://127.0.0.1:${port}`, {
      ...(tls ? { tls: { ca: readAuthority().toString() } } : {}),
      onGoAway: ({ code, lastStreamId }) => goAways.push({ code, lastStreamId }),
      onClose: closed.fire,
    });
    try {
      await use({ server, connection, goAways, closed: closed.promise });
    } finally {
      connection.close();
    }
  } finally {
    server.forceShutdown();
  }
}

function bind(server: Server, tls: boolean): Promise<number> {
  const { cert, key } = readIdentity();
  const credentials = tls
    ? ServerCredentials.createSsl(null, [{ cert_chain: cert, private_key: key }])
    : ServerCredentials.createInsecure();
  return new Promise((resolve, reject) =>
    server.bindAsync('127.0.0.1:0', credentials, (error, port) => (error === null ? resolve(port) : reject(error))),
  );
}
