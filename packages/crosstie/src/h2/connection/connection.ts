// SPDX-License-Identifier: Apache-2.0
// One HTTP/2 connection (RFC 9113), what both roles share. A turn: a whole read is parsed, then the readers of its
// streams are called, then everything they sent leaves in one write.
//
//   onBytes → input (frames) → frame-receiver → receive… → streams note it
//           → dispatch (user code) → output (batch) → write

import type { ByteChannel, ByteReceiver, ChannelPeer } from '../../core/index.ts';
import type { OutgoingHeaders } from '../../exchange/index.ts';
import type { HpackDecoder } from '../../hpack/index.ts';
import { ConnectionError, ErrorCode, type GoAwayFrame, type SettingPair, StreamError } from '../frame/index.ts';
import {
  type BudgetHolder,
  type H2Stream,
  ReceiveFlow,
  type SendHost,
  type SendScheduler,
  type StreamHost,
  type StreamRecord,
  StreamTable,
} from '../stream/index.ts';
import { AbuseBudgets } from './abuse-budgets.ts';
import { BandwidthEstimator } from './bandwidth-estimator.ts';
import { limitOfOverflow, toConnectionError } from './connection-error.ts';
import { type DeadlineName, Deadlines } from './deadlines.ts';
import { createDecoder } from './decoder.ts';
import { type ConnectionState, Ending } from './ending.ts';
import type { ConnectionFacts } from './facts.ts';
import { FrameReceiver } from './frame-receiver.ts';
import { Input } from './input.ts';
import { InputCharge } from './input-charge.ts';
import { inspectConnection } from './inspect.ts';
import { type H2Limits, LIMIT_REASONS, limitOfReason } from './limits.ts';
import { localSettings } from './local-settings.ts';
import { LocalWindows } from './local-windows.ts';
import type { CloseReason, ConnectionEvent, ConnectionOptions } from './options.ts';
import { Output } from './output.ts';
import type { PeerSettings } from './peer-settings.ts';
import { Pings } from './pings.ts';
import { type ConnectionRules, ReceivedFrames } from './received-frames.ts';
import { type StallHost, StallWatch } from './stall-watch.ts';
import { type TurnHost, Turns } from './turns.ts';

export abstract class Connection<S extends H2Stream>
  implements ByteReceiver, StreamHost, SendHost, TurnHost, StallHost, BudgetHolder, ConnectionRules
{
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
  /** The largest stream id the peer has opened (server) or we have (client). */
  protected lastStreamId = 0;
  protected readonly received: ReceivedFrames;
  protected readonly ending: Ending;
  readonly #frames: FrameReceiver;
  readonly #input: Input;
  readonly #stalls: StallWatch;
  readonly #turns: Turns;
  readonly #windows: LocalWindows;
  readonly #charge: InputCharge;
  readonly #createdMs: number;

  constructor(channel: ByteChannel, options: ConnectionOptions, expectsPreface: boolean) {
    const { clock, limits } = options;
    this.channel = channel;
    this.options = options;
    this.limits = limits;
    this.#createdMs = clock.now();
    this.flow = new ReceiveFlow(options.budget, {
      streamBytes: limits.streamWindowBytes,
      connectionBytes: limits.connectionWindowBytes,
      heldBytes: limits.receiveConnectionBytes,
    });
    this.decoder = createDecoder(limits);
    this.budgets = new AbuseBudgets(limits, clock, (limit) => {
      this.event({ kind: 'limit', limit, reason: LIMIT_REASONS[limit] });
    });
    this.deadlines = new Deadlines(clock, (name) => this.#onDeadline(name));
    this.#turns = new Turns(clock, this);
    this.output = new Output(channel, limits.headerTableBytes, this);
    this.sender = this.output.sender;
    this.pings = new Pings(clock);
    this.#stalls = new StallWatch({ sender: this.sender, deadlines: this.deadlines, limits, host: this });
    const { streams, flow, sender, output, budgets, deadlines, pings } = this;
    const estimator =
      options.bandwidthEstimator === true ? new BandwidthEstimator(this, limits.streamWindowBytes) : undefined;
    const parts = { limits, streams, flow, sender, output, budgets, deadlines, pings, estimator };
    this.received = new ReceivedFrames(parts, this);
    this.#windows = new LocalWindows({ flow, streams, output, received: this.received });
    this.#frames = new FrameReceiver(this.received, limits, budgets);
    this.#input = new Input(channel, clock, { limits, sink: this.#frames, host: this, expectsPreface });
    this.#charge = new InputCharge(options.budget, () => this.#input.heldBytes + this.#frames.heldBytes);
    const [input, frames, turns] = [this.#input, this.#frames, this.#turns];
    this.ending = new Ending({ channel, limits, streams, input, frames, output, turns, deadlines });
    options.budget.join(this);
    this.deadlines.set('preface', limits.prefaceMs);
  }

  // ── what the roles say ──

  protected abstract readonly role: 'server' | 'client';
  /** Streams that count against the limit of concurrent streams. */
  protected abstract readonly slots: number;
  abstract receiveHeaderBlock(streamId: number, endStream: boolean, block: Buffer, start: number, end: number): void;
  abstract isIdle(streamId: number): boolean;
  abstract receiveDataOnClosed(streamId: number): void;
  abstract onPeerSettings(settings: PeerSettings, isFirst: boolean): void;
  abstract onGoAway(frame: GoAwayFrame): void;
  abstract onSlotFreed(): void;
  /** The peer has sent FIN. */
  protected abstract onPeerEnd(): void;
  /** Deadlines that only one role sets. */
  protected abstract onRoleDeadline(name: DeadlineName): void;

  get peer(): ChannelPeer {
    return this.channel.peer;
  }

  get isClosed(): boolean {
    return this.state === 'closed';
  }

  protected get isEnding(): boolean {
    return this.ending.isEnding;
  }

  // ── bytes in: ByteReceiver ──

  onBytes(bytes: Uint8Array): void {
    this.#turns.beginRead();
    this.#input.receive(bytes);
    this.#turns.endRead();
  }

  onWritable(): void {
    if (this.state === 'closed') return;
    this.output.onWritable();
    if (this.state === 'closing') this.ending.continue();
  }

  onEnd(): void {
    if (this.state !== 'closed') this.onPeerEnd();
  }

  onClose(error: Error | undefined): void {
    const message =
      error === undefined ? 'the peer closed the connection' : `the connection was lost: ${error.message}`;
    this.#finish({ origin: error === undefined ? 'peer' : 'transport', code: ErrorCode.NO_ERROR, message });
  }

  // ── turns ──

  get bytesTaken(): number {
    return this.output.bytesSent - this.channel.bufferedBytes;
  }

  onStreamsStalled(): void {
    this.budgets.note('sendStallMs');
  }

  onSocketStalled(): void {
    this.fail(new ConnectionError('ENHANCE_YOUR_CALM', LIMIT_REASONS.sendStallMs));
  }

  get isCongested(): boolean {
    return this.output.controlReplies >= this.limits.controlReplies;
  }

  endReadTurn(error: unknown): void {
    if (error !== undefined) this.#failBy(error);
    this.#turns.dispatch();
    this.#charge.update();
    if (this.isEnding) return;
    if (this.isCongested) this.#endCongestedTurn();
    if (this.flow.isOverLimit) this.evict(LIMIT_REASONS.receiveMemory);
    this.#watchHeaders();
    this.sendConnectionCredit();
    this.options.budget.settle();
  }

  /** A header block that has begun must be complete in time, whether a frame or a CONTINUATION is missing. */
  #watchHeaders(): void {
    const isWaiting = this.#frames.isInsideBlock || this.#input.isInsideHeaders;
    if (!isWaiting) this.deadlines.clear('header-block');
    else if (!this.deadlines.has('header-block')) this.deadlines.set('header-block', this.limits.headerBlockMs);
  }

  queueDelivery(stream: StreamRecord): void {
    this.#turns.queueDelivery(stream);
  }

  queueFlush(): void {
    this.#turns.queue();
  }

  flush(): void {
    this.output.flush();
  }

  deferRun(): void {
    this.#turns.defer();
  }

  endTurn(): void {
    // The last words have been written, or wait for the socket: nothing may follow them.
    if (this.isEnding) return;
    this.sender.startTurn();
    this.sender.run();
    this.output.flush();
    for (const stream of this.sender.takeRoomy()) this.queueDelivery(stream);
    this.#stalls.watch();
    if (!this.isCongested) this.#input.resume();
  }

  onReaderThrew(stream: StreamRecord, error: unknown): void {
    this.event({ kind: 'handler-threw', streamId: stream.id, error });
    stream.onReaderThrew();
  }

  #endCongestedTurn(): void {
    this.budgets.note('controlReplies');
    if (this.output.controlReplies < this.limits.controlRepliesAbort) return;
    this.fail(new ConnectionError('ENHANCE_YOUR_CALM', LIMIT_REASONS.controlReplies));
  }

  sendConnectionCredit(): void {
    const credit = this.isEnding ? 0 : this.flow.takeConnectionCredit();
    if (credit > 0) this.output.sendWindowUpdate(0, credit);
  }

  // ── frames out, for streams ──

  sendWindowUpdate(streamId: number, increment: number): void {
    this.output.sendWindowUpdate(streamId, increment);
  }

  sendReset(streamId: number, code: number): void {
    this.streams.rememberReset(streamId);
    this.output.sendReset(streamId, code);
  }

  onStreamClosed(stream: StreamRecord): void {
    this.streams.remove(stream.id);
    if (this.state === 'draining' && this.isDrained) this.ending.closeDrained();
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
    this.output.sendSettings([...pairs, ...localSettings(limits)]);
    this.received.expectSettingsAck();
    this.#windows.openConnection();
  }

  // ── PING ──

  /** Sends a PING; resolves with the round trip in milliseconds, rejects when the connection is lost before. */
  ping(): Promise<number> {
    if (this.isEnding) return Promise.reject(new Error('the connection is closed'));
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

  /** For the bandwidth estimator. */
  widen(streamWindowBytes: number): void {
    this.#windows.widen(streamWindowBytes);
  }

  // ── the end ──

  get state(): ConnectionState {
    return this.ending.state;
  }

  /** Ends the connection for an error: GOAWAY, a moment to flush it, then the socket. */
  fail(error: ConnectionError): void {
    if (this.isEnding) return;
    const limit = limitOfReason(error.message);
    if (limit !== undefined) this.budgets.note(limit);
    else this.event({ kind: 'protocol-error', code: error.code, message: error.message, streamId: undefined });
    this.close(error.code, error.message);
  }

  /** Ends the connection now: GOAWAY, open streams fail. */
  close(code: number = ErrorCode.NO_ERROR, message = 'closed'): void {
    if (this.isEnding) return;
    // A server opens no streams, so a client has accepted none.
    this.ending.closeWith({ lastStreamId: this.role === 'server' ? this.lastStreamId : 0, code, debug: message });
    this.#charge.update();
  }

  evict(reason: string): void {
    this.fail(new ConnectionError('ENHANCE_YOUR_CALM', reason));
  }

  #finish(reason: CloseReason): void {
    const told = this.ending.finish(reason);
    if (told === undefined) return;
    this.#charge.update();
    this.pings.lose(new Error(reason.message));
    this.options.budget.leave(this);
    this.options.onClose?.(told);
  }

  #failBy(error: unknown): void {
    const known = toConnectionError(error);
    if (known === undefined) this.event({ kind: 'internal-error', error });
    this.fail(known ?? new ConnectionError('INTERNAL_ERROR', 'internal error'));
  }

  /** A header list beyond its limit that is no reason to end the connection. */
  protected tooLarge(streamId: number, overflow: 'list-bytes' | 'field-count'): StreamError {
    const limit = limitOfOverflow(overflow);
    this.budgets.note(limit);
    return new StreamError(streamId, 'ENHANCE_YOUR_CALM', LIMIT_REASONS[limit]);
  }

  event(event: ConnectionEvent): void {
    try {
      this.options.onEvent?.(event);
    } catch (error) {
      // A bug of the operator's must not stop the connection half way through its own affairs; it is not hidden either.
      queueMicrotask(() => {
        throw error;
      });
    }
  }

  // ── deadlines ──

  #onDeadline(name: DeadlineName): void {
    switch (name) {
      case 'preface':
        this.fail(new ConnectionError('PROTOCOL_ERROR', LIMIT_REASONS.prefaceMs));
        return;
      case 'settings-ack':
        // §6.5.3: without an acknowledgement in a reasonable time, SETTINGS_TIMEOUT.
        this.fail(new ConnectionError('SETTINGS_TIMEOUT', LIMIT_REASONS.settingsAckMs));
        return;
      case 'header-block':
        this.fail(new ConnectionError('ENHANCE_YOUR_CALM', LIMIT_REASONS.headerBlockMs));
        return;
      case 'send-stall':
        this.#stalls.sweep();
        return;
      case 'go-away-flush':
        this.budgets.note('goAwayFlushMs');
        this.channel.destroy();
        return;
      default:
        this.onRoleDeadline(name);
    }
  }

  // ── facts ──

  get heldBytes(): number {
    return this.flow.heldBytes + this.#input.heldBytes + this.#frames.heldBytes;
  }

  /** The connection as it is now. */
  inspect(): ConnectionFacts {
    const { role, state, channel, streams, slots, lastStreamId, flow, sender, output, budgets, received, pings } = this;
    const { heldBytes, ending } = this;
    const nowMs = this.options.clock.now();
    return inspectConnection({
      ...{ role, state, channel, streams, slots, lastStreamId, flow, sender, output, budgets, received, pings },
      ...{ heldBytes, ending, input: this.#input, nowMs, createdMs: this.#createdMs },
    });
  }
}
