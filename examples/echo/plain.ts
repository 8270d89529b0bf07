// SPDX-License-Identifier: Apache-2.0
// What is not gRPC: a greeting at `/`, so that a browser, curl and h2spec find something; 404 elsewhere.

import { type BodyReceiver, prepareHeaders, type ServerExchange } from 'crosstie/engine';

const TEXT = Buffer.from('Crosstie echo\n');
const NOT_FOUND_TEXT = Buffer.from('nothing here; try /\n');

const FOUND = prepareHeaders([
  [':status', '200'],
  ['content-type', 'text/plain'],
]);
const NOT_FOUND = prepareHeaders([
  [':status', '404'],
  ['content-type', 'text/plain'],
]);
/** An answer to HEAD has the length of the GET's body and no body. */
const HEAD_ONLY = prepareHeaders([
  [':status', '200'],
  ['content-type', 'text/plain'],
  ['content-length', String(TEXT.length)],
]);

export function openPlain(exchange: ServerExchange): BodyReceiver {
  return new Plain(exchange);
}

/** Reads the request to its end before it answers: a client that is still sending would take an early answer for an error. */
class Plain implements BodyReceiver {
  readonly #exchange: ServerExchange;

  constructor(exchange: ServerExchange) {
    this.#exchange = exchange;
  }

  onData(bytes: Uint8Array): void {
    this.#exchange.release(bytes.length);
  }

  onEnd(): void {
    const { method, path } = this.#exchange.head;
    if (path !== '/') this.#exchange.reply(NOT_FOUND, NOT_FOUND_TEXT);
    else if (method === 'HEAD') this.#exchange.reply(HEAD_ONLY);
    else if (method === 'GET' || method === 'POST') this.#exchange.reply(FOUND, TEXT);
    else this.#exchange.reply(NOT_FOUND, NOT_FOUND_TEXT);
  }

  onFailure(): void {}

  onWritable(): void {}
}
