// SPDX-License-Identifier: Apache-2.0
// Who sends next. A stream that can send everything at once does so without ever being listed here. The others take
// turns, one frame each, so that a large body delays a small one by a frame and not by itself. A stream that waits for
// its own window is parked: in `pending`, not in `ready`, until its WINDOW_UPDATE arrives.

import type { OutgoingHeaders } from '../../exchange/index.ts';
import type { HeaderWriter, OutputBatch } from '../codec/index.ts';
import { encodeDataHead, FRAME_HEAD_BYTES, MIN_MAX_FRAME_BYTES } from '../frame/index.ts';
import type { StreamSender } from './host.ts';
import { DEFAULT_WINDOW_BYTES } from './receive-flow.ts';
import type { StreamRecord } from './record.ts';

/** What the scheduler needs of its connection. */
export interface SendHost {
  /** Sends the batch before the end of the turn. */
  flush(): void;
  /** Calls `sender.run()`, then sends the batch, at the end of the turn. */
  queueFlush(): void;
  /** Calls `sender.run()` in the next turn of the event loop: others want to be served too. */
  deferRun(): void;
}

/** One frame's worth of answers of one stream before the others get their turn. */
const QUANTUM_BYTES = 16_384;
/** A batch this large is written at once, so that a turn does not collect megabytes. */
const FLUSH_BYTES = 262_144;
/** Written in one turn before the event loop gets its chance to read. */
const TURN_BYTES = 1_048_576;
/** Payloads from this size on are chained by reference. Whole frames of 16 KiB were faster chained than copied; the size is chosen by us. */
const CHAIN_BYTES = 8_192;

/** How a stream's turn ended. */
type TurnEnd = 'done' | 'quantum' | 'stream-window' | 'connection-window';

export class SendScheduler implements StreamSender {
  /** The connection's send window. */
  window = DEFAULT_WINDOW_BYTES;
  /** The peer's SETTINGS_MAX_FRAME_SIZE, not above our own quantum. */
  maxDataBytes = MIN_MAX_FRAME_BYTES;
  /** The peer's SETTINGS_INITIAL_WINDOW_SIZE. */
  initialWindow = DEFAULT_WINDOW_BYTES;
  /** The socket takes no more for now. */
  isBlocked = false;
  /** DATA frames sent; WINDOW_UPDATEs are judged against it. */
  dataFrames = 0;
  dataBytes = 0;
  /** Streams with unsent output, in the order in which they began to wait. */
  readonly pending = new Set<StreamRecord>();
  readonly #batch: OutputBatch;
  readonly #headers: HeaderWriter;
  readonly #host: SendHost;
  #ready: StreamRecord[] = [];
  /** Streams with room again, once the socket has taken what they sent. */
  #roomy: StreamRecord[] = [];
  #turnBytes = 0;

  constructor(batch: OutputBatch, headers: HeaderWriter, host: SendHost) {
    this.#batch = batch;
    this.#headers = headers;
    this.#host = host;
  }

  /** The stream has something new to send. */
  submit(stream: StreamRecord): void {
    if (stream.isReady) return;
    // Who waits for the connection's window does not hold up heads and trailers, which need none.
    if (this.isBlocked || (this.#ready.length > 0 && this.window > 0)) {
      this.#enqueue(stream);
      return;
    }
    this.#host.queueFlush();
    this.#park(stream, this.#sendTurn(stream));
  }

  onReleased(callback: () => void): void {
    this.#batch.onReleased(callback);
  }

  /** Lets the waiting streams send until the windows, the socket or the turn say stop. */
  run(): void {
    let starved = 0;
    while (this.#ready.length > starved && !this.isBlocked) {
      if (this.#batch.byteLength >= FLUSH_BYTES && !this.#flushFull()) return;
      const stream = this.#ready.shift();
      if (stream === undefined) return;
      stream.isReady = false;
      if (!stream.hasOutput) continue;
      const end = this.#sendTurn(stream);
      if (end === 'connection-window') starved++;
      this.#park(stream, end);
    }
  }

  /** The stream has room again; its reader is told when the socket is not what holds it up. */
  noteRoom(stream: StreamRecord): void {
    this.#roomy.push(stream);
  }

  /** Those to be told now. */
  takeRoomy(): readonly StreamRecord[] {
    if (this.isBlocked || this.#roomy.length === 0) return NO_STREAMS;
    const roomy = this.#roomy;
    this.#roomy = [];
    return roomy;
  }

  /** A new turn of the event loop has begun. */
  startTurn(): void {
    this.#turnBytes = 0;
  }

  /** The stream sends no more. */
  remove(stream: StreamRecord): void {
    if (this.pending.size > 0) this.pending.delete(stream);
  }

  clear(): void {
    this.pending.clear();
    this.#ready = [];
    this.#roomy = [];
  }

  #enqueue(stream: StreamRecord): void {
    this.pending.add(stream);
    stream.isReady = true;
    this.#ready.push(stream);
  }

  #park(stream: StreamRecord, end: TurnEnd): void {
    switch (end) {
      case 'done':
        if (this.pending.size > 0) this.pending.delete(stream);
        return;
      case 'stream-window':
        this.pending.add(stream);
        return;
      case 'quantum':
        this.#enqueue(stream);
        return;
      case 'connection-window':
        this.#enqueue(stream);
        return;
    }
  }

  /** Sends the full batch; false when this turn has sent enough. */
  #flushFull(): boolean {
    this.#turnBytes += this.#batch.byteLength;
    this.#host.flush();
    if (this.isBlocked) return false;
    if (this.#turnBytes < TURN_BYTES) return true;
    this.#host.deferRun();
    return false;
  }

  /** Writes the stream's head, up to a quantum of its data, then its end, as far as the windows allow. */
  #sendTurn(stream: StreamRecord): TurnEnd {
    if (stream.outHead !== undefined) this.#sendHead(stream, stream.outHead);
    let quantum = QUANTUM_BYTES;
    while (stream.outData !== undefined) {
      if (quantum <= 0) return 'quantum';
      const left = stream.outData.length - stream.outOffset;
      const allowed = Math.min(left, stream.sendWindow, this.window, this.maxDataBytes);
      // Negative, too: after the peer lowers SETTINGS_INITIAL_WINDOW_SIZE (RFC 9113 §6.9.2).
      if (allowed <= 0 && left > 0) return stream.sendWindow <= 0 ? 'stream-window' : 'connection-window';
      this.#sendData(stream, stream.outData, allowed);
      quantum -= allowed;
    }
    if (stream.outEnd) this.#sendEnd(stream);
    return 'done';
  }

  #sendHead(stream: StreamRecord, head: OutgoingHeaders): void {
    const endStream = stream.outEnd && stream.outData === undefined && stream.outTrailers === undefined;
    stream.outHead = undefined;
    this.#headers.write(this.#batch, stream.id, head, endStream);
    if (endStream) {
      stream.outEnd = false;
      stream.onEndSent();
    }
  }

  #sendData(stream: StreamRecord, data: Uint8Array, length: number): void {
    const from = stream.outOffset;
    const to = from + length;
    const isLast = to === data.length && !stream.hasMoreOutData;
    const endStream = isLast && stream.outEnd && stream.outTrailers === undefined;
    // An empty piece is worth a frame only when it ends the stream.
    if (length > 0 || endStream) {
      this.#writeData(stream.id, data, from, to, endStream);
      stream.sendWindow -= length;
      this.window -= length;
    }
    stream.onDataSent(length, to === data.length);
    if (endStream) {
      stream.outEnd = false;
      stream.onEndSent();
    }
  }

  #writeData(streamId: number, data: Uint8Array, from: number, to: number, endStream: boolean): void {
    const batch = this.#batch;
    const length = to - from;
    const isChained = length >= CHAIN_BYTES;
    batch.reserve(FRAME_HEAD_BYTES + (isChained ? 0 : length));
    const at = encodeDataHead(batch.bytes, batch.position, streamId, length, endStream);
    this.dataFrames++;
    this.dataBytes += length;
    batch.position = at;
    if (isChained) {
      batch.chain(data.subarray(from, to));
      return;
    }
    copyBytes(data, from, to, batch.bytes, at);
    batch.position = at + length;
  }

  #sendEnd(stream: StreamRecord): void {
    stream.outEnd = false;
    if (stream.outTrailers !== undefined) {
      const trailers = stream.outTrailers;
      stream.outTrailers = undefined;
      this.#headers.write(this.#batch, stream.id, trailers, true);
    } else {
      this.#writeData(stream.id, NO_BYTES, 0, 0, true);
    }
    stream.onEndSent();
  }
}

const NO_STREAMS: readonly StreamRecord[] = [];
const NO_BYTES = new Uint8Array(0);
/** Below this a loop beats the call into the runtime. */
const LOOP_COPY_BYTES = 32;

function copyBytes(from: Uint8Array, start: number, end: number, to: Buffer, at: number): void {
  if (end - start > LOOP_COPY_BYTES) to.set(start === 0 && end === from.length ? from : from.subarray(start, end), at);
  else for (let i = start, j = at; i < end; i++, j++) to[j] = from[i];
}
