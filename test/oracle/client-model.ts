// SPDX-License-Identifier: Apache-2.0
// What is known about the client's side of an input at each frame: enough to name the cause of a difference.

import type { Fact } from './facts.ts';
import { ERROR_NAMES, Flag, FRAME_HEAD_LENGTH, type Frame, FrameReader, PREFACE, Type, unpadded } from './wire.ts';
import { type Field, HpackReader } from './wire-hpack.ts';

/** The client's side of a stream before the frame. */
export type StreamPhase =
  | 'idle'
  | 'skipped' // idle, but a higher stream is in use: implicitly closed (RFC 9113 §5.1.1)
  | 'open'
  | 'ended' // END_STREAM was sent
  | 'reset' // RST_STREAM was sent
  | 'reset-by-server'
  | 'done'; // ended, and the response is complete

/** The nine bytes before a payload. */
export interface FrameHead {
  readonly length: number;
  readonly type: number;
  readonly flags: number;
  readonly streamId: number;
}

export interface Step {
  readonly bytes: Buffer;
  /** The first bytes of the connection, where the preface belongs. */
  readonly isFirst: boolean;
  /** What the receiver knows even of a frame that is not complete. */
  readonly head: FrameHead | undefined;
  /** Undefined for the preface and for bytes that make no whole frame. */
  readonly frame: Frame | undefined;
  readonly phase: StreamPhase;
  /** The fields of the header block that this frame completes; undefined if none, or if they cannot be decoded. */
  readonly fields: readonly Field[] | undefined;
  /** The stream had its request header block before: these fields are trailers. */
  readonly isTrailers: boolean;
  /** A header block is open before this frame. */
  readonly insideBlock: boolean;
  /** Frames of this type (ACKs apart) on this connection so far, this one included. */
  readonly ordinal: number;
  /** The client has said GOAWAY before. */
  readonly afterGoAway: boolean;
  /** The content-length that the stream's request announced. */
  readonly contentLength: string | undefined;
}

/** Cuts the input where the receiver sees frames end, whatever the sender meant. */
export function cutIntoFrames(bytes: Buffer): Buffer[] {
  const pieces = [bytes.subarray(0, PREFACE.length)];
  let at = PREFACE.length;
  while (at + FRAME_HEAD_LENGTH <= bytes.length) {
    const end = at + FRAME_HEAD_LENGTH + bytes.readUIntBE(at, 3);
    if (end > bytes.length) break;
    pieces.push(bytes.subarray(at, end));
    at = end;
  }
  if (at < bytes.length) pieces.push(bytes.subarray(at));
  return pieces;
}

function readHead(bytes: Buffer): FrameHead | undefined {
  if (bytes.length < FRAME_HEAD_LENGTH) return undefined;
  const streamId = bytes.readUInt32BE(5) & 0x7fffffff;
  return { length: bytes.readUIntBE(0, 3), type: bytes[3], flags: bytes[4], streamId };
}

interface ReadBlock {
  /** Undefined when they cannot be decoded. */
  readonly fields: readonly Field[] | undefined;
  readonly isTrailers: boolean;
  readonly streamId: number;
}

export class ClientModel {
  readonly #phases = new Map<number, StreamPhase>();
  readonly #counts = new Map<string, number>();
  readonly #contentLengths = new Map<number, string>();
  #isFirst = true;
  readonly #hpack = new HpackReader();
  #highestStreamId = 0;
  #openBlock: { readonly streamId: number; readonly isTrailers: boolean; readonly pieces: Buffer[] } | undefined;
  #hpackFailed = false;

  /** Describes the next piece, and takes note of it. */
  step(bytes: Buffer): Step {
    const isFirst = this.#isFirst;
    this.#isFirst = false;
    const head = isFirst ? undefined : readHead(bytes);
    const [frame] = isFirst ? [] : new FrameReader().push(bytes);
    const insideBlock = this.#openBlock !== undefined;
    const afterGoAway = this.#counts.has(String(Type.GOAWAY));
    const phase = head === undefined ? 'idle' : this.phase(head.streamId);
    const block = frame === undefined ? undefined : this.#readBlock(frame, phase);
    const ordinal = frame === undefined ? 0 : this.#count(frame);
    if (frame !== undefined) this.#advance(frame, phase);
    const { fields, isTrailers = false, streamId = 0 } = block ?? {};
    if (fields !== undefined && !isTrailers) this.#noteLength(streamId, fields);
    const contentLength = this.#contentLengths.get(head?.streamId ?? 0);
    return { bytes, isFirst, head, frame, phase, fields, isTrailers, insideBlock, ordinal, afterGoAway, contentLength };
  }

  phase(streamId: number): StreamPhase {
    return this.#phases.get(streamId) ?? (streamId > 0 && streamId <= this.#highestStreamId ? 'skipped' : 'idle');
  }

  /** Takes note of what a server did in answer. */
  observe(facts: readonly Fact[]): void {
    for (const fact of facts) {
      if (fact.kind === 'reset') this.#phases.set(fact.streamId, 'reset-by-server');
      if (fact.kind === 'response-end' && this.phase(fact.streamId) === 'ended')
        this.#phases.set(fact.streamId, 'done');
    }
  }

  #count({ type, flags }: Frame): number {
    const isAck = (type === Type.SETTINGS || type === Type.PING) && (flags & Flag.ACK) !== 0;
    const key = isAck ? `${type} ACK` : String(type);
    const count = (this.#counts.get(key) ?? 0) + 1;
    this.#counts.set(key, count);
    return count;
  }

  #noteLength(streamId: number, fields: readonly Field[]): void {
    const length = fields.find(([name]) => name === 'content-length');
    if (length !== undefined) this.#contentLengths.set(streamId, length[1]);
  }

  #advance(frame: Frame, phase: StreamPhase): void {
    const { type, streamId } = frame;
    if (type === Type.HEADERS && (phase === 'idle' || phase === 'open')) {
      this.#highestStreamId = Math.max(this.#highestStreamId, streamId);
      this.#phases.set(streamId, frame.flags & Flag.END_STREAM ? 'ended' : 'open');
    }
    if (type === Type.DATA && phase === 'open' && frame.flags & Flag.END_STREAM) this.#phases.set(streamId, 'ended');
    if (type === Type.RST_STREAM && phase !== 'idle') this.#phases.set(streamId, 'reset');
  }

  #readBlock(frame: Frame, phase: StreamPhase): ReadBlock | undefined {
    if (frame.type === Type.HEADERS)
      this.#openBlock = { streamId: frame.streamId, isTrailers: phase !== 'idle', pieces: [] };
    else if (frame.type !== Type.CONTINUATION) return undefined;
    const block = this.#openBlock;
    if (block === undefined) return undefined;
    block.pieces.push(unpadded(frame) ?? frame.payload);
    if ((frame.flags & Flag.END_HEADERS) === 0) return undefined;
    this.#openBlock = undefined;
    const { streamId, isTrailers } = block;
    return { fields: this.#decode(Buffer.concat(block.pieces)), isTrailers, streamId };
  }

  #decode(block: Buffer): Field[] | undefined {
    if (this.#hpackFailed) return undefined;
    try {
      return this.#hpack.read(block);
    } catch {
      this.#hpackFailed = true;
      return undefined;
    }
  }
}

export function describeStep(step: Step): string {
  const { frame } = step;
  if (frame === undefined) return `${step.bytes.length} bytes that are no frame`;
  const type = Object.entries(Type).find(([, code]) => code === frame.type)?.[0] ?? `type ${frame.type}`;
  const length = frame.payload.length;
  const parts = [
    `${type} on stream ${frame.streamId}, flags 0x${frame.flags.toString(16)}, ${length} bytes`,
    step.phase,
  ];
  if (frame.type === Type.RST_STREAM && length === 4)
    parts.push(ERROR_NAMES[frame.payload.readUInt32BE(0)] ?? 'unknown code');
  if (step.fields !== undefined)
    parts.push(`${step.isTrailers ? 'trailers' : 'fields'} ${shorten(JSON.stringify(step.fields))}`);
  else if (length > 0) parts.push(shorten(frame.payload.toString('hex')));
  return parts.join(', ');
}

function shorten(text: string): string {
  return text.length <= 300 ? text : `${text.slice(0, 300)}…`;
}
