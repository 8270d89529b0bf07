// SPDX-License-Identifier: Apache-2.0
// Server sockets that read into one buffer of the process. Node offers that (`onread`) to sockets it connects, not to
// those it accepts: each read of theirs allocates 64 KiB, which the garbage collector has to find and free again
// (bench 1mib-1x10: 25 collections in 1,000 requests, 5 without). So the handle of an accepted socket is moved to a
// second socket that has the option.
//
// `_handle` and `_server` are not documented. Hence: only on versions where the tests have seen it work, only when
// everything is where it is expected, and never for TLS; in all other cases the socket stays as it is, a little slower.

import { Socket, type SocketConstructorOpts } from 'node:net';
import { TLSSocket } from 'node:tls';

/** What one system call may bring. All accepted sockets share it: a read is handled before the next one begins. */
const READ_BYTES = 262_144;
const TESTED_MAJORS: ReadonlySet<string> = new Set(['20', '22', '24']);

interface StreamHandle {
  useUserBuffer(buffer: Uint8Array): void;
}

/** The parts of `net.Socket` that hold a connection of a server. */
interface AcceptedSocket {
  _handle: StreamHandle | null;
  _server: object | null;
}

let readBuffer: Buffer | undefined;

/**
 * Returns a socket for the same connection that gives each read to `onBytes`, where it lies in the shared buffer; or
 * undefined when this socket cannot be moved. The one that was passed is dead afterwards: take its listeners off first.
 * Call it outside of the old socket's own events, and before anything was written.
 */
export function moveToSharedBuffer(socket: Socket, onBytes: (bytes: Buffer) => void): Socket | undefined {
  const accepted = socket as Socket & Partial<AcceptedSocket>;
  const handle = accepted._handle;
  if (!isMovable(socket) || !handle || !accepted._server) return undefined;
  readBuffer ??= Buffer.allocUnsafeSlow(READ_BYTES);
  const buffer = readBuffer;
  const callback = (length: number): boolean => {
    onBytes(buffer.subarray(0, length));
    return true;
  };
  // `handle` is how Node itself makes the sockets of a server.
  const options = { handle, allowHalfOpen: socket.allowHalfOpen, onread: { buffer, callback } };
  const moved = new Socket(options as unknown as SocketConstructorOpts) as Socket & Partial<AcceptedSocket>;
  // The server counts its connections, and closes when the last one has told it so.
  moved._server = accepted._server;
  accepted._server = null;
  accepted._handle = null;
  return moved;
}

function isMovable(socket: Socket): boolean {
  if (socket instanceof TLSSocket || socket.destroyed || socket.writableLength > 0 || socket.readableLength > 0)
    return false;
  if (!TESTED_MAJORS.has(process.versions.node.split('.', 1)[0])) return false;
  const handle = (socket as Socket & Partial<AcceptedSocket>)._handle;
  return typeof handle?.useUserBuffer === 'function';
}
