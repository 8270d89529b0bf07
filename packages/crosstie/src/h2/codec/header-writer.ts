// SPDX-License-Identifier: Apache-2.0
// Outgoing heads → HEADERS and CONTINUATION. Prepared fields enter the frozen encoder table on first use and are a
// constant of one byte each from then on; fields of one call are literals, secrets never-indexed literals.

import type { OutgoingHeaders, PreparedHeaders } from '../../exchange/index.ts';
import { HpackEncoder, Indexing, maxFieldBytes } from '../../hpack/index.ts';
import {
  encodeContinuationHead,
  encodeHeadersHead,
  Flag,
  FRAME_HEAD_BYTES,
  MIN_MAX_FRAME_BYTES,
} from '../frame/index.ts';
import type { OutputBatch } from './output-batch.ts';

/** RFC 7541 §7.1.3: values that an attacker could guess piece by piece if they were compressed. */
const SENSITIVE_NAMES: ReadonlySet<string> = new Set(['authorization', 'proxy-authorization', 'cookie', 'set-cookie']);

/** Two size updates of at most six bytes (RFC 7541 §4.2). */
const MAX_SIZE_UPDATES_BYTES = 12;

interface ConstantBlock {
  readonly generation: number;
  readonly bytes: Buffer;
}

export class HeaderWriter {
  /** The peer's SETTINGS_MAX_FRAME_SIZE. */
  maxFrameBytes = MIN_MAX_FRAME_BYTES;
  readonly #encoder: HpackEncoder;
  /** By `PreparedHeaders.id`. */
  readonly #constants: (ConstantBlock | undefined)[] = [];

  constructor(maxTableBytes: number) {
    this.#encoder = new HpackEncoder(maxTableBytes);
  }

  setPeerTableBytes(bytes: number): void {
    this.#encoder.setPeerTableBytes(bytes);
  }

  /** Appends the head to the batch as one HEADERS frame and as many CONTINUATION frames as the peer's limit asks for. */
  write(batch: OutputBatch, streamId: number, headers: OutgoingHeaders, endStream: boolean): void {
    batch.reserve(FRAME_HEAD_BYTES + maxBlockBytes(headers) + MAX_SIZE_UPDATES_BYTES);
    const at = batch.position;
    const block = at + FRAME_HEAD_BYTES;
    const end = this.#writeBlock(headers, batch.bytes, block);
    const endFlag = endStream ? Flag.END_STREAM : 0;
    if (end - block <= this.maxFrameBytes) {
      encodeHeadersHead(batch.bytes, at, streamId, end - block, endFlag | Flag.END_HEADERS);
      batch.position = end;
    } else {
      splitBlock(batch, streamId, Buffer.from(batch.bytes.subarray(block, end)), {
        endFlag,
        maxBytes: this.maxFrameBytes,
      });
    }
  }

  #writeBlock(headers: OutgoingHeaders, out: Buffer, from: number): number {
    const encoder = this.#encoder;
    let at = encoder.needsSizeUpdate ? encoder.writeSizeUpdates(out, from) : from;
    if (headers.prepared !== undefined) at = this.#writePrepared(headers.prepared, out, at);
    const flat = headers.flat;
    for (let i = 0; i < flat.length; i += 2) {
      const name = flat[i];
      const isSensitive = SENSITIVE_NAMES.has(name) || headers.sensitive?.has(name) === true;
      at = encoder.writeField(name, flat[i + 1], isSensitive ? Indexing.Never : Indexing.Literal, out, at);
    }
    return at;
  }

  #writePrepared(prepared: PreparedHeaders, out: Buffer, at: number): number {
    const constant = this.#constants[prepared.id];
    if (constant !== undefined && constant.generation === this.#encoder.generation) {
      const bytes = constant.bytes;
      for (let i = 0; i < bytes.length; i++) out[at + i] = bytes[i];
      return at + bytes.length;
    }
    return this.#encodePrepared(prepared, out, at);
  }

  /** The slow way, on first use and after the indices have moved. */
  #encodePrepared(prepared: PreparedHeaders, out: Buffer, from: number): number {
    const encoder = this.#encoder;
    const generation = encoder.generation;
    let at = from;
    for (let i = 0; i < prepared.flat.length; i += 2) {
      const name = prepared.flat[i];
      const indexing = SENSITIVE_NAMES.has(name) ? Indexing.Never : Indexing.Insert;
      at = encoder.writeField(name, prepared.flat[i + 1], indexing, out, at);
    }
    // A block that inserted is right this once; the constant comes with the next use, when the indices stand still.
    if (encoder.generation === generation) {
      this.#constants[prepared.id] = { generation, bytes: Buffer.from(out.subarray(from, at)) };
    }
    return at;
  }
}

/** Upper bound of the encoded block, for the room it needs in the batch. */
function maxBlockBytes(headers: OutgoingHeaders): number {
  const prepared = headers.prepared;
  let bytes = prepared === undefined ? 0 : prepared.textLength + (prepared.flat.length >>> 1) * maxFieldBytes('', '');
  const flat = headers.flat;
  for (let i = 0; i < flat.length; i += 2) bytes += maxFieldBytes(flat[i], flat[i + 1]);
  return bytes;
}

/** §6.10: the frames of a block follow each other; the last carries END_HEADERS. */
function splitBlock(
  batch: OutputBatch,
  streamId: number,
  block: Buffer,
  frame: { endFlag: number; maxBytes: number },
): void {
  for (let from = 0; from < block.length; from += frame.maxBytes) {
    const to = Math.min(block.length, from + frame.maxBytes);
    const last = to === block.length ? Flag.END_HEADERS : 0;
    batch.reserve(FRAME_HEAD_BYTES + to - from);
    const at =
      from === 0
        ? encodeHeadersHead(batch.bytes, batch.position, streamId, to - from, frame.endFlag | last)
        : encodeContinuationHead(batch.bytes, batch.position, streamId, to - from, last);
    block.copy(batch.bytes, at, from, to);
    batch.position = at + to - from;
  }
}
