// SPDX-License-Identifier: Apache-2.0
// The streams of one connection that are not closed, and a short memory of those we have reset: the peer's frames for
// them may still be on their way (RFC 9113 §5.1, closed) and are ignored, while frames on a stream that ended in good
// order are an error.
//
// Ids count up by two, so a ring indexed by id finds a stream without hashing. Not a Map alone: adding and deleting
// rehashes it all the time, and its discarded tables, grown old, keep dead streams alive through every scavenge
// (profiles of 7 B echoes: 39 % of busy time in garbage collection with a Map, 12 % with the ring).

import type { StreamRecord } from './record.ts';

const FIRST_SLOTS = 8;
/** The ring grows up to here; twice the streams of a busy connection, so that few collide. */
const MAX_SLOTS = 1_024;
/** A peer has at most a few windows of frames on their way. Chosen by us: four times the largest sensible concurrency. */
const REMEMBERED_RESETS = 1_024;

export class StreamTable<S extends StreamRecord> {
  #slots: (S | undefined)[] = NO_SLOTS;
  /** Streams whose slot a long-lived one holds. */
  #overflow: Map<number, S> | undefined = undefined;
  /** Streams ever added. */
  opened = 0;
  #size = 0;
  #resets: Set<number> | undefined = undefined;

  get size(): number {
    return this.#size;
  }

  get(id: number): S | undefined {
    const slots = this.#slots;
    const stream = slots[(id >>> 1) & (slots.length - 1)];
    if (stream !== undefined && stream.id === id) return stream;
    return this.#overflow?.get(id);
  }

  add(stream: S): void {
    this.#size++;
    this.opened++;
    if (this.#size > this.#slots.length >>> 1 && this.#slots.length < MAX_SLOTS) this.#grow();
    this.#place(stream);
  }

  remove(id: number): void {
    const slots = this.#slots;
    const slot = (id >>> 1) & (slots.length - 1);
    if (slots[slot]?.id === id) slots[slot] = undefined;
    else if (this.#overflow?.delete(id) !== true) return;
    this.#size--;
  }

  /** A snapshot: streams may close while it is walked. */
  all(): S[] {
    const streams = this.#slots.filter((stream) => stream !== undefined);
    return this.#overflow === undefined ? streams : [...streams, ...this.#overflow.values()];
  }

  rememberReset(id: number): void {
    this.#resets ??= new Set();
    this.#resets.add(id);
    if (this.#resets.size <= REMEMBERED_RESETS) return;
    const [oldest] = this.#resets;
    this.#resets.delete(oldest);
  }

  wasReset(id: number): boolean {
    return this.#resets?.has(id) === true;
  }

  #place(stream: S): void {
    const slot = (stream.id >>> 1) & (this.#slots.length - 1);
    if (this.#slots[slot] === undefined) this.#slots[slot] = stream;
    else {
      this.#overflow ??= new Map();
      this.#overflow.set(stream.id, stream);
    }
  }

  #grow(): void {
    const streams = this.all();
    this.#slots = new Array(Math.max(FIRST_SLOTS, this.#slots.length * 2)).fill(undefined);
    this.#overflow = undefined;
    for (const stream of streams) this.#place(stream);
  }
}

/** Shared by all connections without a stream; a mask of 0 finds nothing in it. */
const NO_SLOTS: undefined[] = [undefined];
