// SPDX-License-Identifier: Apache-2.0
// One HTTP/2 connection (RFC 9113), what both roles share. A turn: a whole read is parsed, then the readers of its
// streams are called, then everything they sent leaves in one write.
//
//   onBytes → input (frames) → frame-receiver → receive… → streams note it
//           → dispatch (user code) → output (batch) → write

import type { ByteChannel, ByteReceiver, ChannelPeer } from '../../core/index.ts';
import type { OutgoingHeaders } from '../../exchange/index.ts';
import { HpackDecoder, HpackError, HpackListTooLargeError } from '../../hpack/index.ts';
import {
  ConnectionError,
  ErrorCode,
  errorCodeName,
  type FrameHead,
  Flag,
  type GoAwayFrame,
  Setting,
  type SettingPair,
  type StreamError,
} from '../frame/index.ts';
import {
  type BudgetHolder,
  DEFAULT_WINDOW_BYTES,
  deliver,
  failureOfReset,
  type H2Stream,
  ReceiveFlow,
  receiveData,
  receiveEnd,
  type SendHost,
  type SendScheduler,
  type StreamHost,
  StreamTable,
} from '../stream/index.ts';
import { AbuseBudgets } from './abuse-budgets.ts';
import { BandwidthEstimator } from './bandwidth-estimator.ts';
import { type DeadlineName, Deadlines } from './deadlines.ts';
import type { ConnectionFacts, GoAwayFact } from './facts.ts';
import { type FrameEvents, FrameReceiver } from './frame-receiver.ts';
import { Input } from './input.ts';
import { type H2Limits, LIMIT_REASONS, type LimitName } from './limits.ts';
import type { CloseReason, ConnectionEvent, ConnectionOptions } from './options.ts';
import { Output } from './output.ts';
import { applySettings, INITIAL_PEER_SETTINGS, type PeerSettings } from './peer-settings.ts';
import { Pings } from './pings.ts';

export type ConnectionState = 'open' | 'draining' | 'closing' | 'closed';

const MAX_WINDOW = 0x7fffffff;

export abstract class Connection<S extends H2Stream> implements ByteReceiver, StreamHost, SendHost, BudgetHolder, FrameEvents {
  readonly channel: ByteChannel;
  readonly flow: ReceiveFlow;
  readonly sender: SendScheduler;
  readonly limits: H2Limits;
  protected readonly options: ConnectionOptions;
  protected readonly streams = new StreamTable<S>();
  protected readonly decoder: HpackDecoder;
  protected readonly budgets: AbuseBudgets;
  protected readonly deadlines: Deadlines;
  protected readonly output: Output;
  protected readonly pings: Pings;
  protected state: ConnectionState = 'open';
  protected peerSettings: PeerSettings = INITIAL_PEER_SETTINGS;
  /** The largest stream id the peer has opened (server) or we have (client). */
  protected lastStreamId = 0;
  protected openedStreams = 0;
  protected goAwaySent: GoAwayFact | undefined = undefined;
  protected goAwayReceived: GoAwayFact | undefined = undefined;
  readonly #frames: FrameReceiver;
  readonly #input: Input;
  readonly #estimator: BandwidthEstimator | undefined;
  readonly #createdMs: number;
  #deliveries: S[] = [];
  #isReading = false;
  #isTaskQueued = false;
  #isRunDeferred = false;
  #settingsAcknowledged = false;
  #hasPeerSettings = false;
  #closed: CloseReason | undefined = undefined;
  readonly #task = (): void => this.#runTask();

  constructor(channel: ByteChannel, options: ConnectionOptions, expectsPreface: boolean) {
    const { clock, limits } = options;
    this.channel = channel;
    this.options = options;
    this.limits = limits;
    this.#createdMs = clock.now();
    this.flow = new ReceiveFlow(options.budget, {
      streamBytes: limits.streamWindowBytes,
      connectionBytes: limits.connectionWindowBytes,
    });
    this.decoder = new HpackDecoder({
      maxTableBytes: limits.headerTableBytes,
      maxListBytes: limits.headerListBytes,
      maxFields: limits.headerFields,
      abortListBytes: limits.headerListBytes * 4,
    });
    this.budgets = new AbuseBudgets(limits, clock);
    this.deadlines = new Deadlines(clock, (name) => this.#onDeadline(name));
    this.output = new Output(channel, limits.headerTableBytes, this);
    this.sender = this.output.sender;
    this.pings = new Pings(clock);
    this.#frames = new FrameReceiver(this, limits, this.budgets);
    this.#input = new Input(channel, clock, { limits, sink: this.#frames, host: this, expectsPreface });
    this.#estimator = options.bandwidthEstimator === true ? new BandwidthEstimator(this, limits.streamWindowBytes) : undefined;
    options.budget.join(this);
    this.deadlines.set('preface', limits.prefaceMs);
  }

  // ── what the roles say ──

  protected abstract readonly role: 'server' | 'client';
  /** Streams that count against the limit of concurrent streams. */
  protected abstract readonly slots: number;
  /** A whole field block, to be decoded by `decoder` whatever becomes of it (RFC 9113 §4.3). */
  abstract receiveHeaderBlock(streamId: number, endStream: boolean, block: Buffer, start: number, end: number): void;
  /** True for an id that the peer has not used yet. */
  protected abstract isIdle(streamId: number): boolean;
  /** DATA on a stream that ended in good order. */
  protected abstract receiveDataOnClosed(streamId: number): void;
  /** The peer's SETTINGS have been applied. */
  protected abstract onPeerSettings(isFirst: boolean): void;
  protected abstract onGoAway(frame: GoAwayFrame): void;
  protected abstract onPeerEnd(): void;
  abstract onSlotFreed(): void;

  get peer(): ChannelPeer {
    return this.channel.peer;
  }

  get isClosed(): boolean {
    return this.state === 'closed';
  }

  // ── bytes in: ByteReceiver ──

  onBytes(bytes: Uint8Array): void {
    this.#isReading = true;
    this.#input.receive(bytes);
    this.#isReading = false;
  }

  onWritable(): void {
    if (this.state === 'closed') return;
    this.output.onWritable();
    if (this.state === 'closing') this.#endAfterFlush();
  }

  onEnd(): void {
    if (this.state !== 'closed') this.onPeerEnd();
  }

  onClose(error: Error | undefined): void {
    const message = error === undefined ? 'the peer closed the connection' : `the connection was lost: ${error.message}`;
    this.#finish({ origin: error === undefined ? 'peer' : 'transport', code: ErrorCode.NO_ERROR, message });
  }

  // ── turns ──

  get isCongested(): boolean {
    return this.output.controlReplies >= this.limits.controlReplies;
  }

  endReadTurn(error: unknown): void {
    if (error !== undefined) this.#failBy(error);
    if (this.#deliveries.length > 0) this.#dispatch();
    if (this.state === 'closed') return;
    if (this.isCongested) this.#endCongestedTurn();
    this.#sendConnectionCredit();
    this.options.budget.settle();
  }

  queueDelivery(stream: H2Stream): void {
    if (stream.isQueued) return;
    stream.isQueued = true;
    this.#deliveries.push(stream as S);
    if (!this.#isReading) this.queueFlush();
  }

  /** One microtask per turn: handlers that answer in theirs are in the batch before it runs. */
  queueFlush(): void {
    if (this.#isTaskQueued) return;
    this.#isTaskQueued = true;
    queueMicrotask(this.#task);
  }

  flush(): void {
    this.output.flush();
  }

  deferRun(): void {
    if (this.#isRunDeferred) return;
    this.#isRunDeferred = true;
    this.options.clock.defer(() => {
      this.#isRunDeferred = false;
      if (this.state !== 'closed') this.#runTask();
    });
  }

  #runTask(): void {
    this.#isTaskQueued = false;
    if (this.state === 'closed') return;
    if (this.#deliveries.length > 0) this.#dispatch();
    this.sender.startTurn();
    this.sender.run();
    this.output.flush();
    if (this.sender.pending.size > 0 && !this.deadlines.has('send-stall')) this.#watchSending();
    if (!this.isCongested) this.#input.resume();
  }

  #dispatch(): void {
    const queue = this.#deliveries;
    for (let i = 0; i < queue.length; i++) {
      const stream = queue[i];
      try {
        deliver(stream);
      } catch (error) {
        this.#event({ kind: 'handler-threw', streamId: stream.id, error });
        stream.onReaderThrew();
      }
    }
    queue.length = 0;
  }

  #endCongestedTurn(): void {
    this.budgets.note('controlReplies');
    if (this.output.controlReplies < this.limits.controlRepliesAbort) return;
    this.fail(new ConnectionError('ENHANCE_YOUR_CALM', LIMIT_REASONS.controlReplies));
  }

  #sendConnectionCredit(): void {
    const credit = this.flow.takeConnectionCredit(false);
    if (credit > 0) this.output.sendWindowUpdate(0, credit);
  }

  // ── frames in: FrameEvents ──

  receiveData(head: FrameHead, bytes: Buffer, start: number, end: number): void {
    this.flow.receive(head.length);
    this.#estimator?.receive(head.length);
    const endStream = (head.flags & Flag.END_STREAM) !== 0;
    if (start === end && !endStream) this.budgets.receiveEmptyData();
    else this.budgets.receiveUsefulFrame();
    const stream = this.streams.get(head.streamId);
    if (stream === undefined) return this.#receiveStrayData(head.streamId);
    receiveData(stream, bytes, start, end, head.length);
    if (endStream) receiveEnd(stream, undefined);
    else stream.sendCredit();
    this.queueDelivery(stream);
  }

  #receiveStrayData(streamId: number): void {
    // RFC 9113 §5.1: DATA on an idle stream is a connection error of type PROTOCOL_ERROR.
    if (this.isIdle(streamId)) throw new ConnectionError('PROTOCOL_ERROR', `DATA on idle stream ${streamId}`);
    this.budgets.glitch();
    // §5.1: after our RST_STREAM the peer's frames may still be on their way; they count for flow control only.
    if (!this.streams.wasReset(streamId)) this.receiveDataOnClosed(streamId);
  }

  receiveOversizedData(head: FrameHead): void {
    this.flow.receive(head.length);
    if (this.isIdle(head.streamId)) throw new ConnectionError('PROTOCOL_ERROR', `DATA on idle stream ${head.streamId}`);
    const message = `DATA of ${head.length} bytes, limit ${this.limits.frameBytes}`;
    this.#resetForError(head.streamId, ErrorCode.FRAME_SIZE_ERROR, message);
  }

  receiveStreamError(error: StreamError): void {
    this.#resetForError(error.streamId, error.code, error.message);
  }

  /** A fault of the peer that concerns one stream: RST_STREAM, counted. */
  #resetForError(streamId: number, code: number, message: string): void {
    this.#event({ kind: 'protocol-error', code, message, streamId });
    const stream = this.streams.get(streamId);
    if (stream === undefined) this.sendReset(streamId, code);
    else stream.failWithReset(code, message);
    this.budgets.sendReset();
  }

  receiveReset(streamId: number, code: number): void {
    // §6.4: on an idle stream, a connection error of type PROTOCOL_ERROR.
    if (this.isIdle(streamId)) throw new ConnectionError('PROTOCOL_ERROR', `RST_STREAM on idle stream ${streamId}`);
    this.streams.get(streamId)?.receiveReset(failureOfReset(code, code === ErrorCode.REFUSED_STREAM));
    this.budgets.receiveReset();
  }

  receiveSettings(pairs: readonly SettingPair[]): void {
    const before = this.peerSettings;
    const after = applySettings(before, pairs);
    this.peerSettings = after;
    if (after.headerTableBytes !== before.headerTableBytes) this.output.headers.setPeerTableBytes(after.headerTableBytes);
    this.output.headers.maxFrameBytes = after.frameBytes;
    this.#changeInitialWindow(after.initialWindowBytes);
    const isFirst = !this.#hasPeerSettings;
    this.#hasPeerSettings = true;
    if (isFirst) this.deadlines.clear('preface');
    this.onPeerSettings(isFirst);
    // §6.5.3: once all values have been applied, the recipient MUST immediately emit an ACK.
    this.output.sendSettingsAck();
  }

  /** §6.9.2: a change of SETTINGS_INITIAL_WINDOW_SIZE adjusts every stream by the difference; windows may go negative. */
  #changeInitialWindow(bytes: number): void {
    const difference = bytes - this.sender.initialWindow;
    if (difference === 0) return;
    this.sender.initialWindow = bytes;
    for (const stream of this.streams.all()) this.#widenSendWindow(stream, difference);
  }

  #widenSendWindow(stream: H2Stream, increment: number): void {
    // §6.9.1, §6.9.2: beyond 2^31-1, a FLOW_CONTROL_ERROR; for a single stream raised to the connection (§5.4.1).
    if (stream.sendWindow + increment > MAX_WINDOW) {
      throw new ConnectionError('FLOW_CONTROL_ERROR', `window of stream ${stream.id} beyond 2^31-1`);
    }
    stream.sendWindow += increment;
    if (stream.sendWindow > 0 && stream.hasOutput) this.sender.submit(stream);
  }

  receiveSettingsAck(): void {
    this.#settingsAcknowledged = true;
    this.deadlines.clear('settings-ack');
  }

  receivePing(ack: boolean, bytes: Buffer, at: number): void {
    // §6.7: an endpoint MUST answer a PING with an ACK and the same payload.
    if (!ack) this.output.sendPing({ ack: true, opaque: bytes, from: at });
    else if (!this.pings.receiveAck(bytes, at)) this.budgets.glitch();
  }

  receiveGoAway(frame: GoAwayFrame): void {
    // §6.8: a later GOAWAY MUST NOT name a larger stream.
    const earlier = this.goAwayReceived;
    if (earlier !== undefined && frame.lastStreamId > earlier.lastStreamId) {
      throw new ConnectionError('PROTOCOL_ERROR', `GOAWAY with last stream ${frame.lastStreamId} after ${earlier.lastStreamId}`);
    }
    this.goAwayReceived = frame;
    this.#event({ kind: 'go-away-received', code: frame.code, message: frame.debug, lastStreamId: frame.lastStreamId });
    this.onGoAway(frame);
  }

  receiveWindowUpdate(streamId: number, increment: number): void {
    this.budgets.receiveWindowUpdate(this.openedStreams, this.sender.dataFrames);
    if (streamId === 0) {
      // §6.9.1: beyond 2^31-1 on the connection, a connection error of type FLOW_CONTROL_ERROR.
      if (this.sender.window + increment > MAX_WINDOW) {
        throw new ConnectionError('FLOW_CONTROL_ERROR', 'connection window beyond 2^31-1');
      }
      this.sender.window += increment;
      if (this.sender.pending.size > 0) this.queueFlush();
      return;
    }
    const stream = this.streams.get(streamId);
    if (stream !== undefined) this.#widenSendWindow(stream, increment);
    // §5.1: on an idle stream, a connection error of type PROTOCOL_ERROR; on a closed one it may be late.
    else if (this.isIdle(streamId)) throw new ConnectionError('PROTOCOL_ERROR', `WINDOW_UPDATE on idle stream ${streamId}`);
  }

  awaitHeaderBlock(isWaiting: boolean): void {
    if (isWaiting) this.deadlines.set('header-block', this.limits.headerBlockMs);
    else this.deadlines.clear('header-block');
  }

  // ── frames out, for streams ──

  sendWindowUpdate(streamId: number, increment: number): void {
    this.output.sendWindowUpdate(streamId, increment);
  }

  sendReset(streamId: number, code: number): void {
    this.streams.rememberReset(streamId);
    this.output.sendReset(streamId, code);
  }

  onStreamClosed(stream: H2Stream): void {
    this.streams.remove(stream.id);
    if (this.state === 'draining' && this.isDrained) this.endWhenDrained();
  }

  sendHeadNow(streamId: number, head: OutgoingHeaders, endStream = false): void {
    this.output.sendHeaders(streamId, head, endStream);
  }

  /** Nothing is left to wait for. */
  protected get isDrained(): boolean {
    return this.streams.size === 0;
  }

  /** Our SETTINGS, and the connection window if it is larger than every connection begins with. */
  protected sendFirstSettings(pairs: readonly SettingPair[]): void {
    const { limits } = this;
    const settings: SettingPair[] = [
      ...pairs,
      [Setting.INITIAL_WINDOW_SIZE, limits.streamWindowBytes],
      [Setting.MAX_HEADER_LIST_SIZE, limits.headerListBytes],
    ];
    if (limits.headerTableBytes !== 4096) settings.push([Setting.HEADER_TABLE_SIZE, limits.headerTableBytes]);
    if (limits.frameBytes !== 16_384) settings.push([Setting.MAX_FRAME_SIZE, limits.frameBytes]);
    this.output.sendSettings(settings);
    this.deadlines.set('settings-ack', limits.settingsAckMs);
    const more = limits.connectionWindowBytes - DEFAULT_WINDOW_BYTES;
    if (more <= 0) return;
    this.flow.availableBytes += more;
    this.output.sendWindowUpdate(0, more);
  }

  // ── PING ──

  /** Sends a PING; resolves with the round trip in milliseconds, rejects when the connection is lost before. */
  ping(): Promise<number> {
    if (this.state === 'closing' || this.state === 'closed') return Promise.reject(new Error('the connection is closed'));
    if (this.pings.outstanding >= this.limits.pings) {
      return Promise.reject(new Error(`${this.limits.pings} PINGs are unanswered already`));
    }
    return new Promise((resolve, reject) => this.#sendPing(resolve, reject));
  }

  /** For the bandwidth estimator. */
  measureRoundTrip(onAnswer: () => void): void {
    this.#sendPing(onAnswer, () => {});
  }

  #sendPing(onAnswer: (rttMs: number) => void, onLost: (error: Error) => void): void {
    this.output.sendPing({ ack: false, opaque: this.pings.send(onAnswer, onLost), from: 0 });
  }

  /** For the bandwidth estimator: new streams get the wider window by SETTINGS, the connection by WINDOW_UPDATE. */
  widen(streamWindowBytes: number): void {
    const more = Math.min(streamWindowBytes * 4, MAX_WINDOW) - this.flow.connectionWindowBytes;
    const streamMore = streamWindowBytes - this.flow.streamWindowBytes;
    this.flow.streamWindowBytes = streamWindowBytes;
    for (const stream of this.streams.all()) stream.receiveWindow += streamMore;
    this.output.sendSettings([[Setting.INITIAL_WINDOW_SIZE, streamWindowBytes]]);
    if (more <= 0) return;
    this.flow.connectionWindowBytes += more;
    this.flow.availableBytes += more;
    this.output.sendWindowUpdate(0, more);
  }

  // ── the end ──

  /** Ends the connection for an error: GOAWAY, a moment to flush it, then the socket. */
  fail(error: ConnectionError): void {
    if (this.state === 'closing' || this.state === 'closed') return;
    this.#noteFailure(error);
    this.#closeWith(error.code, error.message);
  }

  /** Ends the connection now: GOAWAY, open streams fail. */
  close(code: number = ErrorCode.NO_ERROR, message = 'closed'): void {
    if (this.state === 'closing' || this.state === 'closed') return;
    this.#closeWith(code, message);
  }

  evict(reason: string): void {
    this.fail(new ConnectionError('ENHANCE_YOUR_CALM', reason));
  }

  #closeWith(code: number, message: string): void {
    const lastStreamId = this.role === 'server' ? this.lastStreamId : 0;
    this.goAwaySent = { lastStreamId, code, debug: message };
    this.state = 'closing';
    // http2.md: after GOAWAY with an error stop parsing, flush, destroy.
    this.#input.stop();
    this.#frames.clear();
    this.#failStreams({ origin: 'local', code, unprocessed: false, message: `connection closed: ${message}` });
    this.output.sendGoAway(this.goAwaySent);
    this.output.flushNow();
    this.#closed = { origin: 'local', code, message };
    this.deadlines.clearAll();
    this.deadlines.set('go-away-flush', this.limits.goAwayFlushMs);
    this.#endAfterFlush();
  }

  #endAfterFlush(): void {
    if (this.output.sender.isBlocked) return;
    this.output.flushNow();
    this.channel.end();
  }

  /** In good order, everything said: the socket goes as soon as the last bytes are out. */
  protected endWhenDrained(): void {
    if (this.state === 'closing' || this.state === 'closed') return;
    this.output.flushNow();
    this.#closed ??= { origin: 'local', code: ErrorCode.NO_ERROR, message: 'drained' };
    this.state = 'closing';
    this.#input.stop();
    this.deadlines.clearAll();
    this.deadlines.set('go-away-flush', this.limits.goAwayFlushMs);
    this.#endAfterFlush();
  }

  #failStreams(failure: Parameters<H2Stream['fail']>[0]): void {
    for (const stream of this.streams.all()) stream.fail(failure);
  }

  #finish(reason: CloseReason): void {
    if (this.state === 'closed') return;
    this.#closed ??= reason;
    this.state = 'closed';
    this.#input.stop();
    this.#frames.clear();
    this.deadlines.clearAll();
    this.#failStreams({ origin: 'transport', code: ErrorCode.CANCEL, unprocessed: false, message: reason.message });
    this.#dispatch();
    this.output.clear();
    this.pings.lose(new Error(reason.message));
    this.options.budget.leave(this);
    this.options.onClose?.(this.#closed);
  }

  #failBy(error: unknown): void {
    if (error instanceof ConnectionError) return this.fail(error);
    // RFC 7541 §2.2: a decoding error is a connection error of type COMPRESSION_ERROR.
    if (error instanceof HpackError) return this.fail(new ConnectionError('COMPRESSION_ERROR', error.message));
    if (error instanceof HpackListTooLargeError) {
      return this.fail(new ConnectionError('ENHANCE_YOUR_CALM', LIMIT_REASONS.headerListBytes));
    }
    this.#event({ kind: 'internal-error', error });
    this.fail(new ConnectionError('INTERNAL_ERROR', 'internal error'));
  }

  #noteFailure(error: ConnectionError): void {
    const limit = LIMIT_OF_REASON.get(error.message);
    if (limit !== undefined) {
      this.budgets.note(limit);
      this.#event({ kind: 'limit', limit, reason: error.message });
    } else {
      this.#event({ kind: 'protocol-error', code: error.code, message: error.message, streamId: undefined });
    }
  }

  #event(event: ConnectionEvent): void {
    this.options.onEvent?.(event);
  }

  // ── deadlines ──

  #onDeadline(name: DeadlineName): void {
    switch (name) {
      case 'preface':
        return this.fail(new ConnectionError('PROTOCOL_ERROR', LIMIT_REASONS.prefaceMs));
      case 'settings-ack':
        // §6.5.3: without an acknowledgement in a reasonable time, SETTINGS_TIMEOUT.
        return this.fail(new ConnectionError('SETTINGS_TIMEOUT', LIMIT_REASONS.settingsAckMs));
      case 'header-block':
        return this.fail(new ConnectionError('ENHANCE_YOUR_CALM', LIMIT_REASONS.headerBlockMs));
      case 'send-stall':
        return this.#sweepStalled();
      case 'go-away-flush':
        this.budgets.note('goAwayFlushMs');
        return this.channel.destroy();
      default:
        this.onRoleDeadline(name);
    }
  }

  /** Deadlines that only one role sets. */
  protected abstract onRoleDeadline(name: DeadlineName): void;

  #watchSending(): void {
    this.deadlines.set('send-stall', this.limits.sendStallMs / SWEEPS_PER_STALL);
  }

  /** Resets the streams whose output has waited too long; ends the connection when it is the socket that waits. */
  #sweepStalled(): void {
    const stepMs = this.limits.sendStallMs / SWEEPS_PER_STALL;
    const enoughBytes = (this.limits.sendBytesPerSecond * stepMs) / 1000;
    let isStalled = false;
    for (const stream of [...this.sender.pending]) {
      stream.stalledMs = stream.sentBytes >= enoughBytes ? 0 : stream.stalledMs + stepMs;
      stream.sentBytes = 0;
      if (stream.stalledMs < this.limits.sendStallMs) continue;
      isStalled = true;
      stream.failWithReset(ErrorCode.CANCEL, LIMIT_REASONS.sendStallMs);
    }
    if (isStalled) this.#onStalled();
    if (this.state !== 'closed' && this.sender.pending.size > 0) this.#watchSending();
  }

  #onStalled(): void {
    this.budgets.note('sendStallMs');
    this.#event({ kind: 'limit', limit: 'sendStallMs', reason: LIMIT_REASONS.sendStallMs });
    if (this.sender.isBlocked) this.fail(new ConnectionError('ENHANCE_YOUR_CALM', LIMIT_REASONS.sendStallMs));
  }

  // ── facts ──

  get heldBytes(): number {
    return this.flow.heldBytes + this.#input.heldBytes + this.#frames.heldBytes;
  }

  inspect(): ConnectionFacts {
    const now = this.options.clock.now();
    return {
      role: this.role,
      state: this.state,
      peer: this.peer,
      ageMs: now - this.#createdMs,
      idleReadMs: now - this.#input.lastReadMs,
      streams: {
        open: this.streams.size,
        slots: this.slots,
        opened: this.openedStreams,
        lastId: this.lastStreamId,
        waitingToSend: this.sender.pending.size,
      },
      windows: {
        send: this.sender.window,
        receive: this.flow.availableBytes,
        initialSend: this.sender.initialWindow,
        streamReceive: this.flow.streamWindowBytes,
      },
      heldBytes: this.heldBytes,
      bytesReceived: this.#input.bytesReceived,
      bytesSent: this.output.bytesSent,
      bufferedBytes: this.channel.bufferedBytes,
      isSocketBlocked: this.sender.isBlocked,
      ping: { rttMs: this.pings.lastRttMs, outstanding: this.pings.outstanding },
      peerSettings: this.peerSettings,
      settingsAcknowledged: this.#settingsAcknowledged,
      goAway: { sent: this.goAwaySent, received: this.goAwayReceived },
      resets: { received: this.budgets.resetsReceived, sent: this.budgets.resetsSent },
      glitches: this.budgets.glitches,
      limits: Object.fromEntries(this.budgets.acted),
      closed: this.#closed,
    };
  }
}

/** A stall is looked for three times within its limit: a sweep that is rare costs nothing, one that is late little. */
const SWEEPS_PER_STALL = 3;

const LIMIT_OF_REASON = new Map<string, LimitName>(
  (Object.entries(LIMIT_REASONS) as [LimitName, string][]).map(([name, reason]) => [reason, name]),
);

/** For log lines: `ENHANCE_YOUR_CALM (too_many_resets)`. */
export function describeClose(reason: CloseReason): string {
  return `${errorCodeName(reason.code)} (${reason.message})`;
}
