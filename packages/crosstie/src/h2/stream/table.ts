// SPDX-License-Identifier: Apache-2.0
// The streams of one connection that are not closed, and a short memory of those we have reset: the peer's frames for
// them may still be on their way (RFC 9113 §5.1, closed) and are ignored, while frames on a stream that ended in good
// order are an error.

import type { H2Stream } from './stream.ts';

/** A peer has at most a few windows of frames on their way. Chosen by us: four times the largest sensible concurrency. */
const REMEMBERED_RESETS = 1_024;

export class StreamTable<S extends H2Stream> {
  readonly #streams = new Map<number, S>();
  #resets: Set<number> | undefined = undefined;

  get size(): number {
    return this.#streams.size;
  }

  get(id: number): S | undefined {
    return this.#streams.get(id);
  }

  add(stream: S): void {
    this.#streams.set(stream.id, stream);
  }

  remove(id: number): void {
    this.#streams.delete(id);
  }

  /** A snapshot: streams may close while it is walked. */
  all(): S[] {
    return [...this.#streams.values()];
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
}
