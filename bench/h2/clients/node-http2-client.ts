// SPDX-License-Identifier: Apache-2.0
// Node's own `http2` as client.

import { once } from 'node:events';
import http2 from 'node:http2';
import { ECHO_PATH } from '../envelope.ts';
import type { NodeWindows } from '../servers/node-http2-echo.ts';
import type { CallDone, EchoClient } from './echo-client.ts';

/** Without `windows` as Node ships: 64 KiB each. */
export async function connectNodeClient(port: number, envelope: Buffer, windows?: NodeWindows): Promise<EchoClient> {
  const options = windows === undefined ? {} : { settings: { initialWindowSize: windows.streamBytes } };
  const session = http2.connect(`http://127.0.0.1:${port}`, options);
  await once(session, 'remoteSettings');
  if (windows !== undefined) session.setLocalWindowSize(windows.connectionBytes);
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
