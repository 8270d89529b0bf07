// SPDX-License-Identifier: Apache-2.0
// Our HTTP/2 connections, set up for a test in one line: against a scripted peer, or against each other in memory.

import type { ExchangeHandler } from '../exchange/index.ts';
import {
  ClientConnection,
  type ClientConnectionOptions,
  type CloseReason,
  type ConnectionEvent,
  type H2Limits,
  ReceiveBudget,
  resolveLimits,
  ServerConnection,
  type ServerConnectionOptions,
} from '../h2/index.ts';
import { FakeClock } from './fake-clock.ts';
import { createMemoryChannels, type MemoryChannel, type MemoryChannelOptions } from './memory-channel.ts';
import { createScriptedPeer, type ScriptedPeer, type ScriptedPeerOptions } from './scripted-peer.ts';
import { settle } from './settle.ts';

export interface EngineOptions {
  /** Default: the engine's own. */
  readonly limits?: Partial<H2Limits>;
  /** Receive memory of the "process". Default 256 MiB, as the library's. */
  readonly budgetBytes?: number;
  /** Of the server only. */
  readonly audienceHint?: number;
  /** For the jitter of ages. Default: Math.random. */
  readonly random?: () => number;
  /** Of the client only: id of its first stream. */
  readonly initialStreamId?: number;
}

const DEFAULT_BUDGET_BYTES = 256 * 1_048_576;
const BUDGET_STALL_MS = 10_000;

/** What a connection under test has reported. */
export interface EngineRecord {
  readonly events: ConnectionEvent[];
  readonly budget: ReceiveBudget;
  /** Set when the connection has closed. */
  closed: CloseReason | undefined;
}

/** A scripted client and our server connection. */
export interface ServedPeer extends EngineRecord {
  readonly peer: ScriptedPeer;
  readonly connection: ServerConnection;
}

/** A scripted server and our client connection. */
export interface ConnectedPeer extends EngineRecord {
  readonly peer: ScriptedPeer;
  readonly connection: ClientConnection;
}

/** Our server connection, with a scripted client as its peer. */
export function servePeer(handler: ExchangeHandler, options: EngineOptions & ScriptedPeerOptions = {}): ServedPeer {
  const peer = createScriptedPeer('client', options);
  const { record, connectionOptions } = recordEngine(peer.clock, options);
  const connection = new ServerConnection(peer.channel, handler, connectionOptions);
  peer.channel.open(connection);
  return Object.assign(record, { peer, connection });
}

/** Our client connection, with a scripted server as its peer. */
export function connectPeer(options: EngineOptions & ScriptedPeerOptions = {}): ConnectedPeer {
  const peer = createScriptedPeer('server', options);
  const { record, connectionOptions } = recordEngine(peer.clock, options);
  const connection = new ClientConnection(peer.channel, connectionOptions);
  peer.channel.open(connection);
  return Object.assign(record, { peer, connection });
}

export interface LoopbackOptions extends MemoryChannelOptions {
  readonly clock?: FakeClock;
  readonly server?: EngineOptions;
  readonly client?: EngineOptions;
}

/** Both our ends, connected in memory. */
export class Loopback {
  readonly clock: FakeClock;
  readonly clientChannel: MemoryChannel;
  readonly serverChannel: MemoryChannel;
  readonly client: ClientConnection;
  readonly server: ServerConnection;
  readonly clientRecord: EngineRecord;
  readonly serverRecord: EngineRecord;

  constructor(handler: ExchangeHandler, options: LoopbackOptions = {}) {
    this.clock = options.clock ?? new FakeClock();
    [this.clientChannel, this.serverChannel] = createMemoryChannels(options);
    const server = recordEngine(this.clock, options.server ?? {});
    const client = recordEngine(this.clock, options.client ?? {});
    this.serverRecord = server.record;
    this.clientRecord = client.record;
    this.server = new ServerConnection(this.serverChannel, handler, server.connectionOptions);
    this.client = new ClientConnection(this.clientChannel, client.connectionOptions);
    this.serverChannel.open(this.server);
    this.clientChannel.open(this.client);
  }

  /** Waits until nothing more happens by itself. */
  async settles(): Promise<void> {
    await settle(this.clock, () => this.clientChannel.activity + this.serverChannel.activity);
  }
}

/** A client and a server connection that have exchanged their SETTINGS. */
export async function openLoopback(handler: ExchangeHandler, options: LoopbackOptions = {}): Promise<Loopback> {
  const loopback = new Loopback(handler, options);
  await loopback.settles();
  await loopback.client.ready;
  return loopback;
}

type RecordedOptions = ServerConnectionOptions & ClientConnectionOptions;

function recordEngine(
  clock: FakeClock,
  options: EngineOptions,
): { readonly record: EngineRecord; readonly connectionOptions: RecordedOptions } {
  const limitBytes = options.budgetBytes ?? DEFAULT_BUDGET_BYTES;
  const budget = new ReceiveBudget({ clock, limitBytes, stallMs: BUDGET_STALL_MS });
  const record: EngineRecord = { events: [], budget, closed: undefined };
  const connectionOptions: RecordedOptions = {
    clock,
    budget,
    limits: resolveLimits(options.limits),
    ...(options.random === undefined ? {} : { random: options.random }),
    ...(options.initialStreamId === undefined ? {} : { initialStreamId: options.initialStreamId }),
    ...(options.audienceHint === undefined ? {} : { audienceHint: options.audienceHint }),
    onEvent: (event) => {
      record.events.push(event);
    },
    onClose: (reason) => {
      record.closed = reason;
    },
  };
  return { record, connectionOptions };
}
