// SPDX-License-Identifier: Apache-2.0
// One call on Node's own client, checked whole. h2load counts bytes and HTTP status only; that they are the right bytes
// and that the call ended well is proven here, once per start of a server.

import http2 from 'node:http2';
import { ECHO_PATH } from './envelope.ts';

const TIMEOUT_MS = 10_000;

interface Answer {
  readonly head: http2.IncomingHttpHeaders & http2.IncomingHttpStatusHeader;
  readonly trailers: http2.IncomingHttpHeaders;
  readonly body: Buffer;
}

/** Throws with the first difference between the answer and a right echo. */
export async function verifyEcho(port: number, envelope: Buffer): Promise<void> {
  const answer = await callEcho(port, envelope);
  if (answer.head[':status'] !== 200) throw new Error(`echo answered :status ${answer.head[':status']}`);
  if (!answer.head['content-type']?.startsWith('application/grpc'))
    throw new Error(`echo answered content-type ${answer.head['content-type']}`);
  // Trailers-Only answers carry it in the head.
  const status = answer.trailers['grpc-status'] ?? answer.head['grpc-status'];
  if (status !== '0') throw new Error(`echo answered grpc-status ${status}`);
  if (!answer.body.equals(envelope))
    throw new Error(`echo answered ${answer.body.length} bytes that differ from the ${envelope.length} sent`);
}

async function callEcho(port: number, envelope: Buffer): Promise<Answer> {
  const session = http2.connect(`http://127.0.0.1:${port}`);
  try {
    return await new Promise<Answer>((resolve, reject) => {
      session.on('error', reject);
      const stream = session.request({
        ':method': 'POST',
        ':path': ECHO_PATH,
        'content-type': 'application/grpc',
        te: 'trailers',
      });
      const pieces: Buffer[] = [];
      let head: Answer['head'] = {};
      let trailers: Answer['trailers'] = {};
      stream.setTimeout(TIMEOUT_MS, () => reject(new Error(`no answer from the echo in ${TIMEOUT_MS} ms`)));
      stream.on('response', (headers) => {
        head = headers;
      });
      stream.on('trailers', (headers) => {
        trailers = headers;
      });
      stream.on('data', (piece: Buffer) => pieces.push(piece));
      stream.on('error', reject);
      stream.on('close', () => resolve({ head, trailers, body: Buffer.concat(pieces) }));
      stream.end(envelope);
    });
  } finally {
    session.destroy();
  }
}
