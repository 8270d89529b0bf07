// SPDX-License-Identifier: Apache-2.0
// A target's server, started alone on its core, ready and proven to echo.

import net from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { PinnedChild, SERVER_CORE } from '../child/pinned-child.ts';
import { createEnvelope } from './envelope.ts';
import { SERVER_PROGRAMS, type TargetName } from './targets.ts';
import { verifyEcho } from './verify-echo.ts';

const READY_TIMEOUT_MS = 10_000;
const POLL_MS = 20;

export interface EchoServer {
  readonly child: PinnedChild;
  readonly port: number;
}

/** Starts the server and checks one whole answer, byte for byte, with its grpc-status. */
export async function startEchoServer(target: TargetName, messageBytes: number): Promise<EchoServer> {
  const port = await findFreePort();
  const child = new PinnedChild(SERVER_PROGRAMS[target], { core: SERVER_CORE, env: { PORT: String(port) } });
  try {
    await waitUntilListening(child, port);
    await verifyEcho(port, createEnvelope(messageBytes));
  } catch (error) {
    await child.stop();
    throw error;
  }
  return { child, port };
}

async function findFreePort(): Promise<number> {
  const server = net.createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('no free port');
  return address.port;
}

async function waitUntilListening(child: PinnedChild, port: number): Promise<void> {
  const giveUpAt = performance.now() + READY_TIMEOUT_MS;
  while (performance.now() < giveUpAt) {
    if (child.endedBecause !== undefined) throw new Error(`the server ended: ${child.endedBecause}`);
    if (await canConnect(port)) return;
    await sleep(POLL_MS);
  }
  throw new Error(`the server did not listen on port ${port} within ${READY_TIMEOUT_MS} ms`);
}

function canConnect(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = net.connect(port, '127.0.0.1');
    socket.once('error', () => resolve(false));
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
  });
}
