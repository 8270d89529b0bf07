// SPDX-License-Identifier: Apache-2.0
// Watches what the engine sends and throws at the first illegal frame. It reads both directions with the tests' own
// frame and HPACK code. Where a rule depends on what the engine has read so far, the referee gives it the benefit.

import {
  errorName,
  Flag,
  type Frame,
  FrameReader,
  PREFACE,
  readSettings,
  Setting,
  Type,
  unpadded,
} from '../oracle/wire.ts';
import { type Field, HpackReader } from '../oracle/wire-hpack.ts';
import { PeerSettings } from './peer-settings.ts';
import type { Role } from './program.ts';

const LARGEST_WINDOW = 2 ** 31 - 1;
const DEFAULT_WINDOW = 65_535;

interface WatchedStream {
  /** What the engine has sent: nothing or 1xx, a head, its end, a reset. */
  sent: 'nothing' | 'head' | 'end' | 'reset';
  /** The peer's reset has been read for certain: nothing more may be sent. */
  isDead: boolean;
  sentBytes: number;
}

/** What the engine's application sends, so that the referee can tell a wrong byte: byte `offset` of each body. */
export function bodyByte(offset: number): number {
  return (offset * 31 + 7) & 0xff;
}

export class Referee {
  readonly #role: Role;
  readonly #output = new FrameReader();
  readonly #input = new FrameReader();
  readonly #hpack = new HpackReader();
  readonly #settings = new PeerSettings();
  readonly #streams = new Map<number, WatchedStream>();
  /** How the peer has ended its side of a stream, which it may do before its first frame from us has left. */
  readonly #received = new Map<number, 'end' | 'reset'>();
  readonly #pings: string[] = [];
  #prefaceLeft: Buffer;
  #inputPrefaceLeft: number;
  #framesSent = 0;
  #sentBytes = 0;
  /** Increments of the peer's WINDOW_UPDATEs, by stream, 0 for the connection. A stream may be known to it before us. */
  readonly #credit = new Map<number, number>();
  #block: { frame: Frame; pieces: Buffer[] } | undefined;
  #highestOpened = 0;
  #lastStreamId = LARGEST_WINDOW;
  #mayOpen: 'yes' | 'unsettled' | 'no' = 'yes';
  /** The code of a GOAWAY with an error that the engine has sent. */
  fatal: number | undefined;
  readonly resets: { readonly streamId: number; readonly code: number }[] = [];

  constructor(role: Role) {
    this.#role = role;
    this.#prefaceLeft = role === 'client' ? PREFACE : Buffer.alloc(0);
    this.#inputPrefaceLeft = role === 'server' ? PREFACE.length : 0;
  }

  get pendingBytes(): number {
    return this.#output.pendingBytes;
  }

  /** Bytes the engine will read. */
  peerSends(bytes: Buffer): void {
    const skipped = Math.min(this.#inputPrefaceLeft, bytes.length);
    this.#inputPrefaceLeft -= skipped;
    for (const frame of this.#input.push(bytes.subarray(skipped))) this.#notePeerFrame(frame);
  }

  /** The engine has read all the peer sent, and its output has left. */
  settled(): void {
    for (const [id, stream] of this.#streams) if (this.#received.get(id) === 'reset') stream.isDead = true;
    if (this.#mayOpen === 'unsettled') this.#mayOpen = 'no';
  }

  engineSends(bytes: Buffer): void {
    const prefaceBytes = Math.min(this.#prefaceLeft.length, bytes.length);
    check(this.#prefaceLeft.subarray(0, prefaceBytes).equals(bytes.subarray(0, prefaceBytes)), 'a wrong preface');
    this.#prefaceLeft = this.#prefaceLeft.subarray(prefaceBytes);
    for (const frame of this.#output.push(bytes.subarray(prefaceBytes))) {
      try {
        this.#judge(frame);
      } catch (error) {
        const { type, flags, streamId, payload } = frame;
        const what = `frame type ${type}, flags ${flags}, stream ${streamId}, ${payload.length} bytes`;
        throw new Error(`illegal output: ${error instanceof Error ? error.message : error} (${what})`);
      }
    }
  }

  // ── the peer's side ──

  #notePeerFrame(frame: Frame): void {
    const { type, flags, streamId, payload } = frame;
    if (type === Type.SETTINGS && (flags & Flag.ACK) === 0) this.#settings.receive(readSettings(payload));
    if (type === Type.PING && (flags & Flag.ACK) === 0) this.#pings.push(payload.toString('hex'));
    if (type === Type.GOAWAY && this.#mayOpen === 'yes') this.#mayOpen = 'unsettled';
    if (type === Type.WINDOW_UPDATE && payload.length === 4) this.#noteCredit(streamId, payload.readUInt32BE(0));
    if (type === Type.HEADERS && !this.#streams.has(streamId) && this.#role === 'server') this.#watch(streamId);
    if (type === Type.RST_STREAM && payload.length === 4) this.#received.set(streamId, 'reset');
    const endsStream = (type === Type.HEADERS || type === Type.DATA) && (flags & Flag.END_STREAM) !== 0;
    if (endsStream && !this.#received.has(streamId)) this.#received.set(streamId, 'end');
  }

  #noteCredit(streamId: number, increment: number): void {
    this.#credit.set(streamId, this.#creditOf(streamId) + (increment & LARGEST_WINDOW));
  }

  #creditOf(streamId: number): number {
    return this.#credit.get(streamId) ?? 0;
  }

  #watch(streamId: number): WatchedStream {
    const stream: WatchedStream = {
      sent: 'nothing',
      isDead: false,
      sentBytes: 0,
    };
    this.#streams.set(streamId, stream);
    return stream;
  }

  // ── the engine's side ──

  #judge(frame: Frame): void {
    const { type, flags, streamId, payload } = frame;
    check(this.fatal === undefined, 'a frame after GOAWAY with an error');
    // RFC 9113 §3.4: SETTINGS is the first frame.
    check(
      this.#framesSent++ > 0 || (type === Type.SETTINGS && (flags & Flag.ACK) === 0),
      'SETTINGS is not the first frame',
    );
    check(payload.length <= this.#settings.largest(Setting.MAX_FRAME_SIZE), 'larger than MAX_FRAME_SIZE');
    const inBlock = this.#block;
    // §6.2: a header block is one unit.
    check(
      inBlock === undefined || (type === Type.CONTINUATION && streamId === inBlock.frame.streamId),
      'inside a header block',
    );
    switch (type) {
      case Type.DATA:
        this.#judgeData(frame);
        break;
      case Type.HEADERS:
        this.#block = { frame, pieces: [] };
        this.#judgeBlockPart(frame);
        break;
      case Type.CONTINUATION:
        this.#judgeBlockPart(frame);
        break;
      case Type.RST_STREAM:
        this.#judgeReset(frame);
        break;
      case Type.SETTINGS:
        this.#judgeSettings(frame);
        break;
      case Type.PING:
        this.#judgePing(frame);
        break;
      case Type.GOAWAY:
        this.#judgeGoAway(frame);
        break;
      case Type.WINDOW_UPDATE:
        this.#judgeWindowUpdate(frame);
        break;
      default:
        check(false, 'a frame that neither side of ours sends');
    }
  }

  #judgeData(frame: Frame): void {
    const stream = this.#existing(frame.streamId);
    check(stream.sent === 'head', `DATA after ${stream.sent}`);
    const data = unpadded(frame);
    check(data !== undefined, 'padding longer than the frame');
    if (data === undefined) return;
    for (let i = 0; i < data.length; i++)
      check(data[i] === bodyByte(stream.sentBytes + i), `byte ${stream.sentBytes + i} of the body is wrong`);
    // §6.9.1: the whole payload counts, padding included.
    this.#sentBytes += frame.payload.length;
    stream.sentBytes += frame.payload.length;
    if (frame.payload.length > 0) {
      check(this.#sentBytes <= DEFAULT_WINDOW + this.#creditOf(0), 'beyond the window of the connection');
      const window = this.#settings.largest(Setting.INITIAL_WINDOW_SIZE) + this.#creditOf(frame.streamId);
      check(stream.sentBytes <= window, `beyond the window of the stream, ${stream.sentBytes} of ${window}`);
    }
    if (frame.flags & Flag.END_STREAM) this.#end(stream);
  }

  #judgeBlockPart(frame: Frame): void {
    const block = this.#block;
    check(block !== undefined, 'CONTINUATION out of nowhere');
    if (block === undefined) return;
    block.pieces.push(unpadded(frame) ?? frame.payload);
    if ((frame.flags & Flag.END_HEADERS) === 0) return;
    this.#block = undefined;
    this.#hpack.allowedTableSize = this.#settings.largest(Setting.HEADER_TABLE_SIZE);
    const fields = this.#hpack.read(Buffer.concat(block.pieces));
    // RFC 7541 §4.2: after an acknowledged reduction the next block begins with the size update.
    check(this.#hpack.tableSize <= this.#hpack.allowedTableSize, 'the table was not shrunk');
    this.#judgeFields(fields, block.frame);
  }

  #judgeFields(fields: readonly Field[], { streamId, flags }: Frame): void {
    const endStream = (flags & Flag.END_STREAM) !== 0;
    const isNew = this.#role === 'client' && !this.#streams.has(streamId);
    const stream = isNew ? this.#open(streamId) : this.#existing(streamId);
    for (const [name, value] of fields) {
      check(/^:?[!#$%&'*+\-.^_`|~0-9a-z]+$/.test(name), `field name ${JSON.stringify(name)}`);
      check(!/[\0\r\n]|^[ \t]|[ \t]$/.test(value), `field value ${JSON.stringify(value)}`);
    }
    if (stream.sent === 'nothing') {
      const first = fields[0]?.[0];
      check(first === (this.#role === 'client' ? ':method' : ':status'), `a head that begins with ${first}`);
      const isInformation = this.#role === 'server' && fields[0][1].startsWith('1');
      check(!isInformation || !endStream, 'a 1xx response that ends the stream');
      if (!isInformation) stream.sent = 'head';
    } else {
      check(stream.sent === 'head', `HEADERS after ${stream.sent}`);
      check(endStream, 'trailers without END_STREAM');
      check(!fields.some(([name]) => name.startsWith(':')), 'a pseudo-header field in trailers');
    }
    if (endStream) this.#end(stream);
  }

  /** Client: the engine opens a stream. */
  #open(streamId: number): WatchedStream {
    check(
      streamId % 2 === 1 && streamId > this.#highestOpened,
      `opens stream ${streamId} after ${this.#highestOpened}`,
    );
    check(this.#mayOpen !== 'no', 'opens a stream after the GOAWAY of its peer');
    this.#highestOpened = streamId;
    const stream = this.#watch(streamId);
    const open = [...this.#streams].filter(([id, { sent }]) => isOpen(sent, this.#received.get(id))).length;
    check(open <= this.#settings.largest(Setting.MAX_CONCURRENT_STREAMS), `${open} streams open`);
    return stream;
  }

  #judgeReset({ streamId, payload }: Frame): void {
    const stream = this.#existing(streamId);
    check(payload.length === 4, 'RST_STREAM of a wrong length');
    check(stream.sent !== 'reset', 'a second RST_STREAM');
    stream.sent = 'reset';
    this.resets.push({ streamId, code: payload.readUInt32BE(0) });
  }

  #judgeSettings({ flags, streamId, payload }: Frame): void {
    check(streamId === 0 && payload.length % 6 === 0, 'SETTINGS of a wrong length or stream');
    if (flags & Flag.ACK) {
      check(payload.length === 0, 'SETTINGS ACK with a payload');
      check(this.#settings.acknowledge(), 'SETTINGS ACK for nothing');
      return;
    }
    for (const [id, value] of readSettings(payload)) {
      if (id === Setting.ENABLE_PUSH) check(value === 0, 'ENABLE_PUSH');
      if (id === Setting.INITIAL_WINDOW_SIZE) check(value <= LARGEST_WINDOW, 'INITIAL_WINDOW_SIZE');
      if (id === Setting.MAX_FRAME_SIZE) check(value >= 16_384 && value < 2 ** 24, 'MAX_FRAME_SIZE');
    }
  }

  #judgePing({ flags, streamId, payload }: Frame): void {
    check(streamId === 0 && payload.length === 8, 'PING of a wrong length or stream');
    // §6.7: an identical payload; and in order.
    if (flags & Flag.ACK)
      check(this.#pings.shift() === payload.toString('hex'), 'PING ACK for nothing, or out of order');
  }

  #judgeGoAway({ streamId, payload }: Frame): void {
    check(streamId === 0 && payload.length >= 8, 'GOAWAY of a wrong length or stream');
    const lastStreamId = payload.readUInt32BE(0);
    // §6.8: an endpoint MUST NOT increase the value it sends in the last stream identifier.
    check(
      lastStreamId <= this.#lastStreamId,
      `GOAWAY raises the last stream from ${this.#lastStreamId} to ${lastStreamId}`,
    );
    this.#lastStreamId = lastStreamId;
    const code = payload.readUInt32BE(4);
    check(errorName(code) !== 'INTERNAL_ERROR', `GOAWAY INTERNAL_ERROR: ${payload.subarray(8).toString('latin1')}`);
    if (code !== 0) this.fatal = code;
  }

  #judgeWindowUpdate({ streamId, payload }: Frame): void {
    check(payload.length === 4, 'WINDOW_UPDATE of a wrong length');
    const increment = payload.readUInt32BE(0);
    check(increment > 0 && increment <= LARGEST_WINDOW, `WINDOW_UPDATE of ${increment}`);
    if (streamId !== 0) check(this.#existing(streamId).sent !== 'reset', 'WINDOW_UPDATE after RST_STREAM');
  }

  #existing(streamId: number): WatchedStream {
    const stream = this.#streams.get(streamId);
    if (stream === undefined) throw new Error('on an idle stream');
    check(!stream.isDead, 'on a stream that the peer has reset');
    return stream;
  }

  #end(stream: WatchedStream): void {
    stream.sent = 'end';
  }
}

function isOpen(sent: WatchedStream['sent'], received: 'end' | 'reset' | undefined): boolean {
  return sent !== 'reset' && received !== 'reset' && !(sent === 'end' && received === 'end');
}

function check(condition: boolean, fault: string): void {
  if (!condition) throw new Error(fault);
}
