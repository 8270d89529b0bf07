// SPDX-License-Identifier: Apache-2.0
// Peer 1 as client: Node's own `http2`, with the windows of the server program beside it.

import { once } from 'node:events';
import http2 from 'node:http2';
import { ECHO_PATH } from '../envelope.ts';
import type { CallDone, EchoClient } from './echo-client.ts';

const STREAM_WINDOW_BYTES = 1024 * 1024;
const CONNECTION_WINDOW_BYTES = 4 * 1024 * 1024;

export async function connectEchoClient(port: number, envelope: Buffer): Promise<EchoClient> {
  const session = http2.connect(`http://127.0.0.1:${port}`, { settings: { initialWindowSize: STREAM_WINDOW_BYTES } });
  await once(session, 'remoteSettings');
  session.setLocalWindowSize(CONNECTION_WINDOW_BYTES);
  const head = [':method', 'POST', ':path', ECHO_PATH, 'content-type', 'application/grpc', 'te', 'trailers'];
  return {
    expected: envelope,
    call: (done) => startCall(session.request(head), envelope, done),
    close: () => session.destroy(),
  };
}

function startCall(stream: http2.ClientHttp2Stream, envelope: Buffer, done: CallDone): void {
  const pieces: Buffer[] = [];
  let status: string | string[] | undefined;
  stream.on('trailers', (trailers) => {
    status = trailers['grpc-status'];
  });
  stream.on('data', (piece: Buffer) => pieces.push(piece));
  stream.on('error', done);
  stream.on('end', () => {
    if (status !== '0') return done(new Error(`grpc-status ${status}`));
    done(pieces.length === 1 ? pieces[0] : Buffer.concat(pieces));
  });
  stream.end(envelope);
}
