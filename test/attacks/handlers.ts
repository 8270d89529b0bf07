// SPDX-License-Identifier: Apache-2.0
// The applications that are attacked. Each counts how often it was called: work is what most attacks are after.

import {
  type BodyReceiver,
  type ExchangeHandler,
  prepareHeaders,
  type ServerExchange,
} from '../../packages/crosstie/src/exchange/index.ts';

export const POST = prepareHeaders([
  [':method', 'POST'],
  [':scheme', 'http'],
  [':authority', 'localhost'],
  [':path', '/echo'],
]);
export const OK = prepareHeaders([[':status', '200']]);
export const STATUS_0 = prepareHeaders([['grpc-status', '0']]);

export interface CountingHandler extends ExchangeHandler {
  /** Calls so far. */
  calls: number;
  /** Calls whose handler has not said its last word. */
  running: number;
}

/** A message put together as it arrives, as RPC does: credit for what is still to come, memory until it is answered. */
class Collector implements BodyReceiver {
  readonly #exchange: ServerExchange;
  readonly #handler: CountingHandler;
  #pieces: Buffer[] = [];

  constructor(exchange: ServerExchange, handler: CountingHandler) {
    this.#exchange = exchange;
    this.#handler = handler;
  }

  onData(bytes: Uint8Array): void {
    this.#pieces.push(Buffer.from(bytes));
    this.#exchange.grant(bytes.length);
  }

  onEnd(): void {
    this.#handler.running--;
    this.#exchange.reply(OK, Buffer.concat(this.#pieces), STATUS_0);
  }

  onFailure(): void {
    this.#handler.running--;
    this.#pieces = [];
  }

  onWritable(): void {}
}

/** Collects the whole request, then answers with it. */
export function createEcho(): CountingHandler {
  return counted((exchange, handler) => new Collector(exchange, handler));
}

/** Works for ever: never answers, and never gives up when its stream is reset. */
export function createEndless(): CountingHandler {
  const never = new Promise<void>(() => {});
  return counted(() => ({ onData: () => {}, onEnd: () => {}, onFailure: () => never, onWritable: () => {} }));
}

/** Never answers, but ends when its stream does. */
export function createWaiting(): CountingHandler {
  return counted((_exchange, handler) => ({
    onData: () => {},
    onEnd: () => {},
    onFailure: () => {
      handler.running--;
    },
    onWritable: () => {},
  }));
}

/** Answers every request, however it goes on, with the same body in one call. */
export function createSource(body: Uint8Array): CountingHandler {
  return counted((exchange, handler) => {
    handler.running--;
    exchange.reply(OK, body, STATUS_0);
    return {
      onData: (bytes) => exchange.release(bytes.length),
      onEnd: () => {},
      onFailure: () => {},
      onWritable: () => {},
    };
  });
}

/** Sends each piece back as it comes, and gives its credit back as soon as the peer takes more. */
export function createStreamingEcho(): CountingHandler {
  return counted((exchange, handler) => {
    let owed = 0;
    exchange.sendHead(OK);
    return {
      onData: (bytes) => {
        if (exchange.sendData(Buffer.from(bytes))) exchange.release(bytes.length);
        else owed += bytes.length;
      },
      onWritable: () => {
        exchange.release(owed);
        owed = 0;
      },
      onEnd: () => {
        handler.running--;
        exchange.sendEnd(STATUS_0);
      },
      onFailure: () => {
        handler.running--;
      },
    };
  });
}

function counted(receive: (exchange: ServerExchange, handler: CountingHandler) => BodyReceiver): CountingHandler {
  const handler: CountingHandler = Object.assign(
    (exchange: ServerExchange) => {
      handler.calls++;
      handler.running++;
      return receive(exchange, handler);
    },
    { calls: 0, running: 0 },
  );
  return handler;
}
