// SPDX-License-Identifier: Apache-2.0
// A client in raw frames for hundreds of megabytes: it keeps the peer's windows, sends its uploads in turns of one frame
// each, and counts and checks what comes back without keeping it.

import assert from 'node:assert/strict';
import {
  ack,
  data,
  END_STREAM,
  type MemoryChannel,
  preface,
  settings,
  windowUpdate,
} from '../../packages/crosstie/src/testing/index.ts';
import type { Arena } from './arena.ts';
import { open } from './frames.ts';

const DATA = 0x0;
const HEADERS = 0x1;
const RST_STREAM = 0x3;
const SETTINGS = 0x4;
const GOAWAY = 0x7;
const WINDOW_UPDATE = 0x8;
const INITIAL_WINDOW_SIZE = 0x4;
const HEAD_BYTES = 9;
const DEFAULT_WINDOW = 65_535;
/** Ours: large enough that no answer of a test ever waits for it. */
const OWN_WINDOW = 0x7fff_ffff;
/** What is written at once; a socket's read is no larger. */
const WRITE_BYTES = 65_536;

/** Every body in these tests repeats this text, so that it need not be kept to be compared. */
const PATTERN = Buffer.from(Array.from({ length: 251 }, (_, i) => i));
const PATTERN_RUN = Buffer.concat(new Array<Buffer>(132).fill(PATTERN));

/** `bytes` bytes of a body, from its `offset`-th on. */
export function patternAt(offset: number, bytes: number): Buffer {
  const from = offset % PATTERN.length;
  return PATTERN_RUN.subarray(from, from + bytes);
}

/** A whole body. */
export function patternBody(bytes: number): Buffer {
  const body = Buffer.alloc(bytes);
  for (let at = 0; at < bytes; at += PATTERN_RUN.length) PATTERN_RUN.copy(body, at);
  return body;
}

export interface Upload {
  readonly streamId: number;
  readonly bytes: number;
  readonly frameBytes: number;
  /** Stops here, half-sent, until `resume`. Default: at the end. */
  readonly pauseAt?: number;
}

interface UploadState extends Upload {
  sentBytes: number;
  limit: number;
}

class BulkStream {
  sendWindow: number;
  readonly received = { bytes: 0, isEnded: false, isIntact: true, resetCode: undefined as number | undefined };

  constructor(sendWindow: number) {
    this.sendWindow = sendWindow;
  }
}

export class BulkClient {
  dataFramesSent = 0;
  /** Error code of a GOAWAY, once there was one. */
  goAwayCode: number | undefined = undefined;
  isClosed = false;
  readonly #channel: MemoryChannel;
  readonly #streams = new Map<number, BulkStream>();
  #uploads: UploadState[] = [];
  #window = DEFAULT_WINDOW;
  #initialWindow = DEFAULT_WINDOW;
  #rest: Buffer = Buffer.alloc(0);
  #isPumpQueued = false;

  constructor(channel: MemoryChannel) {
    this.#channel = channel;
    channel.open({
      onBytes: (bytes) => this.#receive(bytes),
      onWritable: () => this.#queuePump(),
      onEnd: () => {},
      onClose: () => {
        this.isClosed = true;
      },
    });
  }

  begin(): void {
    const own = settings({ INITIAL_WINDOW_SIZE: OWN_WINDOW });
    this.#write([preface, own, windowUpdate(0, OWN_WINDOW - DEFAULT_WINDOW)].map((word) => word.encode()));
  }

  stream(streamId: number): BulkStream {
    const stream = this.#streams.get(streamId);
    if (stream === undefined) throw new Error(`stream ${streamId} was never opened`);
    return stream;
  }

  open(streamId: number): void {
    this.#streams.set(streamId, new BulkStream(this.#initialWindow));
    this.#write([open(streamId).encode()]);
  }

  upload(upload: Upload): void {
    this.#uploads.push({ ...upload, sentBytes: 0, limit: upload.pauseAt ?? upload.bytes });
    this.#queuePump();
  }

  /** Lets the half-sent uploads go on to their end. */
  resume(streamId?: number): void {
    for (const one of this.#uploads) if (streamId === undefined || one.streamId === streamId) one.limit = one.bytes;
    this.#queuePump();
  }

  /** Bytes of uploads that were sent so far. */
  sentBytes(streamId: number): number {
    return this.#uploads.find((one) => one.streamId === streamId)?.sentBytes ?? 0;
  }

  async settles(arena: Arena): Promise<void> {
    await arena.settles(this.#channel);
  }

  /** All uploads are out and all streams answered. */
  async finishes(arena: Arena): Promise<void> {
    await this.settles(arena);
    for (const one of this.#uploads) {
      assert.equal(
        one.sentBytes,
        one.bytes,
        `stream ${one.streamId} waits for credit, connection window ${this.#window}`,
      );
    }
    for (const [id, { received }] of this.#streams) {
      assert.deepEqual([received.isEnded, received.resetCode], [true, undefined], `stream ${id} is not answered`);
    }
  }

  #queuePump(): void {
    if (this.#isPumpQueued) return;
    this.#isPumpQueued = true;
    queueMicrotask(() => {
      this.#isPumpQueued = false;
      this.#pump();
    });
  }

  /** One frame of each upload in turn, as many turns as windows and channel allow. */
  #pump(): void {
    let segments: Uint8Array[] = [];
    let bytes = 0;
    for (let isMoving = true; isMoving && !this.isClosed; ) {
      isMoving = false;
      for (const one of this.#uploads) {
        const piece = this.#nextFrame(one);
        if (piece === undefined) continue;
        isMoving = true;
        segments.push(piece);
        bytes += piece.length;
        if (bytes < WRITE_BYTES) continue;
        if (!this.#write(segments)) return;
        segments = [];
        bytes = 0;
      }
    }
    if (segments.length > 0) this.#write(segments);
  }

  #nextFrame(upload: UploadState): Uint8Array | undefined {
    const stream = this.stream(upload.streamId);
    const left = upload.limit - upload.sentBytes;
    const length = Math.min(upload.frameBytes, left, stream.sendWindow, this.#window);
    if (length <= 0 || stream.received.resetCode !== undefined) return undefined;
    const isLast = upload.sentBytes + length === upload.bytes;
    const piece = data(upload.streamId, patternAt(upload.sentBytes, length), isLast ? END_STREAM : 0).encode();
    upload.sentBytes += length;
    stream.sendWindow -= length;
    this.#window -= length;
    this.dataFramesSent++;
    return piece;
  }

  #write(segments: readonly Uint8Array[]): boolean {
    return this.#channel.write([Buffer.concat(segments)], () => {});
  }

  #receive(bytes: Uint8Array): void {
    const input =
      this.#rest.length === 0
        ? Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
        : Buffer.concat([this.#rest, bytes]);
    let at = 0;
    while (input.length - at >= HEAD_BYTES) {
      const end = at + HEAD_BYTES + input.readUIntBE(at, 3);
      if (end > input.length) break;
      this.#receiveFrame(
        input[at + 3],
        input[at + 4],
        input.readUInt32BE(at + 5),
        input.subarray(at + HEAD_BYTES, end),
      );
      at = end;
    }
    // A copy: the bytes are the channel's again.
    this.#rest = Buffer.from(input.subarray(at));
  }

  #receiveFrame(type: number, flags: number, streamId: number, payload: Buffer): void {
    const stream = this.#streams.get(streamId);
    if (type === DATA && stream !== undefined) this.#receiveData(stream, payload);
    if (type === SETTINGS && flags === 0) this.#receiveSettings(payload);
    if (type === RST_STREAM && stream !== undefined) stream.received.resetCode = payload.readUInt32BE(0);
    if (type === GOAWAY) this.goAwayCode = payload.readUInt32BE(4);
    if (type === WINDOW_UPDATE) this.#receiveWindowUpdate(stream, streamId, payload.readUInt32BE(0));
    if ((type === DATA || type === HEADERS) && (flags & END_STREAM) !== 0 && stream !== undefined) {
      stream.received.isEnded = true;
    }
  }

  #receiveData(stream: BulkStream, payload: Buffer): void {
    const { received } = stream;
    received.isIntact &&= payload.equals(patternAt(received.bytes, payload.length));
    received.bytes += payload.length;
  }

  #receiveSettings(payload: Buffer): void {
    for (let at = 0; at < payload.length; at += 6) {
      if (payload.readUInt16BE(at) !== INITIAL_WINDOW_SIZE) continue;
      const difference = payload.readUInt32BE(at + 2) - this.#initialWindow;
      this.#initialWindow += difference;
      for (const stream of this.#streams.values()) stream.sendWindow += difference;
    }
    this.#write([ack.encode()]);
    this.#queuePump();
  }

  #receiveWindowUpdate(stream: BulkStream | undefined, streamId: number, increment: number): void {
    if (streamId === 0) this.#window += increment;
    else if (stream !== undefined) stream.sendWindow += increment;
    this.#queuePump();
  }
}
