// SPDX-License-Identifier: Apache-2.0
// One call by our client connection: everything that came of it, in the order it came.

import {
  type ClientConnection,
  type Exchange,
  type ExchangeFailure,
  type FieldPair,
  type HeaderFields,
  type OutgoingHeaders,
  outgoingHeaders,
  type ResponseHead,
  type ResponseReceiver,
} from '../../packages/crosstie/src/entry/engine.ts';
import { createSignal, within } from './within.ts';

export interface Answer {
  readonly informations: readonly ResponseHead[];
  readonly head: ResponseHead | undefined;
  readonly body: Buffer;
  readonly trailers: HeaderFields | undefined;
  /** Undefined when the answer is whole. */
  readonly failure: ExchangeFailure | undefined;
}

export function requestHead(method: string, path: string, fields: readonly FieldPair[] = []): OutgoingHeaders {
  return outgoingHeaders([
    [':method', method],
    [':scheme', 'http'],
    [':authority', 'localhost'],
    [':path', path],
    ...fields,
  ]);
}

export function grpcHead(path: string, fields: readonly FieldPair[] = []): OutgoingHeaders {
  return requestHead('POST', path, [['content-type', 'application/grpc'], ['te', 'trailers'], ...fields]);
}

/** Keeps what comes, and lets the server send more as soon as it has. */
export class ClientCall implements ResponseReceiver {
  readonly exchange: Exchange;
  readonly #informations: ResponseHead[] = [];
  readonly #pieces: Buffer[] = [];
  readonly #headed = createSignal<ResponseHead | undefined>();
  readonly #done = createSignal<Answer>();
  #head: ResponseHead | undefined;
  #receivedBytes = 0;
  #onReceived: () => void = () => {};
  #onWritable: () => void = () => {};
  /** How often the end was told, in whatever form: more than once is a broken contract. */
  #ends = 0;

  private constructor(start: (receiver: ClientCall) => Exchange) {
    this.exchange = start(this);
  }

  static request(connection: ClientConnection, head: OutgoingHeaders, body?: Uint8Array): ClientCall {
    return new ClientCall((receiver) => connection.request(head, body, receiver));
  }

  static open(connection: ClientConnection, head: OutgoingHeaders): ClientCall {
    return new ClientCall((receiver) => connection.open(head, receiver));
  }

  /** The head of the answer; undefined when there was none. */
  get head(): Promise<ResponseHead | undefined> {
    return within('the head of an answer', this.#headed.promise);
  }

  get answer(): Promise<Answer> {
    return within('the end of an answer', this.#done.promise);
  }

  /** Resolves once so many bytes of the body have come. */
  untilReceived(bytes: number): Promise<void> {
    if (this.#receivedBytes >= bytes) return Promise.resolve();
    const received = new Promise<void>((resolve) => {
      this.#onReceived = () => {
        if (this.#receivedBytes >= bytes) resolve();
      };
    });
    return within(`${bytes} bytes of an answer`, received);
  }

  /** Sends all of it in pieces, and waits where the exchange asks to. */
  async upload(bytes: Uint8Array, pieceBytes: number): Promise<void> {
    for (let at = 0; at < bytes.length; at += pieceBytes) {
      if (this.exchange.sendData(bytes.subarray(at, at + pieceBytes))) continue;
      if (at + pieceBytes < bytes.length) await within('room to send', this.#untilWritable());
    }
  }

  #untilWritable(): Promise<void> {
    return new Promise((resolve) => {
      this.#onWritable = resolve;
    });
  }

  onInformation(head: ResponseHead): void {
    this.#informations.push(head);
  }

  onHead(head: ResponseHead): void {
    this.#head = head;
    this.#headed.fire(head);
  }

  onData(bytes: Uint8Array): void {
    this.#pieces.push(Buffer.from(bytes));
    this.#receivedBytes += bytes.length;
    this.exchange.release(bytes.length);
    this.#onReceived();
  }

  onEnd(trailers: HeaderFields | undefined): void {
    this.#end(trailers, undefined);
  }

  onFailure(failure: ExchangeFailure): void {
    this.#end(undefined, failure);
  }

  onWritable(): void {
    this.#onWritable();
  }

  #end(trailers: HeaderFields | undefined, failure: ExchangeFailure | undefined): void {
    this.#ends++;
    if (this.#ends > 1) throw new Error(`an answer ended ${this.#ends} times`);
    this.#headed.fire(this.#head);
    const body = Buffer.concat(this.#pieces);
    this.#done.fire({ informations: this.#informations, head: this.#head, body, trailers, failure });
  }
}

/** A whole request, and all that came of it. */
export function fetchAnswer(connection: ClientConnection, head: OutgoingHeaders, body?: Uint8Array): Promise<Answer> {
  return ClientCall.request(connection, head, body).answer;
}
