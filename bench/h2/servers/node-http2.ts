// SPDX-License-Identifier: Apache-2.0
// Peer 1: an echo on Node's own `http2`, written for speed within its public API: 'stream' events instead of the
// compatibility layer, header arrays instead of objects, one write for the body. The windows are Crosstie's (1 MiB a stream,
// 4 MiB a connection): with Node's default of 64 KiB the 1 MiB case would measure waiting for WINDOW_UPDATE.

import http2 from 'node:http2';

const STREAM_WINDOW_BYTES = 1024 * 1024;
const CONNECTION_WINDOW_BYTES = 4 * 1024 * 1024;
const RESPONSE_HEAD = [':status', '200', 'content-type', 'application/grpc'];
const TRAILERS = { 'grpc-status': '0' };
const WITH_TRAILERS = { waitForTrailers: true };

const server = http2.createServer({ settings: { initialWindowSize: STREAM_WINDOW_BYTES } });

server.on('session', (session) => session.setLocalWindowSize(CONNECTION_WINDOW_BYTES));

server.on('stream', (stream) => {
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
});

server.listen(Number(process.env.PORT), '127.0.0.1');
