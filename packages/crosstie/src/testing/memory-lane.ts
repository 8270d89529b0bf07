// SPDX-License-Identifier: Apache-2.0
// One direction of a memory channel: what one end has written and the other has not yet taken.

/** What reads at the far end. Called in microtasks, never inside the writer's call. */
export interface LaneReader {
  /** False while it is paused, closed or not there yet. */
  readonly isReading: boolean;
  onPiece(bytes: Uint8Array): void;
  onFin(): void;
}

/** What a delivered buffer is filled with when it is the channel's again. */
const OVERWRITTEN = 0xdb;

type Item = { readonly kind: 'bytes'; bytes: Uint8Array; readonly onTaken: () => void } | { readonly kind: 'fin' };

export interface MemoryLaneOptions {
  readonly chunkBytes: number;
  readonly highWaterBytes: number;
  readonly releaseAtOnce: boolean;
  readonly record: boolean;
}

export class MemoryLane {
  /** May be changed at any time. */
  chunkBytes: number;
  /** Pieces delivered so far. */
  deliveredCount = 0;
  readonly written: Uint8Array[] = [];

  readonly #options: MemoryLaneOptions;
  readonly #onDrained: () => void;
  #reader: LaneReader | undefined;
  #queue: Item[] = [];
  #queuedBytes = 0;
  #allowance = Number.POSITIVE_INFINITY;
  #blocked = false;
  #scheduled = false;

  /** `onDrained` is called when everything has been taken after `push` returned false. */
  constructor(options: MemoryLaneOptions, onDrained: () => void) {
    this.chunkBytes = options.chunkBytes;
    this.#options = options;
    this.#onDrained = onDrained;
  }

  /** Nothing is on its way, no FIN either. */
  get isEmpty(): boolean {
    return this.#queue.length === 0;
  }

  get queuedBytes(): number {
    return this.#queuedBytes;
  }

  setReader(reader: LaneReader): void {
    this.#reader = reader;
    this.schedule();
  }

  allow(bytes: number): void {
    this.#allowance = bytes;
    this.schedule();
  }

  /** Returns false from the high-water mark on. */
  push(segments: readonly Uint8Array[], onReleased: () => void): boolean {
    const { releaseAtOnce, record, highWaterBytes } = this.#options;
    const filled = segments.filter((segment) => segment.length > 0);
    let left = filled.length;
    const onTaken = () => {
      if (--left === 0 && !releaseAtOnce) onReleased();
    };
    for (const segment of filled) {
      this.#queue.push({ kind: 'bytes', bytes: releaseAtOnce ? Buffer.from(segment) : segment, onTaken });
      this.#queuedBytes += segment.length;
      if (record) this.written.push(Buffer.from(segment));
    }
    if (releaseAtOnce || left === 0) onReleased();
    this.schedule();
    this.#blocked = this.#queuedBytes >= highWaterBytes;
    return !this.#blocked;
  }

  pushFin(): void {
    this.#queue.push({ kind: 'fin' });
    this.schedule();
  }

  /** Forgets what was not taken. The caller gives the segments back to their owners by calling what is returned. */
  drop(): () => void {
    const dropped = this.#queue;
    this.#queue = [];
    this.#queuedBytes = 0;
    this.#blocked = false;
    return () => {
      for (const item of dropped) if (item.kind === 'bytes') item.onTaken();
    };
  }

  /** Each piece is delivered in a microtask of its own: never inside the writer's call, and handlers run in between. */
  schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    queueMicrotask(() => {
      this.#scheduled = false;
      if (this.#deliverNext()) this.schedule();
    });
  }

  /** Moves one piece to the reader; false when there is none, or the reader does not take it now. */
  #deliverNext(): boolean {
    const reader = this.#reader;
    const item = this.#queue[0];
    if (item === undefined || reader === undefined || !reader.isReading) return false;
    if (item.kind === 'fin') {
      this.#queue.shift();
      this.deliveredCount++;
      reader.onFin();
      return false;
    }
    const count = Math.min(item.bytes.length, this.chunkBytes, this.#allowance);
    if (count === 0) return false;
    const piece = Buffer.from(item.bytes.subarray(0, count));
    this.#take(item, count);
    this.deliveredCount++;
    reader.onPiece(piece);
    piece.fill(OVERWRITTEN);
    return true;
  }

  #take(item: Item & { kind: 'bytes' }, count: number): void {
    item.bytes = item.bytes.subarray(count);
    this.#queuedBytes -= count;
    this.#allowance -= count;
    if (item.bytes.length === 0) {
      this.#queue.shift();
      item.onTaken();
    }
    if (this.#blocked && this.#queuedBytes === 0) {
      this.#blocked = false;
      queueMicrotask(this.#onDrained);
    }
  }
}
