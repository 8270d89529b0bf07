// SPDX-License-Identifier: Apache-2.0
// Runs a program against the engine and checks what must hold whatever happens:
//   never a throw out of the engine       never an illegal frame (referee.ts)
//   never a hang: each exchange ends      never growth: streams, bytes and timers are back to zero

import { setImmediate as nextTurn } from 'node:timers/promises';
import {
  ClientConnection,
  DEFAULT_LIMITS,
  ReceiveBudget,
  ServerConnection,
} from '../../packages/crosstie/src/h2/index.ts';
import { FakeClock } from '../../packages/crosstie/src/testing/index.ts';
import { TapChannel } from '../oracle/tap-channel.ts';
import { errorName } from '../oracle/wire.ts';
import { Application } from './application.ts';
import type { Program, Step } from './program.ts';
import { Referee } from './referee.ts';

/** Turns after which a connection that is still busy never stops. */
const MAX_TURNS = 10_000;
/** Longer than every limit of the engine together. */
const ALL_LIMITS_MS = 600_000;
const ADVANCE_MS = 15_000;
const BUDGET_BYTES = 2 ** 28;
const BUDGET_STALL_MS = 30_000;
const CANCEL = 8;
const RULE_BROKEN = ['PROTOCOL_ERROR', 'STREAM_CLOSED', 'FRAME_SIZE_ERROR', 'COMPRESSION_ERROR'];

/** Promise jobs between two turns of the event loop: a loop of them would hang the process, so it is cut here. */
const MAX_MICROTASKS = 20_000;
let microtasks = 0;
const queueRealMicrotask = globalThis.queueMicrotask;
globalThis.queueMicrotask = (callback) => {
  if (microtasks++ < MAX_MICROTASKS) queueRealMicrotask(callback);
};

/** Resolves when all properties hold; throws an Error that names the one that does not. */
export async function execute(program: Program): Promise<void> {
  microtasks = 0;
  await new Execution(program).run();
}

class Execution {
  readonly #program: Program;
  readonly #channel = new TapChannel();
  readonly #clock = new FakeClock();
  readonly #budget = new ReceiveBudget({ clock: this.#clock, limitBytes: BUDGET_BYTES, stallMs: BUDGET_STALL_MS });
  readonly #application: Application;
  readonly #connection: ServerConnection | ClientConnection;
  readonly #referee: Referee;
  readonly #faults: string[] = [];
  /** Drained or closed: gone when the time is up, whatever the application and the peer do. */
  #mustClose = false;

  constructor(program: Program) {
    this.#program = program;
    this.#application = new Application(program);
    this.#referee = new Referee(program.role);
    this.#channel.releasesAtOnce = program.releasesAtOnce;
    this.#connection = this.#connect();
    this.#channel.open(this.#connection);
  }

  async run(): Promise<void> {
    for (const step of this.#program.steps) {
      await this.#step(step);
      this.#judge();
    }
    await this.#outwait();
    await this.#closeAll();
  }

  #connect(): ServerConnection | ClientConnection {
    const options = {
      clock: this.#clock,
      budget: this.#budget,
      limits: DEFAULT_LIMITS,
      onEvent: (event: { readonly kind: string; readonly error?: unknown }) => {
        if (event.kind === 'internal-error' || event.kind === 'handler-threw')
          this.#faults.push(`${event.kind}: ${event.error instanceof Error ? event.error.stack : event.error}`);
      },
    };
    if (this.#program.role === 'server')
      return new ServerConnection(this.#channel, (exchange) => this.#application.serve(exchange), options);
    const client = new ClientConnection(this.#channel, options);
    client.ready.catch(() => {}); // a program may end the connection before its SETTINGS
    return client;
  }

  async #step(step: Step): Promise<void> {
    switch (step.do) {
      case 'read': {
        const bytes = Buffer.from(step.hex, 'hex');
        this.#referee.peerSends(bytes);
        this.#channel.deliver(bytes);
        this.#turnChannel();
        return;
      }
      case 'turn':
        return this.#settle();
      case 'advance':
        this.#clock.advance(step.ms);
        return this.#settle();
      case 'block':
        this.#channel.blocked = true;
        return;
      case 'unblock':
        this.#channel.blocked = false;
        this.#turnChannel();
        return;
      case 'act':
        this.#application.act(step.exchange, step.action);
        return;
      case 'open':
        if (this.#connection instanceof ClientConnection && this.#channel.isOpen)
          this.#application.open(this.#connection, step.behaviour, step.bodyBytes);
        return;
      case 'ping':
        this.#connection.ping().catch(() => {}); // lost with the connection, as it may be
        return;
      case 'drain':
        this.#connection.drain(step.graceMs);
        this.#mustClose = true;
        return;
      case 'close':
        this.#connection.close();
        this.#mustClose = true;
        return;
      case 'end':
        this.#channel.deliverEnd();
        return;
      case 'break':
        this.#channel.destroy(new Error('ECONNRESET'));
        return;
    }
  }

  #turnChannel(): void {
    for (let turn = 0; this.#channel.turn(); turn++) expect(turn < MAX_TURNS, 'the channel is busy without end');
  }

  /** Everything that happens by itself happens. */
  async #settle(): Promise<void> {
    for (let turn = 0, quiet = 0; quiet < 2; turn++) {
      expect(turn < MAX_TURNS, 'hang: the connection is busy without end');
      const moved = this.#channel.turn();
      const ran = this.#clock.runDeferred() > 0;
      await nextTurn();
      expect(microtasks < MAX_MICROTASKS, 'hang: microtasks queue each other without end');
      microtasks = 0;
      quiet = moved || ran ? 0 : quiet + 1;
    }
    this.#judge();
    if (!this.#channel.blocked && !this.#channel.isStuck) this.#referee.settled();
  }

  #judge(): void {
    this.#referee.engineSends(this.#channel.takeOutput());
    const [fault] = [...this.#faults, ...this.#application.violations];
    expect(fault === undefined, `fault: ${fault}`);
    expect(this.#channel.writesAfterEnd === 0, 'fault: write() after end()');
    if (this.#program.lawful) this.#judgeFairness();
  }

  /** A lawful peer may run into a limit, but never be told that it broke a rule. */
  #judgeFairness(): void {
    const { fatal, resets } = this.#referee;
    for (const code of [fatal, ...resets.map((reset) => reset.code)])
      expect(
        code === undefined || !RULE_BROKEN.includes(errorName(code)),
        `unfair: ${errorName(code ?? 0)} to a lawful peer`,
      );
  }

  /** Time passes until every limit has acted: whoever still waits for our application or its peer may, no other. */
  async #outwait(): Promise<void> {
    this.#channel.blocked = false;
    await this.#settle();
    await this.#passTime();
    expect(this.#channel.isClosed || !this.#mustClose, 'hang: open after drain or close and all limits');
    const waiting = this.#application.exchanges.filter(({ isOver }) => !isOver);
    for (const exchange of waiting) if (!exchange.hasSentEnd) exchange.act({ do: 'reset', code: CANCEL });
    // A client may wait for a response as long as its caller wants; here it no longer does.
    if (this.#program.role === 'client') for (const exchange of waiting) exchange.act({ do: 'reset', code: CANCEL });
    for (const exchange of this.#application.exchanges) exchange.leave();
    await this.#settle();
    await this.#passTime();
    expect(!this.#channel.isStuck, 'hang: reading was paused for good');
    const { streams, state } = this.#connection.inspect();
    const isOver = this.#channel.isClosed || state === 'closed';
    expect(isOver || streams.open === 0, `hang: ${streams.open} streams open after all limits`);
    expect(isOver || streams.slots === 0, `hang: ${streams.slots} slots taken after all limits`);
    expect(
      isOver || streams.waitingToSend === 0,
      `hang: ${streams.waitingToSend} streams wait to send after all limits`,
    );
  }

  async #passTime(): Promise<void> {
    for (let passed = 0; passed < ALL_LIMITS_MS; passed += ADVANCE_MS) {
      if (this.#channel.isClosed) return;
      this.#clock.advance(ADVANCE_MS);
      await this.#settle();
    }
  }

  async #closeAll(): Promise<void> {
    if (!this.#channel.isClosed) {
      expect(this.#referee.fatal === undefined, `hang: open after GOAWAY ${errorName(this.#referee.fatal ?? 0)}`);
      this.#channel.deliverEnd();
      await this.#settle();
      await this.#passTime();
      expect(this.#channel.isClosed, 'hang: open after the FIN of its peer and all limits');
    }
    await this.#settle();
    const { state, streams, heldBytes, bufferedBytes } = this.#connection.inspect();
    expect(state === 'closed', `state ${state} after the channel closed`);
    expect(streams.open === 0, `growth: ${streams.open} streams after the close`);
    expect(streams.waitingToSend === 0, `growth: ${streams.waitingToSend} streams wait to send after the close`);
    expect(heldBytes === 0, `growth: ${heldBytes} bytes held after the close`);
    expect(bufferedBytes === 0, `growth: ${bufferedBytes} bytes buffered after the close`);
    expect(this.#budget.heldBytes === 0, `growth: ${this.#budget.heldBytes} bytes in the budget after the close`);
    for (const [index, exchange] of this.#application.exchanges.entries())
      expect(exchange.isOver, `hang: exchange ${index} was never told its end`);
    // The budget watches for stalls once more after its last holder has left.
    this.#clock.advance(2 * BUDGET_STALL_MS);
    const timers = this.#clock.pendingTimers.length + this.#clock.deferredCount;
    expect(timers === 0, `growth: ${timers} timers after the close`);
  }
}

function expect(condition: boolean, fault: string): void {
  if (!condition) throw new Error(fault);
}
