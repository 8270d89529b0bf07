// SPDX-License-Identifier: Apache-2.0
// Bytes → frames (RFC 9113 §4). A frame that lies whole in the read buffer is handed on where it lies; only one that
// is cut by the end of a read is put together in a buffer of its own.

import { FRAME_HEAD_BYTES, type FrameHead, parseFrameHead } from '../frame/index.ts';
import { borrowPartial, returnPartial } from './partial-buffer.ts';

export interface FrameSink {
  /** Before the payload is waited for: may throw for an illegal size. Returns false to have the payload dropped. */
  onFrameHead(head: FrameHead): boolean;
  /** A whole frame; its payload of `head.length` bytes begins at `at`. Both records are valid until this returns. */
  onFrame(head: FrameHead, bytes: Buffer, at: number): void;
}

/** How much one call of `read` may do before it gives way to other connections. */
export interface ReadTurn {
  /** True when the turn is used up; asked after each frame. */
  isOver(): boolean;
}

export class FrameReader {
  readonly #sink: FrameSink;
  readonly #head: FrameHead = { length: 0, type: 0, flags: 0, streamId: 0 };
  /** The frame cut by the end of the last read: its first `#partialBytes` bytes. */
  #partial: Buffer | undefined = undefined;
  #partialBytes = 0;
  /** Buffers of frames that were completed in the last turn: their payloads may have been looked at until its end. */
  #spent: Buffer[] = NO_BUFFERS;
  /** Bytes of a dropped payload still to come. */
  #dropBytes = 0;

  constructor(sink: FrameSink) {
    this.#sink = sink;
  }

  /** Bytes held for a frame that is not complete. */
  get heldBytes(): number {
    return this.#partial === undefined ? 0 : this.#partial.length;
  }

  /** The type of the frame that is cut, once its head is known. */
  get partialType(): number | undefined {
    return this.#partial !== undefined && this.#partialBytes >= FRAME_HEAD_BYTES ? this.#partial[3] : undefined;
  }

  /** Reads frames until the bytes or the turn end; returns where it stopped. */
  read(bytes: Buffer, from: number, turn: ReadTurn): number {
    if (this.#spent.length > 0) this.#returnSpent();
    let at = from;
    if (this.#dropBytes > 0) at = this.#drop(bytes, at);
    if (this.#partial !== undefined) {
      at = this.#continuePartial(this.#partial, bytes, at);
      if (this.#partial !== undefined || turn.isOver()) return at;
    }
    return this.#readWhole(bytes, at, turn);
  }

  /** Forgets a cut frame. */
  clear(): void {
    this.#partial = undefined;
    this.#partialBytes = 0;
  }

  #returnSpent(): void {
    for (const buffer of this.#spent) returnPartial(buffer);
    this.#spent = NO_BUFFERS;
  }

  /** The frame in `buffer` has been handed on. */
  #spend(buffer: Buffer): void {
    if (this.#spent === NO_BUFFERS) this.#spent = [buffer];
    else this.#spent.push(buffer);
  }

  #readWhole(bytes: Buffer, from: number, turn: ReadTurn): number {
    const head = this.#head;
    const sink = this.#sink;
    const end = bytes.length;
    let at = from;
    while (end - at >= FRAME_HEAD_BYTES) {
      parseFrameHead(bytes, at, head);
      const payload = at + FRAME_HEAD_BYTES;
      if (!sink.onFrameHead(head)) {
        this.#dropBytes = head.length;
        at = this.#drop(bytes, payload);
        continue;
      }
      if (end - payload < head.length) break;
      at = payload + head.length;
      sink.onFrame(head, bytes, payload);
      if (turn.isOver()) return at;
    }
    if (at < end) {
      this.#beginPartial(bytes, at);
      at = end;
    }
    return at;
  }

  #drop(bytes: Buffer, at: number): number {
    const dropped = Math.min(this.#dropBytes, bytes.length - at);
    this.#dropBytes -= dropped;
    return at + dropped;
  }

  #beginPartial(bytes: Buffer, at: number): void {
    const arrived = bytes.length - at;
    const frameBytes = arrived >= FRAME_HEAD_BYTES ? FRAME_HEAD_BYTES + this.#head.length : FRAME_HEAD_BYTES;
    const partial = borrowPartial(arrived, arrived, frameBytes);
    bytes.copy(partial, 0, at);
    this.#partial = partial;
    this.#partialBytes = arrived;
  }

  /** Completes the cut frame if it can, and returns where the next frame begins. */
  #continuePartial(partial: Buffer, bytes: Buffer, from: number): number {
    let at = from;
    const headKnown = this.#partialBytes >= FRAME_HEAD_BYTES;
    if (!headKnown) {
      at = this.#fill(partial, FRAME_HEAD_BYTES, bytes, at);
      if (this.#partialBytes < FRAME_HEAD_BYTES) return at;
    }
    parseFrameHead(partial, 0, this.#head);
    if (!headKnown && !this.#sink.onFrameHead(this.#head)) {
      this.clear();
      this.#dropBytes = this.#head.length;
      return this.#drop(bytes, at);
    }
    const frameBytes = FRAME_HEAD_BYTES + this.#head.length;
    const whole = this.#ensureRoom(partial, Math.min(frameBytes, this.#partialBytes + bytes.length - at), frameBytes);
    at = this.#fill(whole, frameBytes, bytes, at);
    if (this.#partialBytes < frameBytes) return at;
    this.clear();
    this.#spend(whole);
    this.#sink.onFrame(this.#head, whole, FRAME_HEAD_BYTES);
    return at;
  }

  /** Copies until `#partialBytes` is `target` or the bytes end. */
  #fill(partial: Buffer, target: number, bytes: Buffer, at: number): number {
    const copied = Math.min(target - this.#partialBytes, bytes.length - at);
    bytes.copy(partial, this.#partialBytes, at, at + copied);
    this.#partialBytes += copied;
    return at + copied;
  }

  #ensureRoom(partial: Buffer, needed: number, frameBytes: number): Buffer {
    if (partial.length >= needed) return partial;
    const wanted = Math.min(frameBytes, Math.max(needed, partial.length * 2));
    const grown = borrowPartial(needed, wanted, frameBytes);
    partial.copy(grown, 0, 0, this.#partialBytes);
    this.#partial = grown;
    return grown;
  }
}

/** Shared by all readers without one; never written to. */
const NO_BUFFERS: Buffer[] = [];
