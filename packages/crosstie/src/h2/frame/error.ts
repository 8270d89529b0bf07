// SPDX-License-Identifier: Apache-2.0
// HTTP/2 errors (RFC 9113 §5.4, §7). An error carries its scope: a whole connection or one stream.

/** RFC 9113 §7. */
export const ErrorCode = {
  NO_ERROR: 0x0,
  PROTOCOL_ERROR: 0x1,
  INTERNAL_ERROR: 0x2,
  FLOW_CONTROL_ERROR: 0x3,
  SETTINGS_TIMEOUT: 0x4,
  STREAM_CLOSED: 0x5,
  FRAME_SIZE_ERROR: 0x6,
  REFUSED_STREAM: 0x7,
  CANCEL: 0x8,
  COMPRESSION_ERROR: 0x9,
  CONNECT_ERROR: 0xa,
  ENHANCE_YOUR_CALM: 0xb,
  INADEQUATE_SECURITY: 0xc,
  HTTP_1_1_REQUIRED: 0xd,
} as const;
export type ErrorCodeName = keyof typeof ErrorCode;

const NAMES = new Map<number, string>(Object.entries(ErrorCode).map(([name, code]) => [code, name]));

/** The registered name, or the number: unknown codes are legal and mean nothing special (§7). */
export function errorCodeName(code: number): string {
  return NAMES.get(code) ?? `0x${code.toString(16)}`;
}

/** Ends the connection: GOAWAY with this code, `message` as its debug data. */
export class ConnectionError extends Error {
  readonly code: number;
  constructor(name: ErrorCodeName, message: string) {
    super(message);
    this.name = 'ConnectionError';
    this.code = ErrorCode[name];
  }
}

/** Ends one stream: RST_STREAM with this code. */
export class StreamError extends Error {
  readonly streamId: number;
  readonly code: number;
  constructor(streamId: number, name: ErrorCodeName, message: string) {
    super(message);
    this.name = 'StreamError';
    this.streamId = streamId;
    this.code = ErrorCode[name];
  }
}
