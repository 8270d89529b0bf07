// SPDX-License-Identifier: Apache-2.0
// The HTTP/1.1 port: parsing and writing HTTP/1.1 is the platform's affair (`node:http` in Node), what a message means
// is ours. The platform hands each request up as an `Http1Call` and tells an `Http1CallReceiver` what follows.

import type { ByteChannel, ChannelPeer } from '../core/index.ts';

/** Where connections go that speak HTTP/1.1. */
export interface Http1Port {
  /**
   * Takes the connection over: the channel's receiver hears nothing more. `unread` are bytes received already; they
   * are copied before this returns.
   */
  accept(channel: ByteChannel, unread: Uint8Array): void;
  /** Ends idle connections now and the others after the answer they owe. */
  drain(): void;
}

/** One request and the means to answer it. Everything sent has been validated; the platform only writes it down. */
export interface Http1Call {
  readonly peer: ChannelPeer;
  /** Over TLS: the scheme is `https`. */
  readonly isSecure: boolean;
  readonly method: string;
  /** The request-target as received (RFC 9112 §3.2). */
  readonly target: string;
  /** name, value, name, value, … as received, names in any case. */
  readonly rawFields: readonly string[];
  pauseBody(): void;
  resumeBody(): void;
  /** A 1xx response. The platform may leave out one that it cannot write. */
  sendInformation(status: number, fields: readonly string[]): void;
  /** Without a content-length among the fields the body is chunked, or ends with the connection for HTTP/1.0. */
  sendHead(status: number, fields: readonly string[]): void;
  /** False when the peer takes no more for now; `onWritable` follows. */
  sendData(bytes: Uint8Array): boolean;
  /** Ends the response, with a last piece of body and trailer fields. */
  sendEnd(body: Uint8Array | undefined, trailers: readonly string[]): void;
  /** Closes the connection at once. */
  destroy(): void;
}

/** What the platform tells about a call after its head. */
export interface Http1CallReceiver {
  onData(bytes: Uint8Array): void;
  onEnd(rawTrailers: readonly string[]): void;
  onWritable(): void;
  /** The connection closed. Last; may come after everything went well. */
  onClose(): void;
}
