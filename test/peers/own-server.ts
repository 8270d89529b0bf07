// SPDX-License-Identifier: Apache-2.0
// A server of ours in the process of the test, with one behaviour per path: what the echo does not do.

import {
  type BodyReceiver,
  type ExchangeFailure,
  type HeaderFields,
  type Listening,
  type ListenOptions,
  listen,
  type ServerEvent,
  type ServerExchange,
} from '../../packages/crosstie/src/entry/engine.ts';
import { createSignal, type Signal } from './within.ts';

/** A request as its handler sees it once it has ended, or failed. */
export interface Received {
  readonly exchange: ServerExchange;
  readonly body: Buffer;
  readonly trailers: HeaderFields | undefined;
}

/** What to do at each moment of a request; what is left out does nothing. */
export interface Behaviour {
  onRequest?(exchange: ServerExchange): void;
  onEnd?(received: Received): void;
  onWritable?(exchange: ServerExchange): void;
}

export interface OwnServer {
  readonly listening: Listening;
  readonly events: ServerEvent[];
  /** The first failure that a handler was told of. */
  readonly failed: Signal<ExchangeFailure>;
}

class Receiver implements BodyReceiver {
  readonly #exchange: ServerExchange;
  readonly #behaviour: Behaviour;
  readonly #server: Pick<OwnServer, 'failed'>;
  readonly #pieces: Buffer[] = [];

  constructor(exchange: ServerExchange, behaviour: Behaviour, server: Pick<OwnServer, 'failed'>) {
    this.#exchange = exchange;
    this.#behaviour = behaviour;
    this.#server = server;
    behaviour.onRequest?.(exchange);
  }

  onData(bytes: Uint8Array): void {
    this.#pieces.push(Buffer.from(bytes));
    this.#exchange.release(bytes.length);
  }

  onEnd(trailers: HeaderFields | undefined): void {
    this.#behaviour.onEnd?.({ exchange: this.#exchange, body: Buffer.concat(this.#pieces), trailers });
  }

  onFailure(failure: ExchangeFailure): void {
    this.#server.failed.fire(failure);
    this.#exchange.reset(failure.code);
  }

  onWritable(): void {
    this.#behaviour.onWritable?.(this.#exchange);
  }
}

/** Serves while `use` runs. Every path must be one of `behaviours`. */
export async function withOwnServer(
  behaviours: Readonly<Record<string, Behaviour>>,
  options: ListenOptions,
  use: (server: OwnServer) => Promise<void>,
): Promise<void> {
  const events: ServerEvent[] = [];
  const failed = createSignal<ExchangeFailure>();
  const listening = await listen(
    { host: '127.0.0.1', ...options, onEvent: (event) => events.push(event) },
    (exchange) => {
      const behaviour = behaviours[exchange.head.path];
      if (behaviour === undefined) throw new Error(`the test has no behaviour for ${exchange.head.path}`);
      return new Receiver(exchange, behaviour, { failed });
    },
  );
  try {
    await use({ listening, events, failed });
  } finally {
    await listening.close({ graceMs: 0 });
  }
}
