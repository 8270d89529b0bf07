// SPDX-License-Identifier: Apache-2.0
// Two connected byte channels in memory. They keep the contract of ByteChannel to the letter where sockets are merely
// likely to: delivered buffers are overwritten once `onBytes` returns, segments are read only when they are taken, so
// code that keeps a view or reuses a buffer too early fails in every test instead of once a month.

import type { ByteChannel, ByteReceiver, ChannelPeer } from '../core/index.ts';
import { registerClosable, registerReceiver } from './leak-registry.ts';
import { MemoryLane } from './memory-lane.ts';

export interface MemoryChannelOptions {
  /** Largest number of bytes per `onBytes` call. 1 shows parsers every boundary. Default: as written. */
  readonly chunkBytes?: number;
  /** `write` returns false from so many bytes on that the other end has not taken. Default 64 KiB, as Node's sockets. */
  readonly highWaterBytes?: number;
  /** Calls `onReleased` before `write` returns, as a socket with an empty buffer may. Default: when taken. */
  readonly releaseAtOnce?: boolean;
  /** Keeps a copy of all that is written, for `writtenBytes`. Default false. */
  readonly record?: boolean;
  /** What `peer` says at both ends. */
  readonly peer?: ChannelPeer;
}

const DEFAULT_HIGH_WATER_BYTES = 65_536;
const DEFAULT_PEER: ChannelPeer = { address: '127.0.0.1', port: 50_000 };

/** One end of a pair. The methods above the line are the port; those below are the test's. */
export class MemoryChannel implements ByteChannel {
  readonly peer: ChannelPeer;
  /** Number of `write` calls: a batch that should leave in one write is proven by it. */
  writeCount = 0;

  readonly #out: MemoryLane;
  readonly #options: MemoryChannelOptions;
  #other: MemoryChannel | undefined;
  #receiver: ByteReceiver | undefined;
  #isPaused = false;
  #finSent = false;
  #finReceived = false;
  #closed = false;
  #otherGone = false;
  #eventCount = 0;

  constructor(options: MemoryChannelOptions) {
    this.#options = options;
    this.peer = options.peer ?? DEFAULT_PEER;
    this.#out = new MemoryLane(
      {
        chunkBytes: options.chunkBytes ?? Number.POSITIVE_INFINITY,
        highWaterBytes: options.highWaterBytes ?? DEFAULT_HIGH_WATER_BYTES,
        releaseAtOnce: options.releaseAtOnce ?? false,
        record: options.record ?? false,
      },
      () => {
        if (!this.#closed) this.#receiver?.onWritable();
      },
    );
  }

  get bufferedBytes(): number {
    return this.#out.queuedBytes;
  }

  open(receiver: ByteReceiver): void {
    if (this.#receiver !== undefined) throw new Error('open() was called twice: a channel has one receiver');
    this.#receiver = receiver;
    registerReceiver(receiver);
    const isReading = () => !this.#isPaused && !this.#closed;
    this.#lane().setReader({
      get isReading() {
        return isReading();
      },
      onPiece: (bytes) => receiver.onBytes(bytes),
      onFin: () => this.#receiveFin(),
    });
  }

  write(segments: readonly Uint8Array[], onReleased: () => void): boolean {
    this.writeCount++;
    if (!this.#closed && !this.#finSent && !this.#otherGone) return this.#out.push(segments, onReleased);
    queueMicrotask(onReleased);
    if (this.#otherGone) this.#close(new Error('write EPIPE: the other end is gone'));
    return false;
  }

  pause(): void {
    this.#isPaused = true;
  }

  resume(): void {
    this.#isPaused = false;
    this.#lane().schedule();
  }

  end(): void {
    if (this.#finSent || this.#closed) return;
    this.#finSent = true;
    if (this.#otherGone) this.#close(undefined);
    else this.#out.pushFin();
  }

  destroy(error?: Error): void {
    if (this.#closed) return;
    this.#close(error);
    const other = this.#far();
    // Like close(2): the other end reads FIN, and its next write fails. With an error, like RST: it is closed at once.
    if (error === undefined) other.#loseOther();
    else other.#close(new Error('read ECONNRESET: the other end reset the connection'));
  }

  // ── for the test ─────────────────────────────────────────────────────────────────────────────────────────────────

  get isClosed(): boolean {
    return this.#closed;
  }

  /** This end has sent FIN or is closed. */
  get hasEnded(): boolean {
    return this.#finSent || this.#closed;
  }

  /** Everything ever written at this end, in order, when the option `record` is set. */
  get writtenBytes(): Uint8Array {
    if (this.#options.record !== true) throw new Error('nothing was recorded: set the option `record`');
    return Buffer.concat(this.#out.written);
  }

  /** Largest piece this end hands to its receiver from now on; see the option. */
  set chunkBytes(bytes: number) {
    this.#lane().chunkBytes = bytes;
  }

  /**
   * Backpressure on demand: the other end takes no more than `bytes` of what this end writes, then nothing, until
   * called again. `Infinity` lifts it. With 0 at both ends the network has vanished and nobody was told.
   */
  allow(bytes: number): void {
    this.#out.allow(bytes);
  }

  /** Grows with every piece delivered and every end or close reported; what `settle` watches. */
  get activity(): number {
    return this.#out.deliveredCount + this.#eventCount;
  }

  // ── between the two ends ─────────────────────────────────────────────────────────────────────────────────────────

  static connect(near: MemoryChannel, far: MemoryChannel): void {
    near.#other = far;
    far.#other = near;
  }

  #far(): MemoryChannel {
    if (this.#other === undefined) throw new Error('the channel has no other end: use createMemoryChannels');
    return this.#other;
  }

  /** The lane that leads to us. */
  #lane(): MemoryLane {
    const other = this.#far();
    return other.#out;
  }

  #receiveFin(): void {
    this.#finReceived = true;
    this.#eventCount++;
    this.#receiver?.onEnd();
    this.#closeIfBothEnded();
    const other = this.#far();
    other.#closeIfBothEnded();
  }

  #closeIfBothEnded(): void {
    if (this.#finReceived && this.#finSent && this.#out.isEmpty) this.#close(undefined);
  }

  /** The other end called `destroy()`: nothing more comes, and nobody reads what we write. */
  #loseOther(): void {
    this.#otherGone = true;
    if (this.#closed) return;
    if (this.#finSent) this.#close(undefined);
    else
      queueMicrotask(() => {
        if (!this.#closed && !this.#finReceived) this.#receiveFin();
      });
  }

  #close(error: Error | undefined): void {
    if (this.#closed) return;
    this.#closed = true;
    const giveBack = this.#out.drop();
    queueMicrotask(() => {
      giveBack();
      this.#eventCount++;
      this.#receiver?.onClose(error);
    });
  }
}

/** Two ends of one connection. Both are reset by the harness when the test is over, if they are still open. */
export function createMemoryChannels(options: MemoryChannelOptions = {}): [near: MemoryChannel, far: MemoryChannel] {
  const near = new MemoryChannel(options);
  const far = new MemoryChannel(options);
  MemoryChannel.connect(near, far);
  registerClosable({ close: () => near.destroy(new Error('the test is over')) });
  return [near, far];
}
