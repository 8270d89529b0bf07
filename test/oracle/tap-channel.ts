// SPDX-License-Identifier: Apache-2.0
// A byte channel without a second end: the test is the network. Every call into the receiver happens when the test
// says so, never by itself, so that a run is the same each time.

import type { ByteChannel, ByteReceiver, ChannelPeer } from '../../packages/crosstie/src/core/index.ts';

interface Write {
  readonly segments: readonly Uint8Array[];
  readonly onReleased: () => void;
}

const SCRAMBLED = 0xa5;

export class TapChannel implements ByteChannel {
  readonly peer: ChannelPeer = { address: '127.0.0.1', port: 50_000 };
  /** The peer takes nothing: `write` returns false and segments stay with the channel. */
  blocked = false;
  /** Releases segments before `write` returns, as a socket may. */
  releasesAtOnce = false;
  /** A socket answers a write after its FIN with an error. */
  writesAfterEnd = 0;
  #receiver: ByteReceiver | undefined;
  #state: 'open' | 'ended' | 'closing' | 'closed' = 'open';
  #error: Error | undefined;
  #paused = false;
  #owesWritable = false;
  #writes: Write[] = [];
  #input: Uint8Array[] = [];
  #output: Uint8Array[] = [];
  #isPeerDone = false;
  #peerDoneTold = false;

  get bufferedBytes(): number {
    return this.#writes.reduce((sum, { segments }) => sum + segments.reduce((all, part) => all + part.length, 0), 0);
  }

  open(receiver: ByteReceiver): void {
    if (this.#receiver !== undefined) throw new Error('open() twice');
    this.#receiver = receiver;
  }

  write(segments: readonly Uint8Array[], onReleased: () => void): boolean {
    if (this.#state === 'ended') this.writesAfterEnd++;
    if (this.#state !== 'open') {
      this.#writes.push({ segments: [], onReleased });
      return false;
    }
    if (this.releasesAtOnce && !this.blocked && this.#writes.length === 0) {
      this.#output.push(...segments.map((segment) => Buffer.from(segment)));
      onReleased();
      return true;
    }
    this.#writes.push({ segments: [...segments], onReleased });
    if (this.blocked) this.#owesWritable = true;
    return !this.blocked;
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
  }

  end(): void {
    if (this.#state === 'open') this.#state = 'ended';
  }

  destroy(error?: Error): void {
    if (this.#state === 'closing' || this.#state === 'closed') return;
    this.#state = 'closing';
    this.#error = error;
  }

  // ── for the test ─────────────────────────────────────────────────────────────────────────────────────────────────

  get isOpen(): boolean {
    return this.#state === 'open';
  }

  get isClosed(): boolean {
    return this.#state === 'closed';
  }

  /** The engine has paused reading and bytes wait. */
  get isStuck(): boolean {
    return this.#paused && this.#input.length > 0 && this.#state !== 'closed';
  }

  /** Bytes for the receiver; delivered by `turn`. */
  deliver(bytes: Uint8Array): void {
    this.#input.push(bytes);
  }

  /** FIN from the peer, behind what was delivered. */
  deliverEnd(): void {
    this.#isPeerDone = true;
  }

  /** Bytes the engine has written and the peer has taken. */
  takeOutput(): Buffer {
    return Buffer.concat(this.#output.splice(0));
  }

  /** Lets the channel do what is due; returns whether it did anything. */
  turn(): boolean {
    if (this.#state === 'closed') return false;
    const released = this.#release();
    if (this.#state === 'closing') {
      this.#state = 'closed';
      this.#receiver?.onClose(this.#error);
      return true;
    }
    return this.#deliverInput() || this.#tellEnds() || released;
  }

  #release(): boolean {
    if (this.blocked && (this.#state === 'open' || this.#state === 'ended')) return false;
    const writes = this.#writes.splice(0);
    for (const { segments, onReleased } of writes) {
      // After `destroy` unsent bytes are dropped; the segments are given back all the same.
      if (this.#state !== 'closing') this.#output.push(...segments.map((segment) => Buffer.from(segment)));
      onReleased();
    }
    const owed = this.#owesWritable;
    this.#owesWritable = false;
    if (owed && this.#state === 'open') this.#receiver?.onWritable();
    return writes.length > 0 || owed;
  }

  #deliverInput(): boolean {
    const bytes = this.#paused ? undefined : this.#input.shift();
    if (bytes === undefined) return false;
    const copy = Buffer.from(bytes);
    this.#receiver?.onBytes(copy);
    copy.fill(SCRAMBLED); // the buffer is the channel's again
    return true;
  }

  #tellEnds(): boolean {
    if (!this.#isPeerDone || this.#input.length > 0) return false;
    if (!this.#peerDoneTold) {
      this.#peerDoneTold = true;
      this.#receiver?.onEnd();
      return true;
    }
    if (this.#state !== 'ended' || this.#writes.length > 0) return false;
    this.#state = 'closing'; // both sides have ended
    return true;
  }
}
