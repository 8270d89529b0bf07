// SPDX-License-Identifier: Apache-2.0
// An echo on Node's own `http2`, written for speed within its public API: 'stream' events instead of the compatibility
// layer, header arrays instead of objects, one write for the body.

import http2 from 'node:http2';

export interface NodeWindows {
  readonly streamBytes: number;
  readonly connectionBytes: number;
}

/** Crosstie's windows. */
export const WIDE_WINDOWS: NodeWindows = { streamBytes: 1024 * 1024, connectionBytes: 4 * 1024 * 1024 };

const RESPONSE_HEAD = [':status', '200', 'content-type', 'application/grpc'];
const TRAILERS = { 'grpc-status': '0' };
const WITH_TRAILERS = { waitForTrailers: true };

/** Listens on `PORT`; without `windows` as Node ships: 64 KiB each. */
export function serveNodeEcho(windows?: NodeWindows): void {
  const server = http2.createServer(
    windows === undefined ? {} : { settings: { initialWindowSize: windows.streamBytes } },
  );
  if (windows !== undefined) server.on('session', (session) => session.setLocalWindowSize(windows.connectionBytes));
  server.on('stream', echoStream);
  server.listen(Number(process.env.PORT), '127.0.0.1');
}

function echoStream(stream: http2.ServerHttp2Stream): void {
  const pieces: Buffer[] = [];
  // A load generator that ends resets its streams: without a listener, or by an answer to a stream that is gone, that
  // would end this process.
  stream.on('error', () => {});
  stream.on('wantTrailers', () => {
    if (!stream.destroyed) stream.sendTrailers(TRAILERS);
  });
  stream.on('data', (piece: Buffer) => pieces.push(piece));
  stream.on('end', () => {
    if (stream.destroyed) return;
    stream.respond(RESPONSE_HEAD, WITH_TRAILERS);
    stream.end(pieces.length === 1 ? pieces[0] : Buffer.concat(pieces));
  });
}
