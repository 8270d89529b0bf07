// SPDX-License-Identifier: Apache-2.0
// One gRPC call: the length-prefixed message is collected and sent back as it came.

import {
  type BodyReceiver,
  type OutgoingHeaders,
  outgoingHeaders,
  prepareHeaders,
  type ServerExchange,
} from 'crosstie/engine';

/** One byte of flags and four of length before each message (gRPC over HTTP/2, "Length-Prefixed-Message"). */
const PREFIX_BYTES = 5;
/** gRPC's usual limit of a received message. */
const MAX_MESSAGE_BYTES = 4 * 1024 * 1024;
const MAX_BODY_BYTES = PREFIX_BYTES + MAX_MESSAGE_BYTES;
/** The first buffer of a body that comes in several pieces; it doubles from there, so that a claim costs no memory. */
const FIRST_BUFFER_BYTES = 65_536;

const RESOURCE_EXHAUSTED = 8;
const INTERNAL = 13;

// Made once: each connection then sends them as a few constant bytes.
const HEAD = prepareHeaders([
  [':status', '200'],
  ['content-type', 'application/grpc'],
]);
const OK = prepareHeaders([['grpc-status', '0']]);

export class GrpcEcho implements BodyReceiver {
  readonly #exchange: ServerExchange;
  #body: Buffer | undefined;
  #length = 0;

  constructor(exchange: ServerExchange) {
    this.#exchange = exchange;
  }

  onData(bytes: Uint8Array): void {
    const length = this.#length + bytes.length;
    if (length > MAX_BODY_BYTES) {
      this.#refuse(RESOURCE_EXHAUSTED, `message larger than ${MAX_MESSAGE_BYTES} bytes`);
      return;
    }
    if (this.#body === undefined) {
      // The usual case: the whole body in one piece. It must outlive this call, so this is its one copy.
      this.#body = Buffer.from(bytes);
    } else {
      this.#append(bytes, length);
    }
    this.#length = length;
    // Held until the reply; the peer may send as much more meanwhile, or a message could not exceed the window.
    this.#exchange.grant(bytes.length);
  }

  onEnd(): void {
    const body = this.#body;
    if (body === undefined || !isOneMessage(body, this.#length)) {
      this.#refuse(INTERNAL, 'the body is not one length-prefixed message');
      return;
    }
    this.#exchange.reply(HEAD, body.length === this.#length ? body : body.subarray(0, this.#length), OK);
  }

  onFailure(): void {
    this.#body = undefined;
  }

  onWritable(): void {}

  #append(bytes: Uint8Array, length: number): void {
    let body = this.#body;
    if (body === undefined || body.length < length) body = this.#grow(length);
    body.set(bytes, this.#length);
  }

  #grow(length: number): Buffer {
    const size = Math.min(Math.max(length, this.#length * 2, FIRST_BUFFER_BYTES), MAX_BODY_BYTES);
    const larger = Buffer.allocUnsafe(size);
    this.#body?.copy(larger, 0, 0, this.#length);
    this.#body = larger;
    return larger;
  }

  #refuse(status: number, message: string): void {
    this.#body = undefined;
    this.#exchange.reply(trailersOnly(status, message));
  }
}

function isOneMessage(body: Buffer, length: number): boolean {
  return length >= PREFIX_BYTES && body.readUInt32BE(1) === length - PREFIX_BYTES;
}

/** An error before any message: one header section that is the trailers as well ("Trailers-Only"). */
function trailersOnly(status: number, message: string): OutgoingHeaders {
  return outgoingHeaders([
    [':status', '200'],
    ['content-type', 'application/grpc'],
    ['grpc-status', String(status)],
    ['grpc-message', message],
  ]);
}
