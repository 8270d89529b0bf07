// SPDX-License-Identifier: Apache-2.0
// One gRPC call: the length-prefixed message is collected and sent back as it came.

import {
  type BodyReceiver,
  BytesPool,
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
/**
 * A body in several pieces gets a buffer of this size first, then four times as much, up to what its prefix announces:
 * an announcement alone costs no memory, and few bytes are copied twice.
 */
const FIRST_BUFFER_BYTES = 65_536;
const GROWTH = 4;

/** Where large bodies are put together; each goes back when its answer has left. */
const POOL = new BytesPool();

const RESOURCE_EXHAUSTED = 8;
const INTERNAL = 13;

// Made once: each connection then sends them as a few constant bytes.
const HEAD = prepareHeaders([
  [':status', '200'],
  ['content-type', 'application/grpc'],
]);
const OK = prepareHeaders([['grpc-status', '0']]);

export class GrpcEcho implements BodyReceiver {
  /** Set once there is a buffer to give back: small calls need no word when they have left. */
  onSent?: () => void;
  readonly #exchange: ServerExchange;
  #body: Uint8Array | undefined;
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
    // The usual case is the whole body in one piece. It must outlive this call: this is its one copy.
    if (this.#body === undefined) this.#body = Buffer.from(bytes);
    else this.#append(this.#body, bytes, length);
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

  #append(body: Uint8Array, bytes: Uint8Array, length: number): void {
    const target = length <= body.length ? body : this.#grow(body, length);
    target.set(bytes, this.#length);
    this.#body = target;
  }

  #grow(body: Uint8Array, length: number): Uint8Array {
    const announced = this.#length < PREFIX_BYTES ? length : PREFIX_BYTES + announcedLength(body);
    const next = Math.min(Math.max(body.length * GROWTH, FIRST_BUFFER_BYTES), announced);
    const larger = POOL.borrow(Math.max(next, length));
    larger.set(body.subarray(0, this.#length));
    if (this.onSent !== undefined) POOL.giveBack(body);
    this.onSent = () => POOL.giveBack(larger);
    return larger;
  }

  #refuse(status: number, message: string): void {
    this.#body = undefined;
    this.#exchange.reply(trailersOnly(status, message));
  }
}

function isOneMessage(body: Uint8Array, length: number): boolean {
  return length >= PREFIX_BYTES && announcedLength(body) === length - PREFIX_BYTES;
}

function announcedLength(body: Uint8Array): number {
  return ((body[1] << 24) | (body[2] << 16) | (body[3] << 8) | body[4]) >>> 0;
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
