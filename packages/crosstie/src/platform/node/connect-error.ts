// SPDX-License-Identifier: Apache-2.0

/** Where a connection attempt was when it failed. */
export type ConnectPhase = 'target' | 'dns' | 'tcp' | 'tls' | 'settings';

/**
 * No connection came about. The message is one line: phase, address, what happened, and how to mend it. Nothing was
 * sent to a handler, so whatever was to be sent may be sent elsewhere.
 */
export class ConnectError extends Error {
  readonly phase: ConnectPhase;

  constructor(phase: ConnectPhase, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'ConnectError';
    this.phase = phase;
  }
}
