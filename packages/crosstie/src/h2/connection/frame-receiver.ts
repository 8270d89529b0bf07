// SPDX-License-Identifier: Apache-2.0
// One frame → one event of the connection. Here stand the rules about frames that need no stream: sizes, the order of
// HEADERS and CONTINUATION, SETTINGS first. The rules about streams stand in the connection and its streams.

import type { FrameSink } from '../codec/index.ts';
import { PartialHeaderBlock } from '../codec/index.ts';
import {
  ConnectionError,
  Flag,
  type FrameHead,
  FrameType,
  type GoAwayFrame,
  type PayloadSpan,
  parseData,
  parseGoAway,
  parseHeaders,
  parsePing,
  parsePriority,
  parsePushPromise,
  parseRstStream,
  parseSettings,
  parseWindowUpdate,
  type SettingPair,
  StreamError,
} from '../frame/index.ts';
import type { AbuseBudgets } from './abuse-budgets.ts';
import type { H2Limits } from './limits.ts';

/** Where the frames of a connection lead. The bytes are valid during the call only. */
export interface FrameEvents {
  /** `frameBytes`: with padding; the data lie between `start` and `end`. */
  receiveData(head: FrameHead, bytes: Buffer, start: number, end: number): void;
  receiveHeaderBlock(streamId: number, endStream: boolean, block: Buffer, start: number, end: number): void;
  receiveReset(streamId: number, code: number): void;
  receiveSettings(pairs: readonly SettingPair[]): void;
  receiveSettingsAck(): void;
  receivePing(ack: boolean, bytes: Buffer, at: number): void;
  receiveGoAway(frame: GoAwayFrame): void;
  receiveWindowUpdate(streamId: number, increment: number): void;
  /** The stream must end; the frames after it go on. */
  receiveStreamError(error: StreamError): void;
  /** A frame too large to be read; its payload is dropped but counts for flow control. */
  receiveOversizedData(head: FrameHead): void;
}

export class FrameReceiver implements FrameSink {
  readonly #events: FrameEvents;
  readonly #limits: H2Limits;
  readonly #budgets: AbuseBudgets;
  readonly #span: PayloadSpan = { start: 0, end: 0 };
  #partialBlock: PartialHeaderBlock | undefined = undefined;
  #hasSettings = false;

  constructor(events: FrameEvents, limits: H2Limits, budgets: AbuseBudgets) {
    this.#events = events;
    this.#limits = limits;
    this.#budgets = budgets;
  }

  get heldBytes(): number {
    return this.#partialBlock?.heldBytes ?? 0;
  }

  /** HEADERS without END_HEADERS have come, and not yet their last CONTINUATION. */
  get isInsideBlock(): boolean {
    return this.#partialBlock !== undefined;
  }

  clear(): void {
    this.#partialBlock = undefined;
  }

  onFrameHead(head: FrameHead): boolean {
    if (!this.#hasSettings) this.#ensureSettingsFirst(head);
    if (head.length <= this.#limits.frameBytes) return true;
    // §4.2: too large a frame is a FRAME_SIZE_ERROR; where it could alter the state of the whole connection (a field
    // block, SETTINGS, stream 0), a connection error. Unknown types are skipped like any other (§4.1).
    const isData = head.type === FrameType.DATA && head.streamId !== 0 && this.#partialBlock === undefined;
    if (!isData)
      throw new ConnectionError('FRAME_SIZE_ERROR', `frame of ${head.length} bytes, limit ${this.#limits.frameBytes}`);
    this.#events.receiveOversizedData(head);
    return false;
  }

  onFrame(head: FrameHead, bytes: Buffer, at: number): void {
    try {
      if (this.#partialBlock !== undefined) this.#continueBlock(this.#partialBlock, head, bytes, at);
      else this.#receive(head, bytes, at);
    } catch (error) {
      if (!(error instanceof StreamError)) throw error;
      this.#events.receiveStreamError(error);
    }
  }

  #receive(head: FrameHead, bytes: Buffer, at: number): void {
    const events = this.#events;
    switch (head.type) {
      case FrameType.DATA:
        parseData(head, bytes, at, this.#span);
        events.receiveData(head, bytes, this.#span.start, this.#span.end);
        return;
      case FrameType.HEADERS:
        this.#receiveHeaders(head, bytes, at);
        return;
      case FrameType.WINDOW_UPDATE:
        events.receiveWindowUpdate(head.streamId, parseWindowUpdate(head, bytes, at));
        return;
      case FrameType.RST_STREAM:
        events.receiveReset(head.streamId, parseRstStream(head, bytes, at));
        return;
      case FrameType.SETTINGS:
        this.#receiveSettings(head, bytes, at);
        return;
      case FrameType.PING:
        events.receivePing(parsePing(head).ack, bytes, at);
        return;
      case FrameType.GOAWAY:
        events.receiveGoAway(parseGoAway(head, bytes, at));
        return;
      case FrameType.PRIORITY:
        parsePriority(head, bytes, at);
        this.#budgets.glitch();
        return;
      case FrameType.PUSH_PROMISE:
        parsePushPromise(head);
        return;
      case FrameType.CONTINUATION:
        // §6.10: not preceded by HEADERS without END_HEADERS, a connection error of type PROTOCOL_ERROR.
        throw new ConnectionError('PROTOCOL_ERROR', `CONTINUATION on stream ${head.streamId} without HEADERS`);
      default:
        // §5.5: implementations MUST ignore and discard frames of unknown types.
        this.#budgets.glitch();
        return;
    }
  }

  #receiveHeaders(head: FrameHead, bytes: Buffer, at: number): void {
    const span = this.#span;
    parseHeaders(head, bytes, at, span);
    this.#budgets.receiveUsefulFrame();
    const endStream = (head.flags & Flag.END_STREAM) !== 0;
    if ((head.flags & Flag.END_HEADERS) !== 0) {
      this.#events.receiveHeaderBlock(head.streamId, endStream, bytes, span.start, span.end);
      return;
    }
    this.#partialBlock = new PartialHeaderBlock(head.streamId, endStream, {
      continuationFrames: this.#limits.continuationFrames,
      // Beyond four times the list limit the block could not be accepted, however it decodes.
      blockBytes: this.#limits.headerListBytes * 4,
    });
    this.#partialBlock.begin(bytes, span.start, span.end);
  }

  #continueBlock(block: PartialHeaderBlock, head: FrameHead, bytes: Buffer, at: number): void {
    // §6.10, §6.2: any other frame, or one of another stream, is a connection error of type PROTOCOL_ERROR.
    if (head.type !== FrameType.CONTINUATION || head.streamId !== block.streamId) {
      throw new ConnectionError(
        'PROTOCOL_ERROR',
        `frame of type ${head.type} inside the header block of stream ${block.streamId}`,
      );
    }
    const isLast = (head.flags & Flag.END_HEADERS) !== 0;
    block.continue(bytes, at, at + head.length, isLast);
    if (!isLast) return;
    this.#partialBlock = undefined;
    const whole = block.join();
    this.#events.receiveHeaderBlock(block.streamId, block.endStream, whole, 0, whole.length);
  }

  #receiveSettings(head: FrameHead, bytes: Buffer, at: number): void {
    const pairs = parseSettings(head, bytes, at);
    if ((head.flags & Flag.ACK) !== 0) {
      this.#events.receiveSettingsAck();
      return;
    }
    this.#budgets.receiveSettings(pairs.length);
    this.#events.receiveSettings(pairs);
  }

  /** §3.4: SETTINGS, not an ACK of it, is the first frame each endpoint sends. */
  #ensureSettingsFirst(head: FrameHead): void {
    if (head.type !== FrameType.SETTINGS || (head.flags & Flag.ACK) !== 0) {
      throw new ConnectionError('PROTOCOL_ERROR', `first frame is of type ${head.type}, not SETTINGS`);
    }
    this.#hasSettings = true;
  }
}
