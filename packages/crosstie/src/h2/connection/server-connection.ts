// SPDX-License-Identifier: Apache-2.0
// The server's end: accepts streams within its limits, calls the handler, drains in two steps.

import type { ByteChannel } from '../../core/index.ts';
import { type ExchangeHandler, outgoingHeaders } from '../../exchange/index.ts';
import { isIndexedButLength, isIndexedOnly } from '../../hpack/index.ts';
import { HeadMemo } from '../codec/index.ts';
import { ConnectionError, ErrorCode, type GoAwayFrame, Setting, StreamError } from '../frame/index.ts';
import { type ParsedRequest, parseRequest, parseTrailers } from '../message/index.ts';
import { HALF_CLOSED_REMOTE, OPEN, receiveEnd, SkippedIds, type StreamRecord } from '../stream/index.ts';
import { Connection } from './connection.ts';
import { limitOfOverflow } from './connection-error.ts';
import type { DeadlineName } from './deadlines.ts';
import { Lifetime, type LifetimeHost } from './lifetime.ts';
import { LIMIT_REASONS } from './limits.ts';
import type { ConnectionOptions } from './options.ts';
import { ServerStream } from './server-stream.ts';

export interface ServerConnectionOptions extends ConnectionOptions {
  /** First 32 bits of SHA-256 of the server's audience, or 0 for several or none; sent as setting 0xFC05. Default 0. */
  readonly audienceHint?: number;
}

const MAX_STREAM_ID = 0x7fffffff;
/** RFC 6585 §5. */
const HEADERS_TOO_LARGE = outgoingHeaders([[':status', '431']]);
/** The second GOAWAY waits this long for the answer to the PING behind the first. Chosen by us. */
const DRAIN_PING_MS = 1_000;

/** Of heads that differ in content-length alone, so many pass for one that is remembered. Chosen by us. */
const STORED_LENGTHS = 16;

export class ServerConnection extends Connection<ServerStream> implements LifetimeHost {
  protected readonly role = 'server';
  protected slots = 0;
  readonly #handler: ExchangeHandler;
  readonly #memo = new HeadMemo<ParsedRequest>();
  /** Streams whose handlers wait for a slot; as many at the most as may be open. */
  #heldBack: ServerStream[] = [];
  readonly #lifetime: Lifetime;
  #lengthsSeen = 0;
  readonly #skippedIds = new SkippedIds();
  /** The largest id the client has used; above `lastStreamId`, which we accepted, once it crossed our GOAWAY. */
  #lastSeenId = 0;
  #isPeerGone = false;
  #drainReason = '';

  constructor(channel: ByteChannel, handler: ExchangeHandler, options: ServerConnectionOptions) {
    super(channel, options, true);
    this.#handler = handler;
    const { limits, clock, random = Math.random } = options;
    this.#lifetime = new Lifetime({ limits, deadlines: this.deadlines, clock, host: this, random });
    this.sendFirstSettings([
      [Setting.MAX_CONCURRENT_STREAMS, options.limits.concurrentStreams],
      [Setting.CROSSTIE, options.audienceHint ?? 0],
    ]);
  }

  receiveHeaderBlock(streamId: number, endStream: boolean, block: Buffer, start: number, end: number): void {
    if (streamId > this.#lastSeenId) this.#receiveRequest(streamId, endStream, block, start, end);
    else this.#receiveTrailers(streamId, endStream, block, start, end);
  }

  #receiveRequest(streamId: number, endStream: boolean, block: Buffer, start: number, end: number): void {
    // RFC 9113 §5.1.1: streams of a client have odd ids; anything else is a connection error of type PROTOCOL_ERROR.
    if (streamId % 2 === 0) throw new ConnectionError('PROTOCOL_ERROR', `HEADERS on stream ${streamId}, which is even`);
    this.#skippedIds.note(this.#lastSeenId, streamId);
    this.#lastSeenId = streamId;
    // §6.8: after GOAWAY, streams above its last one are ignored; their field blocks are decoded for the table's sake.
    if (this.ending.goAway !== undefined && streamId > this.ending.goAway.lastStreamId) {
      this.decoder.decode(block, start, end);
      return;
    }
    this.lastStreamId = streamId;
    const request = this.#decodeRequest(streamId, endStream, block, start, end);
    if (request === undefined || !this.#admit(streamId)) return;
    const state = endStream ? HALF_CLOSED_REMOTE : OPEN;
    const stream = new ServerStream(streamId, this, { state, request, handler: this.#handler });
    this.streams.add(stream);
    this.#takeSlot(stream);
    this.#lifetime.onRequest();
    if (endStream) {
      // §8.1.1: a content-length other than 0 with END_STREAM on HEADERS makes the request malformed.
      if (request.contentLength > 0) throw new StreamError(streamId, 'PROTOCOL_ERROR', 'content-length without DATA');
      stream.inEnd = true;
    }
    this.queueDelivery(stream);
  }

  /** Undefined: answered already (malformed, too large). */
  #decodeRequest(
    streamId: number,
    endStream: boolean,
    block: Buffer,
    start: number,
    end: number,
  ): ParsedRequest | undefined {
    const known = this.#memo.find(this.decoder.generation, block, start, end);
    if (known !== undefined) return known;
    const fields = this.decoder.decode(block, start, end);
    if (fields.overflow !== 'none') {
      this.#refuseTooLarge(streamId, endStream, fields.overflow);
      return undefined;
    }
    const request = parseRequest(fields);
    // §8.1.1: a malformed request is a stream error of type PROTOCOL_ERROR.
    if (request.kind === 'malformed') throw new StreamError(streamId, 'PROTOCOL_ERROR', request.reason);
    if (this.#isWorthRemembering(block, start, end)) {
      this.#memo.store(this.decoder.generation, block.subarray(start, end), request);
    }
    return request;
  }

  /** Requests of one size repeat their content-length; one in sixteen is stored, so that those of many sizes cost little. */
  #isWorthRemembering(block: Buffer, start: number, end: number): boolean {
    if (isIndexedOnly(block, start, end)) return true;
    if (!isIndexedButLength(block, start, end)) return false;
    this.#lengthsSeen++;
    return this.#lengthsSeen % STORED_LENGTHS === 0;
  }

  #refuseTooLarge(streamId: number, endStream: boolean, overflow: 'list-bytes' | 'field-count'): void {
    this.budgets.note(limitOfOverflow(overflow));
    this.sendHeadNow(streamId, HEADERS_TOO_LARGE, true);
    // §8.1: the rest of the request is not wanted.
    if (!endStream) this.sendReset(streamId, ErrorCode.NO_ERROR);
    this.budgets.sendReset();
  }

  /** §5.1.2: over the limit of concurrent streams, REFUSED_STREAM: safe to try again. */
  #admit(streamId: number): boolean {
    if (this.streams.size < this.limits.concurrentStreams) return true;
    this.sendReset(streamId, ErrorCode.REFUSED_STREAM);
    this.budgets.refuseStream();
    return false;
  }

  /**
   * A slot is taken until the handler ends, also when the stream was reset before (CVE-2023-44487). A peer that opens
   * within its limit while such handlers still run is not refused: its stream waits for one to end.
   */
  #takeSlot(stream: ServerStream): void {
    if (this.slots < this.limits.concurrentStreams) {
      this.slots++;
      this.budgets.acceptStream();
      return;
    }
    stream.isHeldBack = true;
    this.#heldBack = this.#heldBack.filter(({ state }) => state.kind !== 'closed');
    this.#heldBack.push(stream);
    this.budgets.holdBackStream();
  }

  #receiveTrailers(streamId: number, endStream: boolean, block: Buffer, start: number, end: number): void {
    const fields = this.decoder.decode(block, start, end);
    const stream = this.streams.get(streamId);
    if (stream === undefined) {
      this.budgets.glitch();
      if (this.streams.wasReset(streamId) || streamId > this.lastStreamId) return;
      // §5.1.1: an unexpected stream identifier is a connection error of type PROTOCOL_ERROR.
      if (streamId % 2 === 0 || this.#skippedIds.has(streamId)) {
        throw new ConnectionError('PROTOCOL_ERROR', `HEADERS on stream ${streamId}, which was never opened`);
      }
      // §5.1: HEADERS on a closed stream are a connection error of type STREAM_CLOSED.
      throw new ConnectionError('STREAM_CLOSED', `HEADERS on closed stream ${streamId}`);
    }
    if (stream.state.kind === 'half-closed-remote') {
      throw new ConnectionError('STREAM_CLOSED', `HEADERS after END_STREAM on stream ${streamId}`);
    }
    // §8.1: HEADERS after the head and without END_STREAM make the message malformed.
    if (!endStream) throw new StreamError(streamId, 'PROTOCOL_ERROR', 'trailers without END_STREAM');
    if (fields.overflow !== 'none') throw this.tooLarge(streamId, fields.overflow);
    const trailers = parseTrailers(fields);
    if (trailers.kind === 'malformed') throw new StreamError(streamId, 'PROTOCOL_ERROR', trailers.reason);
    receiveEnd(stream, trailers.fields);
    this.queueDelivery(stream);
  }

  isIdle(streamId: number): boolean {
    return streamId % 2 === 0 || streamId > this.#lastSeenId;
  }

  receiveDataOnClosed(streamId: number): void {
    // §6.8: above the last stream of our GOAWAY, frames are discarded.
    if (streamId > this.lastStreamId) return;
    // §5.1: DATA on a closed stream is a STREAM_CLOSED error; raised to the connection (§5.4.1).
    throw new ConnectionError('STREAM_CLOSED', `DATA on closed stream ${streamId}`);
  }

  onPeerSettings(): void {}

  /** A client that goes away opens no more streams; those that are open go on. */
  onGoAway(_frame: GoAwayFrame): void {}

  /** The client has closed its half: what is running may still answer, within the time that output may stall. */
  protected onPeerEnd(): void {
    this.#isPeerGone = true;
    if (this.streams.size === 0) this.ending.closeDrained();
    else if (this.state === 'open') this.#drainWithin(this.limits.sendStallMs);
  }

  override onStreamClosed(stream: StreamRecord): void {
    super.onStreamClosed(stream);
    if (this.streams.size === 0) this.#lifetime.onIdle();
  }

  onSlotFreed(): void {
    this.slots--;
    if (this.#heldBack.length > 0) this.#callHeldBack();
  }

  #callHeldBack(): void {
    const stream = this.#heldBack.find(({ state }) => state.kind !== 'closed');
    if (stream === undefined) {
      this.#heldBack = [];
      return;
    }
    this.#heldBack = this.#heldBack.slice(this.#heldBack.indexOf(stream) + 1);
    stream.isHeldBack = false;
    this.slots++;
    this.queueDelivery(stream);
  }

  // ── the graceful end ──

  /**
   * Ends in good order: GOAWAY that accepts everything, a round trip later GOAWAY with the last stream accepted (RFC 9113
   * §6.8), then the open streams have `graceMs` to end.
   */
  drain(graceMs: number): void {
    this.#drain(graceMs, 'draining');
  }

  get openStreams(): number {
    return this.streams.size;
  }

  retire(limit: 'maxAgeMs' | 'idleMs' | 'maxRequests'): void {
    if (this.state !== 'open') return;
    this.budgets.note(limit);
    this.#drain(this.limits.maxAgeGraceMs, LIMIT_REASONS[limit]);
  }

  #drain(graceMs: number, reason: string): void {
    if (this.state !== 'open') return;
    this.#drainReason = reason;
    this.#drainWithin(graceMs);
    this.#sendGoAway(MAX_STREAM_ID);
    this.deadlines.set('drain-ping', DRAIN_PING_MS);
    this.ping().then(
      () => this.#endAccepting(),
      () => {},
    );
  }

  #drainWithin(graceMs: number): void {
    this.ending.state = 'draining';
    this.deadlines.set('drain', graceMs);
  }

  #endAccepting(): void {
    if (this.state !== 'draining' || !this.deadlines.has('drain-ping')) return;
    this.deadlines.clear('drain-ping');
    this.#sendGoAway(this.lastStreamId);
    if (this.streams.size === 0) this.ending.closeDrained();
  }

  #sendGoAway(lastStreamId: number): void {
    this.ending.sendGoAway({ lastStreamId, code: ErrorCode.NO_ERROR, debug: this.#drainReason });
  }

  protected override get isDrained(): boolean {
    return this.streams.size === 0 && (this.#isPeerGone || this.ending.goAway?.lastStreamId !== MAX_STREAM_ID);
  }

  protected onRoleDeadline(name: DeadlineName): void {
    if (name === 'age') this.#lifetime.onAgeDeadline();
    else if (name === 'idle') this.#lifetime.onIdleDeadline();
    else if (name === 'drain-ping') {
      this.deadlines.set('drain-ping', DRAIN_PING_MS);
      this.#endAccepting();
    } else if (name === 'drain') {
      this.budgets.note('drainMs');
      this.close(ErrorCode.NO_ERROR, LIMIT_REASONS.drainMs);
    }
  }
}
