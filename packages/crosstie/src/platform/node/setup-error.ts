// SPDX-License-Identifier: Apache-2.0

export type SetupErrorCode =
  | 'ADDRESS_IN_USE'
  | 'ADDRESS_NOT_ALLOWED'
  | 'ADDRESS_NOT_HERE'
  | 'LISTEN_FAILED'
  | 'TLS_FILE'
  | 'TLS_INCOMPLETE';

/**
 * The process cannot begin as it was told to. The message is one line: what happened and how to mend it; a program may
 * print it and exit.
 */
export class SetupError extends Error {
  readonly code: SetupErrorCode;

  constructor(code: SetupErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'SetupError';
    this.code = code;
  }
}
