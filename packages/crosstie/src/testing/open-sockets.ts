// SPDX-License-Identifier: Apache-2.0
// Which sockets, servers and other handles this process has open, by Node's own account.

import { subscribe } from 'node:diagnostics_channel';
import type { Server, Socket } from 'node:net';

const sockets = new Set<Socket>();
const servers = new Set<Server>();
let isWatching = false;

/** Notes every TCP, TLS and unix socket from now on, those that do not keep the process alive too. */
export function watchSockets(): void {
  if (isWatching) return;
  isWatching = true;
  for (const channel of ['net.client.socket', 'net.server.socket']) subscribe(channel, noteSocket);
  // From Node 22 on. Before that, a server that does not keep the process alive is not seen.
  subscribe('tracing:net.server.listen:asyncEnd', noteServer);
}

function noteServer(message: unknown): void {
  const { server } = message as { readonly server: Server };
  servers.add(server);
  server.once('close', () => servers.delete(server));
}

function noteSocket(message: unknown): void {
  const { socket } = message as { readonly socket: Socket };
  sockets.add(socket);
  socket.once('close', () => sockets.delete(socket));
}

export function openSockets(): readonly Socket[] {
  return [...sockets];
}

/** Those that listen. */
export function openServers(): readonly Server[] {
  return [...servers].filter((server) => server.listening);
}

/** Kinds of resource that come and go by themselves: promises of file operations, callbacks of this very turn. */
const PASSING = /^(FSReq|Immediate|TickObject|Microtask|GetAddrInfoReq|TCPConnectWrap|ShutdownWrap|WriteWrap|CloseReq)/;

/** How many of each kind keep the process alive: `TCPServerWrap`, `ProcessWrap`, `Timeout`, … */
export function activeResources(): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const kind of process.getActiveResourcesInfo()) {
    if (!PASSING.test(kind)) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  }
  return counts;
}

/** How many listeners the process object has, over all events. */
export function processListeners(): number {
  return process.eventNames().reduce((sum, event) => sum + process.listenerCount(event), 0);
}
