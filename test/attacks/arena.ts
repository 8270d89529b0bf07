// SPDX-License-Identifier: Apache-2.0
// Where an attack takes place: one process with its receive budget and its clock, a connection under attack, and an
// honest neighbour on another connection, who must be served before, during and after it.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ExchangeHandler } from '../../packages/crosstie/src/exchange/index.ts';
import {
  ClientConnection,
  type CloseReason,
  type ConnectionEvent,
  ErrorCode,
  type H2Limits,
  LIMIT_REASONS,
  type LimitName,
  ReceiveBudget,
  resolveLimits,
  ServerConnection,
} from '../../packages/crosstie/src/h2/index.ts';
import {
  createMemoryChannels,
  createScriptedPeer,
  FakeClock,
  type MemoryChannel,
  ResponseRecorder,
  type ScriptedPeer,
  settle,
} from '../../packages/crosstie/src/testing/index.ts';
import { createEcho, POST } from './handlers.ts';

const MIB = 1_048_576;
/** The library's own (DESIGN of limits: 256 MiB for the process). */
const BUDGET_BYTES = 256 * MIB;
const BUDGET_STALL_MS = 10_000;

export interface ArenaOptions {
  readonly budgetBytes?: number;
}

/** A connection of ours with somebody else's hands at its other end. */
export interface Attacked<C extends ServerConnection | ClientConnection> {
  readonly connection: C;
  readonly events: ConnectionEvent[];
  closed: CloseReason | undefined;
}

export interface AttackedByPeer<C extends ServerConnection | ClientConnection> extends Attacked<C> {
  readonly peer: ScriptedPeer;
}

export interface AttackedByBytes<C extends ServerConnection | ClientConnection> extends Attacked<C> {
  /** The attacker's end. */
  readonly channel: MemoryChannel;
}

/** What one attack was allowed to see and to do. */
export class Arena {
  readonly clock = new FakeClock();
  readonly budget: ReceiveBudget;
  readonly #honestServer: MemoryChannel;
  readonly #honestClient: MemoryChannel;
  readonly #neighbour: ClientConnection;
  #servedCount = 0;

  constructor(options: ArenaOptions) {
    const limitBytes = options.budgetBytes ?? BUDGET_BYTES;
    this.budget = new ReceiveBudget({ clock: this.clock, limitBytes, stallMs: BUDGET_STALL_MS });
    [this.#honestClient, this.#honestServer] = createMemoryChannels();
    const own = { clock: this.clock, budget: this.budget, limits: resolveLimits() };
    const server = new ServerConnection(this.#honestServer, createEcho(), own);
    this.#neighbour = new ClientConnection(this.#honestClient, own);
    this.#honestServer.open(server);
    this.#honestClient.open(this.#neighbour);
  }

  /** How often the neighbour was served: an attack that never asked has proven nothing about others. */
  get servedCount(): number {
    return this.#servedCount;
  }

  /** Our server, attacked by a scripted client. The handshake is not done yet. */
  serve(handler: ExchangeHandler, limits: Partial<H2Limits> = {}): AttackedByPeer<ServerConnection> {
    const peer = createScriptedPeer('client', { clock: this.clock });
    return Object.assign(this.#serveOn(peer.channel, handler, limits), { peer });
  }

  /** Our client, attacked by a scripted server. The handshake is not done yet. */
  connect(limits: Partial<H2Limits> = {}): AttackedByPeer<ClientConnection> {
    const peer = createScriptedPeer('server', { clock: this.clock });
    const record = createRecord();
    const connection = new ClientConnection(peer.channel, { ...this.#options(limits), ...record.hooks });
    peer.channel.open(connection);
    return Object.assign(record.facts, { connection, peer });
  }

  /** Our server, attacked by raw bytes: for bulk, where a transcript would be larger than the attack. */
  serveBytes(handler: ExchangeHandler, limits: Partial<H2Limits> = {}): AttackedByBytes<ServerConnection> {
    const [channel, engineChannel] = createMemoryChannels();
    return Object.assign(this.#serveOn(engineChannel, handler, limits), { channel });
  }

  /** The neighbour gets an echo of `bytes` answered, on a connection of its own that shares clock and budget. */
  async servesOthers(bytes = 7): Promise<void> {
    const answer = new ResponseRecorder();
    const body = Buffer.alloc(bytes, 'neighbour ');
    this.#neighbour.request(POST, body, answer);
    await this.settles();
    const facts = this.#neighbour.inspect();
    assert.equal(answer.failure, undefined, `the neighbour was not served: ${answer.failure?.message}`);
    assert.ok(answer.isEnded, `the neighbour waits for its answer: ${JSON.stringify(facts.windows)}`);
    assert.ok(answer.body.equals(body), 'the neighbour got another echo than it asked for');
    this.#servedCount++;
  }

  /** Waits until nothing more happens by itself. `channels`: those whose traffic counts, besides the neighbour's. */
  async settles(...channels: readonly MemoryChannel[]): Promise<void> {
    const all = [...channels, this.#honestClient, this.#honestServer];
    await settle(this.clock, () => all.reduce((sum, channel) => sum + channel.activity, 0));
  }

  #serveOn(channel: MemoryChannel, handler: ExchangeHandler, limits: Partial<H2Limits>): Attacked<ServerConnection> {
    const record = createRecord();
    const connection = new ServerConnection(channel, handler, { ...this.#options(limits), ...record.hooks });
    channel.open(connection);
    return Object.assign(record.facts, { connection });
  }

  #options(limits: Partial<H2Limits>) {
    return { clock: this.clock, budget: this.budget, limits: resolveLimits(limits) };
  }
}

function createRecord() {
  const facts: { events: ConnectionEvent[]; closed: CloseReason | undefined } = { events: [], closed: undefined };
  const hooks = {
    onEvent: (event: ConnectionEvent) => {
      facts.events.push(event);
    },
    onClose: (reason: CloseReason) => {
      facts.closed = reason;
    },
  };
  return { facts, hooks };
}

type Body = (arena: Arena) => Promise<void>;

/** A test of an attack: its end, its bounds, and that others were served in its course and after it. */
export function attack(name: string, body: Body, options: ArenaOptions = {}): void {
  test(name, async () => {
    const arena = new Arena(options);
    await arena.servesOthers();
    await body(arena);
    assert.ok(arena.servedCount > 1, 'the test must ask `servesOthers()` while the attack goes on');
    await arena.servesOthers();
  });
}

/** A test of the legitimate neighbour of an attack: something that looks like it and must not be hurt. */
export function legitimate(name: string, body: Body, options: ArenaOptions = {}): void {
  test(name, async () => {
    const arena = new Arena(options);
    await body(arena);
    await arena.servesOthers();
  });
}

type AnyAttacked = Attacked<ServerConnection> | Attacked<ClientConnection>;

/** A limit has ended the connection: GOAWAY with its code and reason, the counter, the event, and nothing kept. */
export function endedBy(
  attacked: AnyAttacked,
  limit: LimitName,
  code: keyof typeof ErrorCode = 'ENHANCE_YOUR_CALM',
): void {
  const facts = attacked.connection.inspect();
  assert.deepEqual(
    [facts.goAway.sent?.code, facts.goAway.sent?.debug],
    [ErrorCode[code], LIMIT_REASONS[limit]],
    `GOAWAY, state ${facts.state}, ${JSON.stringify(attacked.events.slice(-2))}`,
  );
  actedOn(attacked, limit);
  keepsNothing(attacked);
}

/** An error that is no limit has ended the connection. `reason` is searched in the GOAWAY's debug data. */
export function endedByError(attacked: AnyAttacked, code: keyof typeof ErrorCode, reason: RegExp): void {
  const { goAway, state } = attacked.connection.inspect();
  assert.equal(goAway.sent?.code, ErrorCode[code], `GOAWAY, state ${state}: ${goAway.sent?.debug}`);
  assert.match(goAway.sent?.debug ?? '', reason);
  const told = attacked.events.some((event) => event.kind === 'protocol-error' && reason.test(event.message));
  assert.ok(told, `the operator was told nothing of ${reason}`);
  keepsNothing(attacked);
}

/** The limit was counted under its name, and the operator was told why. */
export function actedOn(attacked: AnyAttacked, limit: LimitName): void {
  const { limits } = attacked.connection.inspect();
  assert.ok((limits[limit] ?? 0) > 0, `inspect().limits does not count ${limit}: ${JSON.stringify(limits)}`);
  const event = attacked.events.find((one) => one.kind === 'limit' && one.limit === limit);
  assert.ok(event !== undefined, `no event tells of the limit ${limit}`);
  assert.equal(event.kind === 'limit' && event.reason, LIMIT_REASONS[limit]);
}

/** Ended connections hold no stream, no received byte, no output that waits. */
export function keepsNothing(attacked: AnyAttacked): void {
  const { state, heldBytes, streams } = attacked.connection.inspect();
  assert.ok(state === 'closing' || state === 'closed', `the connection is ${state}`);
  assert.deepEqual(
    { heldBytes, open: streams.open, waiting: streams.waitingToSend },
    { heldBytes: 0, open: 0, waiting: 0 },
  );
}

/** Nothing has acted on this connection: it is open, no limit was counted, no event was raised. */
export function unhurt(attacked: AnyAttacked): void {
  const { state, limits } = attacked.connection.inspect();
  assert.deepEqual({ state, limits, events: attacked.events }, { state: 'open', limits: {}, events: [] });
}
