// SPDX-License-Identifier: Apache-2.0
// The peer's SETTINGS as the engine may see them: until it acknowledges new values, old and new are both in order.

import { Setting } from '../oracle/wire.ts';

const INITIAL: ReadonlyMap<number, number> = new Map([
  [Setting.HEADER_TABLE_SIZE, 4096],
  [Setting.MAX_CONCURRENT_STREAMS, Number.POSITIVE_INFINITY],
  [Setting.INITIAL_WINDOW_SIZE, 65_535],
  [Setting.MAX_FRAME_SIZE, 16_384],
]);

type Entries = readonly (readonly [id: number, value: number])[];

export class PeerSettings {
  readonly #acknowledged = new Map(INITIAL);
  readonly #waiting: Entries[] = [];

  receive(entries: Entries): void {
    this.#waiting.push(entries);
  }

  /** False when there is nothing to acknowledge. */
  acknowledge(): boolean {
    const entries = this.#waiting.shift();
    for (const [id, value] of entries ?? []) this.#acknowledged.set(id, value);
    return entries !== undefined;
  }

  /** The most the engine may take the setting for. */
  largest(id: number): number {
    let largest = this.#acknowledged.get(id) ?? 0;
    for (const entries of this.#waiting)
      for (const [other, value] of entries) if (other === id) largest = Math.max(largest, value);
    return largest;
  }
}
