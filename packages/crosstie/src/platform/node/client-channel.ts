// SPDX-License-Identifier: Apache-2.0
// A channel that reads into a buffer of ours (`onread`, which Node offers for sockets it connects itself): no allocation
// and no stream machinery per read. The receiver's contract, bytes are valid until `onBytes` returns, makes one buffer do
// for all sockets of the process.

import type { OnReadOpts, Socket } from 'node:net';
import type { ByteReceiver, ChannelPeer } from '../../core/index.ts';
import { SocketChannel } from './socket-channel.ts';

/** What one system call may bring, as on accepted sockets (in-place-socket.ts). */
const READ_BYTES = 262_144;

/**
 * On unix the kernel fills the buffer and the callback gets it in the same step, so all sockets can share it. Windows is
 * given the buffer when a read begins, which is before others end: one for each socket.
 */
const SHARED_BUFFER = process.platform === 'win32' ? undefined : Buffer.allocUnsafeSlow(READ_BYTES);

/** Takes a socket's bytes from the moment it is made, and hands them to the channel once that exists. */
export class ClientReads {
  readonly onread: OnReadOpts;
  #receiver: ByteReceiver | undefined;
  /** What a server sends right behind the TLS handshake, before anybody reads. */
  #early: Buffer[] = [];

  constructor() {
    const buffer = SHARED_BUFFER ?? Buffer.allocUnsafeSlow(READ_BYTES);
    this.onread = {
      buffer,
      callback: (length) => {
        const bytes = buffer.subarray(0, length);
        if (this.#receiver === undefined) this.#early.push(Buffer.from(bytes));
        else this.#receiver.onBytes(bytes);
        return true;
      },
    };
  }

  /** Bytes go to `receiver` from the end of this turn on. */
  open(receiver: ByteReceiver): void {
    process.nextTick(() => {
      const early = this.#early;
      this.#early = [];
      this.#receiver = receiver;
      for (const bytes of early) receiver.onBytes(bytes);
    });
  }
}

export class ClientChannel extends SocketChannel {
  readonly #reads: ClientReads;

  constructor(socket: Socket, peer: ChannelPeer, reads: ClientReads) {
    super(socket, peer);
    this.#reads = reads;
  }

  override open(receiver: ByteReceiver): void {
    super.open(receiver);
    this.#reads.open(receiver);
  }
}
