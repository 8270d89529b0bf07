// SPDX-License-Identifier: Apache-2.0
// The engine under test: a ServerConnection on a tap channel, with the oracle's application in it.

import { setImmediate as nextTurn } from 'node:timers/promises';
import {
  type BodyReceiver,
  type HeaderFields,
  outgoingHeaders,
  type ServerExchange,
} from '../../packages/crosstie/src/exchange/index.ts';
import { DEFAULT_LIMITS, ReceiveBudget, ServerConnection } from '../../packages/crosstie/src/h2/index.ts';
import { FakeClock } from '../../packages/crosstie/src/testing/index.ts';
import type { Replies } from './cases.ts';
import { canonicalFields, type Fact, ServerOutput } from './facts.ts';
import { RESPONSE_BODY, type ServerUnderTest } from './server-under-test.ts';
import { TapChannel } from './tap-channel.ts';
import type { Field } from './wire-hpack.ts';

/** A connection that is still busy after so many turns never stops. */
const MAX_TURNS = 1000;
const BUDGET_BYTES = 2 ** 28;

export class EngineServer implements ServerUnderTest {
  readonly #channel = new TapChannel();
  readonly #clock = new FakeClock();
  readonly #budget = new ReceiveBudget({ clock: this.#clock, limitBytes: BUDGET_BYTES, stallMs: 30_000 });
  readonly #connection: ServerConnection;
  readonly #output = new ServerOutput();
  readonly #waiting = new Set<() => void>();
  #facts: Fact[] = [];
  #requests = 0;
  #held: boolean;
  #closedTold = false;

  constructor(replies: Replies) {
    this.#held = replies === 'held';
    const options = { clock: this.#clock, budget: this.#budget, limits: DEFAULT_LIMITS };
    this.#connection = new ServerConnection(this.#channel, (exchange) => this.#serve(exchange), options);
    this.#channel.open(this.#connection);
  }

  feed(bytes: Uint8Array): void {
    this.#channel.deliver(bytes);
    this.pump();
  }

  /** All that happens without promises. */
  pump(): void {
    for (let turn = 0; this.#channel.turn() || this.#clock.runDeferred() > 0; turn++)
      if (turn > MAX_TURNS) throw new Error('the engine is busy without end');
  }

  async settle(): Promise<void> {
    this.pump();
    await nextTurn(); // microtasks
    this.pump();
    await nextTurn();
    this.pump();
  }

  answer(): void {
    this.#held = false;
    for (const reply of this.#waiting) reply();
    this.#waiting.clear();
  }

  takeFacts(): Fact[] {
    const facts = [...this.#output.push(this.#channel.takeOutput()), ...this.#facts.splice(0)];
    if (!this.#channel.isOpen && !this.#closedTold) {
      this.#closedTold = true;
      facts.push({ kind: 'closed' });
    }
    return facts;
  }

  async close(): Promise<void> {
    this.#channel.destroy();
    await this.settle();
    const timers = this.#clock.pendingTimers.length;
    if (timers > 0) throw new Error(`${timers} timers are left after the close`);
  }

  #serve(exchange: ServerExchange): BodyReceiver {
    const request = ++this.#requests;
    const { head } = exchange;
    let isOver = false;
    this.#facts.push({ kind: 'request', request, fields: requestFields(exchange) });
    const reply = () => {
      isOver = true;
      const isHead = head.method === 'HEAD';
      exchange.reply(outgoingHeaders([[':status', '200']]), isHead ? undefined : RESPONSE_BODY);
    };
    return {
      onData: (bytes) => {
        this.#facts.push({ kind: 'body', request, hex: Buffer.from(bytes).toString('hex') });
        exchange.release(bytes.length);
      },
      onEnd: (trailers) => {
        this.#facts.push({ kind: 'end', request, trailers: fieldPairs(trailers) });
        if (this.#held) this.#waiting.add(reply);
        else reply();
      },
      onFailure: () => {
        this.#waiting.delete(reply);
        if (!isOver) this.#facts.push({ kind: 'failed', request });
        isOver = true;
      },
      onWritable: () => {},
    };
  }
}

/** The head as the list of fields it came from. */
function requestFields({ head }: ServerExchange): Field[] {
  const pseudo: Field[] = [
    [':method', head.method],
    [':scheme', head.scheme],
    [':authority', head.authority],
    [':path', head.path],
  ];
  return canonicalFields([...pseudo.filter(([, value]) => value !== ''), ...fieldPairs(head.fields)]);
}

function fieldPairs(fields: HeaderFields | undefined): Field[] {
  return fields === undefined ? [] : [...fields];
}
