// SPDX-License-Identifier: Apache-2.0
// Peer 2 as client: @grpc/grpc-js with its default options; messages stay Buffers.

import { Client, credentials } from '@grpc/grpc-js';
import { ECHO_PATH, ENVELOPE_PREFIX_BYTES } from '../envelope.ts';
import type { EchoClient } from './echo-client.ts';

const CONNECT_TIMEOUT_MS = 10_000;

const identity = (message: Buffer): Buffer => message;

export async function connectEchoClient(port: number, envelope: Buffer): Promise<EchoClient> {
  const client = new Client(`127.0.0.1:${port}`, credentials.createInsecure());
  await new Promise<void>((resolve, reject) =>
    client.waitForReady(Date.now() + CONNECT_TIMEOUT_MS, (error) => (error ? reject(error) : resolve())),
  );
  const message = envelope.subarray(ENVELOPE_PREFIX_BYTES);
  return {
    expected: message,
    call: (done) => {
      client.makeUnaryRequest(ECHO_PATH, identity, identity, message, (error, answer) =>
        done(error ?? answer ?? new Error('neither an error nor an answer')),
      );
    },
    close: () => client.close(),
  };
}
