// SPDX-License-Identifier: Apache-2.0
// The waist: how every protocol meets the network. HTTP/2, HTTP/1.1 and the in-memory pair implement these records;
// protocols and handlers know nothing below them.

import type { ChannelPeer } from '../core/index.ts';
import type { HeaderFields } from './header-fields.ts';
import type { OutgoingHeaders } from './outgoing-headers.ts';

/** The validated head of a request. Shared between requests whose header blocks are equal: never change it. */
export interface RequestHead {
  readonly method: string;
  /** `http` or `https`; empty for CONNECT. */
  readonly scheme: string;
  readonly authority: string;
  /** Path and query as sent; begins with `/` (or is `*` for OPTIONS); empty for CONNECT. */
  readonly path: string;
  readonly fields: HeaderFields;
}

export interface ResponseHead {
  readonly status: number;
  readonly fields: HeaderFields;
}

/** Why an exchange ended before its time. */
export interface ExchangeFailure {
  /** `peer`: the other side said so; `local`: we ended it; `transport`: the connection was lost. */
  readonly origin: 'peer' | 'local' | 'transport';
  /** HTTP/2 error code (RFC 9113 §7), also for HTTP/1.1. */
  readonly code: number;
  /** The peer surely has not begun to process it: safe to send again, even if not idempotent. */
  readonly unprocessed: boolean;
  readonly message: string;
}

/**
 * Takes the other side's body. Calls never overlap. `onEnd` is the end of the body, `onFailure` of everything: on a server
 * it may follow `onEnd` while the answer is not complete. Nothing follows our own `reset`, nor, on a server, an answer
 * that was complete before the request was.
 */
export interface BodyReceiver {
  /** A piece of the body, where it lies in the read buffer: valid until this returns, copy what is kept. */
  onData(bytes: Uint8Array): void;
  onEnd(trailers: HeaderFields | undefined): void;
  /** A server's handler that still works returns its promise: the call keeps its concurrency slot until that settles. */
  // biome-ignore lint/suspicious/noConfusingVoidType: most receivers have nothing to return
  onFailure(failure: ExchangeFailure): Promise<unknown> | void;
  /** There is room again after `sendData` returned false. Not called once our side has ended. */
  onWritable(): void;
  /**
   * Everything we sent has left memory: buffers given to the exchange may be used again. Where the transport knows it,
   * never after a failure. Called from inside the transport: take the buffers back and do nothing else.
   */
  onSent?(): void;
}

export interface ResponseReceiver extends BodyReceiver {
  /** A 1xx response; any number of them, before `onHead`. */
  onInformation(head: ResponseHead): void;
  onHead(head: ResponseHead): void;
}

/** What both ends can do. Body bytes belong to the exchange from the call on. After the end or a failure every call is ignored. */
export interface Exchange {
  readonly peer: ChannelPeer;
  /** Returns false when the peer takes no more for now: stop, `onWritable` follows. Nothing is lost by going on. */
  sendData(bytes: Uint8Array): boolean;
  /** Ends our side. */
  sendEnd(trailers?: OutgoingHeaders): void;
  /** Ends both sides at once. `code`: HTTP/2 error code, CANCEL (8) for a caller that lost interest. */
  reset(code: number): void;
  /** Lets the peer send `bytes` more while those received are still held, as for a message being put together. */
  grant(bytes: number): void;
  /** `bytes` received have left memory: the peer may send as many more, unless `grant` said so already. */
  release(bytes: number): void;
}

export interface ServerExchange extends Exchange {
  readonly head: RequestHead;
  /** A whole answer at once, the fast path: head, body and trailers leave in one batch. */
  reply(head: OutgoingHeaders, body?: Uint8Array, trailers?: OutgoingHeaders): void;
  sendInformation(head: OutgoingHeaders): void;
  sendHead(head: OutgoingHeaders): void;
}

/** Called with each request, never inside a parser; returns who takes its body. */
export type ExchangeHandler = (exchange: ServerExchange) => BodyReceiver;

/** Where a client opens exchanges: a connection, or an in-memory pair. */
export interface ExchangeClient {
  /** A whole request at once, the fast path. */
  request(head: OutgoingHeaders, body: Uint8Array | undefined, receiver: ResponseReceiver): Exchange;
  /** A request whose body follows by `sendData` and `sendEnd`. */
  open(head: OutgoingHeaders, receiver: ResponseReceiver): Exchange;
}
