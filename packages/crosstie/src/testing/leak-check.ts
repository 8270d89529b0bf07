// SPDX-License-Identifier: Apache-2.0
// After each test nothing may be left: no timer on a fake clock, no socket, server or process, no listener on the process,
// no stream or window byte in a connection. The harness looks, not the author of the test, who has to do nothing for it.

import type { Server, Socket } from 'node:net';
import { closeLeakScope, type LeakScope, openLeakScope } from './leak-registry.ts';
import { activeResources, openServers, openSockets, processListeners, watchSockets } from './open-sockets.ts';
import { nextTurn } from './settle.ts';

/** What a test framework must offer; `node:test` does. */
export interface TestHooks {
  beforeEach(hook: () => void): void;
  afterEach(hook: (context: unknown) => Promise<void>): void;
}

export interface LeakCheckOptions {
  /**
   * Sockets close a few turns after they are told to: so long we wait before one counts as a leak. Default 2,000, chosen
   * by us; a test without leaks does not wait at all.
   */
  readonly graceMs?: number;
}

const DEFAULT_GRACE_MS = 2_000;
const POLL_MS = 10;
/** Turns for in-memory connections to come to rest after they were closed (chosen by us; they need two or three). */
const CLOSING_TURNS = 10;

/** The state before a test, to which it must return. */
interface Baseline {
  readonly sockets: ReadonlySet<Socket>;
  readonly servers: ReadonlySet<Server>;
  readonly resources: ReadonlyMap<string, number>;
  readonly listeners: number;
}

/**
 * Checks after each test of this process. A test that has failed already is not checked: it may have been interrupted
 * anywhere. Tests of one file must not run at the same time as each other (they do not, by default).
 */
export function installLeakCheck(hooks: TestHooks, options: LeakCheckOptions = {}): void {
  const graceMs = options.graceMs ?? DEFAULT_GRACE_MS;
  const baselines: Baseline[] = [];
  watchSockets();
  hooks.beforeEach(() => {
    baselines.push(takeBaseline());
    openLeakScope();
  });
  hooks.afterEach(async (context) => {
    const scope = closeLeakScope();
    const baseline = baselines.pop();
    await closeInMemory(scope);
    if (hasFailed(context) || baseline === undefined) return;
    const leaks = [...findInMemoryLeaks(scope), ...(await waitForResources(baseline, graceMs))];
    if (leaks.length > 0)
      throw new Error(`the test has left behind:\n${leaks.map((leak) => `  - ${leak}`).join('\n')}`);
  });
}

function takeBaseline(): Baseline {
  return {
    sockets: new Set(openSockets()),
    servers: new Set(openServers()),
    resources: activeResources(),
    listeners: processListeners(),
  };
}

/** Breaks the in-memory connections of the test, so that whatever they still hold afterwards is a leak. */
async function closeInMemory(scope: LeakScope): Promise<void> {
  for (const closable of scope.closables) closable.close();
  if (scope.closables.size === 0) return;
  for (let turn = 0; turn < CLOSING_TURNS; turn++) {
    await nextTurn();
    for (const clock of scope.clocks) clock.runDeferred();
  }
}

/** What is left in memory when all connections of the test have been broken. */
export function findInMemoryLeaks(scope: LeakScope): string[] {
  const leaks: string[] = [];
  for (const clock of scope.clocks) {
    const delays = clock.pendingTimers.map((timer) => `${timer.delayMs} ms`);
    if (delays.length > 0) leaks.push(`${delays.length} timers on a fake clock (${delays.join(', ')})`);
    if (clock.deferredCount > 0) leaks.push(`${clock.deferredCount} deferred callbacks on a fake clock`);
  }
  for (const receiver of scope.receivers) if (isConnection(receiver)) leaks.push(...findConnectionLeaks(receiver));
  return leaks;
}

/** The part of `ConnectionFacts` that must be zero once a connection has closed. */
interface InspectedConnection {
  inspect(): {
    readonly role: string;
    readonly state: string;
    readonly streams: { readonly open: number; readonly waitingToSend: number };
    readonly heldBytes: number;
    readonly bufferedBytes: number;
  };
}

function isConnection(receiver: object): receiver is InspectedConnection {
  return 'inspect' in receiver && typeof receiver.inspect === 'function';
}

function findConnectionLeaks(connection: InspectedConnection): string[] {
  const facts = connection.inspect();
  const held: readonly (readonly [number, string])[] = [
    [facts.streams.open, 'open streams'],
    [facts.streams.waitingToSend, 'streams that wait to send'],
    [facts.heldBytes, 'received bytes held'],
    [facts.bufferedBytes, 'bytes to send'],
  ];
  const leaks = held
    .filter(([count]) => count !== 0)
    .map(([count, what]) => `${count} ${what} in a ${facts.role} connection`);
  if (facts.state !== 'closed')
    leaks.push(`a ${facts.role} connection that is ${facts.state} although its channel is closed`);
  return leaks;
}

async function waitForResources(baseline: Baseline, graceMs: number): Promise<string[]> {
  for (const startMs = performance.now(); ; ) {
    const leaks = findResourceLeaks(baseline);
    if (leaks.length === 0 || performance.now() - startMs > graceMs) return leaks;
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

function findResourceLeaks(baseline: Baseline): string[] {
  const leaks: string[] = [];
  for (const socket of openSockets()) if (!baseline.sockets.has(socket)) leaks.push(describeSocket(socket));
  for (const server of openServers()) {
    if (!baseline.servers.has(server)) leaks.push(`a server that listens on ${JSON.stringify(server.address())}`);
  }
  for (const [kind, count] of activeResources()) {
    const more = count - (baseline.resources.get(kind) ?? 0);
    if (more > 0) leaks.push(`${more} × ${kind}`);
  }
  const listeners = processListeners() - baseline.listeners;
  if (listeners > 0) leaks.push(`${listeners} listeners on the process`);
  return leaks;
}

function describeSocket(socket: Socket): string {
  const ends = `${socket.localAddress ?? '?'}:${socket.localPort ?? '?'} to ${socket.remoteAddress ?? '?'}:${socket.remotePort ?? '?'}`;
  return `an open socket, ${ends}`;
}

/** `node:test` says on the context whether the test has passed. */
function hasFailed(context: unknown): boolean {
  return typeof context === 'object' && context !== null && 'passed' in context && context.passed === false;
}
