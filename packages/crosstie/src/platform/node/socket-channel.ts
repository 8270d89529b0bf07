// SPDX-License-Identifier: Apache-2.0
// The byte channel over a TCP, TLS or unix socket of Node. One per connection and thousands at rest, so it holds six
// fields and six listeners and nothing else; per write it allocates nothing of its own.

import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import type { ByteChannel, ByteReceiver, ChannelPeer } from '../../core/index.ts';
import { moveToSharedBuffer } from './in-place-socket.ts';

export class SocketChannel implements ByteChannel {
  readonly peer: ChannelPeer;
  #socket: Socket;
  #receiver: ByteReceiver | undefined;
  #error: Error | undefined;
  /** What to call when the kernel has taken a write: first in, first out, as the kernel takes them. */
  readonly #unreleased: (() => void)[] = [];
  /** Writes released already whose callback from the socket is still to come. They come before those of `#unreleased`. */
  #releasedEarly = 0;
  #writableOwed = false;
  readonly #onWritten: () => void;

  /** The socket gets its error listener here: make the channel in the same turn as the socket. */
  constructor(socket: Socket, peer: ChannelPeer) {
    this.#socket = socket;
    this.peer = peer;
    // One closure per connection, not per write; Node then also merges the callbacks of writes that end in one turn.
    this.#onWritten = () => {
      if (this.#releasedEarly > 0) this.#releasedEarly--;
      else this.#unreleased.shift()?.();
    };
    socket.on('error', this.#onError);
    socket.on('close', this.#onClose);
  }

  get bufferedBytes(): number {
    return this.#socket.writableLength;
  }

  open(receiver: ByteReceiver): void {
    if (this.#receiver !== undefined) throw new Error('the channel has its receiver already');
    this.#receiver = receiver;
    const socket = this.#socket;
    if (socket.closed) {
      // The socket went before anybody listened; tell it once `open` has returned.
      process.nextTick(this.#onClose);
      return;
    }
    socket.on('end', this.#onEnd);
    socket.on('drain', this.#onDrain);
    socket.on('data', this.#onData);
  }

  write(segments: readonly Uint8Array[], onReleased: () => void): boolean {
    const socket = this.#socket;
    if (socket.destroyed) {
      onReleased();
      return false;
    }
    const last = segments.length - 1;
    if (last === 0) socket.write(segments[0], this.#onWritten);
    else {
      // Corked writes leave as one `writev`.
      socket.cork();
      for (let i = 0; i < last; i++) socket.write(segments[i]);
      socket.write(segments[last], this.#onWritten);
      socket.uncork();
    }
    const waiting = socket.writableLength;
    // The kernel has taken all of it in this very call, which is the rule on an idle TCP connection: the caller may
    // fill the same buffer again at once, still warm in the cache, instead of a second one.
    if (waiting === 0 && this.#unreleased.length === 0) {
      this.#releasedEarly++;
      onReleased();
      return true;
    }
    this.#unreleased.push(onReleased);
    // Node owes a 'drain' whenever this holds, since the length before the system call was not smaller.
    if (waiting < socket.writableHighWaterMark) return true;
    this.#writableOwed = true;
    return false;
  }

  /**
   * Reads from the next turn on without allocating, where Node and the socket allow it. For accepted sockets, once it is
   * settled that nobody will `detach` them.
   */
  readInPlace(): void {
    process.nextTick(() => this.#moveToSharedBuffer());
  }

  #moveToSharedBuffer(): void {
    const from = this.#socket;
    const moved = moveToSharedBuffer(from, this.#onData);
    if (moved === undefined) return;
    from.off('data', this.#onData).off('end', this.#onEnd).off('drain', this.#onDrain).off('close', this.#onClose);
    moved.on('error', this.#onError).on('close', this.#onClose).on('end', this.#onEnd).on('drain', this.#onDrain);
    // Who holds the old socket still hears of the end, and can still bring it about.
    moved.once('close', () => from.destroy());
    from.once('close', () => moved.destroy());
    this.#socket = moved;
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  end(): void {
    this.#socket.end();
  }

  destroy(error?: Error): void {
    this.#error ??= error;
    this.#socket.destroy();
  }

  /**
   * Gives the socket up to somebody else, who reads `unread` first. The receiver hears nothing more, not even the
   * close. The error listener stays.
   */
  detach(unread: Uint8Array): Socket {
    const socket = this.#socket;
    socket.off('data', this.#onData).off('end', this.#onEnd).off('drain', this.#onDrain).off('close', this.#onClose);
    // Removing the last 'data' listener does not stop the flow; bytes would fall on the floor.
    socket.pause();
    if (unread.length > 0) socket.unshift(Buffer.from(unread));
    return socket;
  }

  readonly #onError = (error: Error): void => {
    this.#error ??= error;
  };

  readonly #onData = (bytes: Buffer): void => this.#receiver?.onBytes(bytes);

  readonly #onEnd = (): void => this.#receiver?.onEnd();

  readonly #onDrain = (): void => {
    if (!this.#writableOwed) return;
    this.#writableOwed = false;
    this.#receiver?.onWritable();
  };

  readonly #onClose = (): void => {
    for (const onReleased of this.#unreleased.splice(0)) onReleased();
    this.#receiver?.onClose(this.#error);
  };
}

/** The facts of the transport, read once: Node asks the kernel for each, and loses the address when the socket closes. */
export function socketPeer(socket: Socket): ChannelPeer {
  const address = socket.remoteAddress ?? '';
  const port = socket.remotePort ?? 0;
  if (!(socket instanceof TLSSocket)) return { address, port };
  const tls = {
    protocol: socket.getProtocol() ?? '',
    cipher: socket.getCipher().name,
    alpn: socket.alpnProtocol || '',
    serverName: serverName(socket),
  };
  return { address, port, tls };
}

function serverName(socket: TLSSocket): string {
  // Node's types leave it out, its documentation does not: the SNI of a server-side socket, `false` without one.
  const name = (socket as TLSSocket & { servername?: string | false }).servername;
  return typeof name === 'string' ? name.toLowerCase() : '';
}
