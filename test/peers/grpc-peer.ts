// SPDX-License-Identifier: Apache-2.0
// @grpc/grpc-js, with messages that stay Buffers: no protobuf codec stands between it and the wire.

import { Client, credentials, Metadata, type ServiceError, type StatusObject } from '@grpc/grpc-js';
import { readAuthority } from './tls-files.ts';
import { within } from './within.ts';

export const identity = (message: Buffer): Buffer => message;

/** Chosen by us; it takes milliseconds. */
const CONNECT_TIMEOUT_MS = 5_000;

export interface UnaryOutcome {
  readonly error: ServiceError | null;
  readonly message: Buffer | undefined;
  /** The initial metadata. */
  readonly metadata: Metadata | undefined;
  /** Code, details and trailing metadata. */
  readonly status: StatusObject;
}

export interface UnaryRequest {
  readonly path: string;
  readonly message: Buffer;
  readonly metadata?: Metadata;
  readonly deadline?: number;
}

export interface UnaryCall {
  readonly outcome: Promise<UnaryOutcome>;
  cancel(): void;
}

/** A client that is connected; closed after `use`, whatever happens. */
export async function withGrpcClient(url: string, use: (client: Client) => Promise<void>): Promise<void> {
  const { port, protocol } = new URL(url);
  const client = new Client(
    // By name: with TLS grpc-js asks for the host as it is written, which may not be an address.
    `localhost:${port}`,
    protocol === 'https:' ? credentials.createSsl(readAuthority()) : credentials.createInsecure(),
    // Channels with equal options share connections: each test is to have its own.
    { 'grpc.use_local_subchannel_pool': 1 },
  );
  try {
    await new Promise<void>((resolve, reject) =>
      client.waitForReady(Date.now() + CONNECT_TIMEOUT_MS, (error) => (error ? reject(error) : resolve())),
    );
    await use(client);
  } finally {
    client.close();
  }
}

export function startUnary(client: Client, { path, message, metadata, deadline }: UnaryRequest): UnaryCall {
  let cancel = (): void => {};
  const outcome = new Promise<UnaryOutcome>((resolve) => {
    let done: { error: ServiceError | null; message: Buffer | undefined } | undefined;
    let status: StatusObject | undefined;
    let initial: Metadata | undefined;
    const settle = (): void => {
      if (done !== undefined && status !== undefined) resolve({ ...done, metadata: initial, status });
    };
    const options = deadline === undefined ? {} : { deadline };
    const call = client.makeUnaryRequest(
      path,
      identity,
      identity,
      message,
      metadata ?? new Metadata(),
      options,
      (error, value) => {
        done = { error, message: value };
        settle();
      },
    );
    call.on('metadata', (value: Metadata) => {
      initial = value;
    });
    call.on('status', (value: StatusObject) => {
      status = value;
      settle();
    });
    cancel = () => call.cancel();
  });
  return { outcome: within(`the outcome of ${path} by grpc-js`, outcome), cancel };
}
