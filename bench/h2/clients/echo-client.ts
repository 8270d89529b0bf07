// SPDX-License-Identifier: Apache-2.0
// What the closed loop knows of a client.

/** One connection to an echo. */
export interface EchoClient {
  /** What each answer must equal, byte for byte. */
  readonly expected: Buffer;
  /** Starts one call. `done` gets the answer's bytes, valid until it returns, once grpc-status was 0; or what went wrong. */
  call(done: CallDone): void;
  close(): void;
}

export type CallDone = (outcome: Uint8Array | Error) => void;

/** Resolves when the peer's SETTINGS are here: how many streams may run is known then. */
export type ConnectEchoClient = (port: number, envelope: Buffer) => Promise<EchoClient>;
