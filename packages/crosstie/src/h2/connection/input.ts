// SPDX-License-Identifier: Apache-2.0
// Everything a connection reads: the preface, then frames, one turn at a time. A turn that has done enough leaves the
// rest for the next turn of the event loop, so that one connection cannot starve the others.

import type { ByteChannel, Clock } from '../../core/index.ts';
import { FrameReader, type FrameSink, type ReadTurn } from '../codec/index.ts';
import { ConnectionError, FrameType } from '../frame/index.ts';

/** RFC 9113 §3.4. */
const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'latin1');
/** The clock is looked at after every so many frames. */
const FRAMES_PER_CLOCK = 64;

export interface InputHost {
  /** True when replies pile up: reading stops until they have been sent. */
  readonly isCongested: boolean;
  /** All frames of the turn have been parsed; `error` ended it before its time. */
  endReadTurn(error: unknown): void;
}

export interface TurnLimits {
  readonly turnFrames: number;
  readonly turnMs: number;
}

export class Input implements ReadTurn {
  /** Bytes read in all. */
  bytesReceived = 0;
  /** When bytes last arrived, by the connection's clock. */
  lastReadMs: number;
  readonly #channel: ByteChannel;
  readonly #clock: Clock;
  readonly #limits: TurnLimits;
  readonly #host: InputHost;
  readonly #reader: FrameReader;
  #prefaceBytes: number;
  #backlog: Buffer | undefined = undefined;
  #isResumeQueued = false;
  #isStopped = false;
  #turnFrames = 0;
  #turnStartMs = 0;

  constructor(
    channel: ByteChannel,
    clock: Clock,
    parts: { limits: TurnLimits; sink: FrameSink; host: InputHost; expectsPreface: boolean },
  ) {
    this.#channel = channel;
    this.#clock = clock;
    this.#limits = parts.limits;
    this.#host = parts.host;
    this.#reader = new FrameReader(parts.sink);
    this.#prefaceBytes = parts.expectsPreface ? 0 : PREFACE.length;
    this.lastReadMs = clock.now();
  }

  get heldBytes(): number {
    return this.#reader.heldBytes + (this.#backlog?.length ?? 0);
  }

  /** A HEADERS or CONTINUATION frame has begun and is not complete. */
  get isInsideHeaders(): boolean {
    const type = this.#reader.partialType;
    return type === FrameType.HEADERS || type === FrameType.CONTINUATION;
  }

  receive(bytes: Uint8Array): void {
    if (this.#isStopped) return;
    this.bytesReceived += bytes.length;
    const buffer = Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    if (this.#backlog === undefined) this.#readTurn(buffer);
    else this.#backlog = Buffer.concat([this.#backlog, buffer]);
  }

  /** Reads no more, ever. */
  stop(): void {
    this.#isStopped = true;
    this.#backlog = undefined;
    this.#reader.clear();
  }

  /** Replies have been sent: goes on where congestion stopped it. */
  resume(): void {
    if (this.#backlog === undefined || this.#isResumeQueued || this.#isStopped) return;
    this.#isResumeQueued = true;
    this.#clock.defer(() => this.#readBacklog());
  }

  // ── ReadTurn ──

  isOver(): boolean {
    if (this.#isStopped || this.#host.isCongested || ++this.#turnFrames >= this.#limits.turnFrames) return true;
    if (this.#turnFrames % FRAMES_PER_CLOCK !== 0) return false;
    return this.#clock.now() - this.#turnStartMs >= this.#limits.turnMs;
  }

  #readTurn(bytes: Buffer): void {
    this.#turnFrames = 0;
    this.#turnStartMs = this.#clock.now();
    this.lastReadMs = this.#turnStartMs;
    let at = 0;
    let failure: unknown;
    try {
      if (this.#prefaceBytes < PREFACE.length) at = this.#readPreface(bytes);
      if (at < bytes.length) at = this.#reader.read(bytes, at, this);
    } catch (error) {
      failure = error;
      at = bytes.length;
    }
    // The bytes are the channel's again after this: what is left is copied before anyone is called.
    if (at < bytes.length && !this.#isStopped) this.#keep(Buffer.from(bytes.subarray(at)));
    this.#host.endReadTurn(failure);
  }

  #keep(rest: Buffer): void {
    this.#backlog = rest;
    this.#channel.pause();
    if (!this.#host.isCongested) this.resume();
  }

  #readBacklog(): void {
    this.#isResumeQueued = false;
    const backlog = this.#backlog;
    if (backlog === undefined || this.#isStopped || this.#host.isCongested) return;
    this.#backlog = undefined;
    this.#readTurn(backlog);
    if (this.#backlog === undefined && !this.#isStopped) this.#channel.resume();
  }

  #readPreface(bytes: Buffer): number {
    const count = Math.min(PREFACE.length - this.#prefaceBytes, bytes.length);
    // §3.4: an invalid connection preface is a connection error of type PROTOCOL_ERROR.
    if (PREFACE.compare(bytes, 0, count, this.#prefaceBytes, this.#prefaceBytes + count) !== 0) {
      throw new ConnectionError('PROTOCOL_ERROR', 'invalid connection preface');
    }
    this.#prefaceBytes += count;
    return count;
  }
}
