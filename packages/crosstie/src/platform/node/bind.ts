// SPDX-License-Identifier: Apache-2.0
// Binding a server to its port or path. A unix socket left behind by a process that died is replaced; one that somebody
// answers on is not.

import { lstat, unlink } from 'node:fs/promises';
import { connect, type Server } from 'node:net';
import { SetupError } from './setup-error.ts';

export type BindAddress =
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number }
  | { readonly kind: 'unix'; readonly path: string };

/** Connections the kernel queues before we accept them; the kernel cuts it to `net.core.somaxconn`. Node's default is 511. */
const BACKLOG = 4_096;

export async function bind(server: Server, address: BindAddress): Promise<void> {
  try {
    await listenOnce(server, address);
  } catch (error) {
    if (address.kind === 'tcp' || codeOf(error) !== 'EADDRINUSE') throw describeBindError(error, address);
    await removeStaleSocket(address.path);
    await listenOnce(server, address).catch((again) => {
      throw describeBindError(again, address);
    });
  }
}

function listenOnce(server: Server, address: BindAddress): Promise<void> {
  return new Promise((resolve, reject) => {
    const onError = (error: Error): void => reject(error);
    server.once('error', onError);
    const onListening = (): void => {
      server.off('error', onError);
      resolve();
    };
    if (address.kind === 'unix') server.listen({ path: address.path, backlog: BACKLOG }, onListening);
    else server.listen({ host: address.host, port: address.port, backlog: BACKLOG }, onListening);
  });
}

async function removeStaleSocket(path: string): Promise<void> {
  const entry = await lstat(path);
  if (!entry.isSocket()) {
    throw new SetupError('ADDRESS_IN_USE', `${path} exists and is not a socket; choose another path or remove it`);
  }
  if (await isAnswered(path)) {
    throw new SetupError('ADDRESS_IN_USE', `another process listens on ${path}; stop it or choose another path`);
  }
  await unlink(path);
}

/** Refused means that nobody has the socket open any more; anything else counts as somebody. */
function isAnswered(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = connect({ path });
    probe.once('connect', () => {
      probe.destroy();
      resolve(true);
    });
    probe.once('error', (error) => resolve(codeOf(error) !== 'ECONNREFUSED'));
  });
}

function describeBindError(error: unknown, address: BindAddress): SetupError {
  const at = address.kind === 'unix' ? address.path : `port ${address.port} on ${address.host}`;
  switch (codeOf(error)) {
    case 'EADDRINUSE':
      return new SetupError('ADDRESS_IN_USE', `${at} is in use; stop the other process or choose another port`, {
        cause: error,
      });
    case 'EACCES':
    case 'EPERM':
      return new SetupError('ADDRESS_NOT_ALLOWED', `this user may not listen on ${at}; ${accessRemedy(address)}`, {
        cause: error,
      });
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return new SetupError('ADDRESS_NOT_HERE', `this machine has no address ${at}; use "::" for all addresses`, {
        cause: error,
      });
    default:
      return new SetupError('LISTEN_FAILED', `cannot listen on ${at}: ${messageOf(error)}`, { cause: error });
  }
}

function accessRemedy(address: BindAddress): string {
  if (address.kind === 'unix') return 'check the permissions of its directory';
  return address.port < 1_024 ? 'use a port from 1024 on, or grant CAP_NET_BIND_SERVICE' : 'choose another port';
}

function codeOf(error: unknown): string | undefined {
  return (error as NodeJS.ErrnoException | null)?.code;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
