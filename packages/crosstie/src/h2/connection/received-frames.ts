// SPDX-License-Identifier: Apache-2.0
// What each frame does to a connection and its streams. Here stand the rules that need to know which streams there are
// and which windows are left; readers are called later, after the turn.

import {
  ConnectionError,
  ErrorCode,
  Flag,
  type FrameHead,
  type GoAwayFrame,
  Setting,
  type SettingPair,
  StreamError,
} from '../frame/index.ts';
import type { StreamTable } from '../stream/index.ts';
import {
  failureOfReset,
  type ReceiveFlow,
  receiveData,
  receiveEnd,
  type SendScheduler,
  type StreamRecord,
} from '../stream/index.ts';
import type { AbuseBudgets } from './abuse-budgets.ts';
import type { BandwidthEstimator } from './bandwidth-estimator.ts';
import type { Deadlines } from './deadlines.ts';
import type { FrameEvents } from './frame-receiver.ts';
import type { H2Limits } from './limits.ts';
import type { ConnectionEvent } from './options.ts';
import type { Output } from './output.ts';
import { applySettings, INITIAL_PEER_SETTINGS, type PeerSettings } from './peer-settings.ts';
import type { Pings } from './pings.ts';

/** The parts of the connection that frames act on. */
export interface ConnectionParts {
  readonly limits: H2Limits;
  readonly streams: StreamTable<StreamRecord>;
  readonly flow: ReceiveFlow;
  readonly sender: SendScheduler;
  readonly output: Output;
  readonly budgets: AbuseBudgets;
  readonly deadlines: Deadlines;
  readonly pings: Pings;
  readonly estimator: BandwidthEstimator | undefined;
}

/** What a server and a client do differently, and what only the connection can do. */
export interface ConnectionRules {
  /** A whole field block, to be decoded whatever becomes of it (RFC 9113 §4.3). */
  receiveHeaderBlock(streamId: number, endStream: boolean, block: Buffer, start: number, end: number): void;
  /** True for an id that has not been used yet. */
  isIdle(streamId: number): boolean;
  /** DATA on a stream that ended in good order. */
  receiveDataOnClosed(streamId: number): void;
  /** The peer's SETTINGS have been applied. */
  onPeerSettings(settings: PeerSettings, isFirst: boolean): void;
  onGoAway(frame: GoAwayFrame): void;
  queueDelivery(stream: StreamRecord): void;
  sendReset(streamId: number, code: number): void;
  /** Lets waiting streams send at the end of the turn. */
  queueFlush(): void;
  event(event: ConnectionEvent): void;
}

const MAX_WINDOW = 0x7fffffff;

export class ReceivedFrames implements FrameEvents {
  peerSettings: PeerSettings = INITIAL_PEER_SETTINGS;
  hasPeerSettings = false;
  goAway: GoAwayFrame | undefined = undefined;
  /** SETTINGS of ours that wait for their ACK. */
  #unacknowledged = 0;
  readonly #rules: ConnectionRules;
  readonly #parts: ConnectionParts;
  // Those that every DATA and HEADERS frame needs.
  readonly #streams: StreamTable<StreamRecord>;
  readonly #flow: ReceiveFlow;
  readonly #budgets: AbuseBudgets;

  constructor(parts: ConnectionParts, rules: ConnectionRules) {
    this.#parts = parts;
    this.#rules = rules;
    this.#streams = parts.streams;
    this.#flow = parts.flow;
    this.#budgets = parts.budgets;
  }

  receiveHeaderBlock(streamId: number, endStream: boolean, block: Buffer, start: number, end: number): void {
    this.#rules.receiveHeaderBlock(streamId, endStream, block, start, end);
  }

  // ── DATA ──

  receiveData(head: FrameHead, bytes: Buffer, start: number, end: number): void {
    this.#flow.receive(head.length);
    this.#parts.estimator?.receive(head.length);
    const endStream = (head.flags & Flag.END_STREAM) !== 0;
    if (start === end && !endStream) this.#budgets.receiveEmptyData();
    else this.#budgets.receiveUsefulFrame();
    const stream = this.#streams.get(head.streamId);
    if (stream === undefined) {
      this.#receiveStrayData(head.streamId);
      return;
    }
    receiveData(stream, bytes, start, end, head.length);
    if (endStream) receiveEnd(stream, undefined);
    else this.#continueBody(stream);
    this.#rules.queueDelivery(stream);
  }

  #continueBody(stream: StreamRecord): void {
    if (!stream.isPromised) stream.beginPromise();
    stream.sendCredit();
  }

  /** Too large to be read: dropped, but the peer has counted it against the windows. */
  receiveOversizedData(head: FrameHead): void {
    this.#flow.receive(head.length);
    if (this.#streams.get(head.streamId) === undefined) {
      this.#receiveStrayData(head.streamId);
      return;
    }
    const message = `DATA of ${head.length} bytes, limit ${this.#parts.limits.frameBytes}`;
    this.#resetForError(head.streamId, ErrorCode.FRAME_SIZE_ERROR, message);
  }

  #receiveStrayData(streamId: number): void {
    // RFC 9113 §5.1: DATA on an idle stream is a connection error of type PROTOCOL_ERROR.
    if (this.#rules.isIdle(streamId)) throw new ConnectionError('PROTOCOL_ERROR', `DATA on idle stream ${streamId}`);
    this.#budgets.glitch();
    // §5.1: after our RST_STREAM the peer's frames may still be on their way; they count for flow control only.
    if (!this.#streams.wasReset(streamId)) this.#rules.receiveDataOnClosed(streamId);
  }

  // ── resets ──

  receiveReset(streamId: number, code: number): void {
    // §6.4: on an idle stream, a connection error of type PROTOCOL_ERROR.
    if (this.#rules.isIdle(streamId)) {
      throw new ConnectionError('PROTOCOL_ERROR', `RST_STREAM on idle stream ${streamId}`);
    }
    this.#streams.get(streamId)?.receiveReset(failureOfReset(code, code === ErrorCode.REFUSED_STREAM));
    this.#budgets.receiveReset();
  }

  receiveStreamError(error: StreamError): void {
    this.#resetForError(error.streamId, error.code, error.message);
  }

  /** A fault of the peer that concerns one stream: RST_STREAM, counted. */
  #resetForError(streamId: number, code: number, message: string): void {
    this.#rules.event({ kind: 'protocol-error', code, message, streamId });
    const stream = this.#streams.get(streamId);
    if (stream === undefined) this.#rules.sendReset(streamId, code);
    else stream.failWithReset(code, message);
    this.#budgets.sendReset();
  }

  // ── SETTINGS ──

  get settingsAcknowledged(): boolean {
    return this.#unacknowledged === 0;
  }

  /** §6.5.3: SETTINGS have been sent; their ACK must follow in time. */
  expectSettingsAck(): void {
    this.#unacknowledged++;
    this.#parts.deadlines.set('settings-ack', this.#parts.limits.settingsAckMs);
  }

  receiveSettings(pairs: readonly SettingPair[]): void {
    const { output, deadlines } = this.#parts;
    const before = this.peerSettings;
    const after = applySettings(before, pairs);
    const isFirst = !this.hasPeerSettings;
    this.peerSettings = after;
    this.hasPeerSettings = true;
    if (isFirst) deadlines.clear('preface');
    // §6.5.3: in the order they appear; RFC 7541 §4.2: the smallest in between has to be acknowledged, too.
    for (const [id, value] of pairs) if (id === Setting.HEADER_TABLE_SIZE) output.headers.setPeerTableBytes(value);
    output.headers.maxFrameBytes = after.frameBytes;
    this.#changeInitialWindow(after.initialWindowBytes);
    this.#rules.onPeerSettings(after, isFirst);
    // §6.5.3: once all values have been applied, the recipient MUST immediately emit an ACK: before anything that the
    // new values allow.
    output.sendSettingsAck();
    if (after.initialWindowBytes > before.initialWindowBytes) this.#resumeStreams();
  }

  /** §6.9.2: a change of SETTINGS_INITIAL_WINDOW_SIZE adjusts every stream by the difference; windows may go negative. */
  #changeInitialWindow(bytes: number): void {
    const { sender } = this.#parts;
    const difference = bytes - sender.initialWindow;
    if (difference === 0) return;
    sender.initialWindow = bytes;
    for (const stream of this.#streams.all()) {
      // §6.9.2: a change that makes a window exceed 2^31-1 is a connection error of type FLOW_CONTROL_ERROR.
      if (stream.sendWindow + difference > MAX_WINDOW) {
        const message = `SETTINGS_INITIAL_WINDOW_SIZE takes stream ${stream.id} beyond 2^31-1`;
        throw new ConnectionError('FLOW_CONTROL_ERROR', message);
      }
      stream.sendWindow += difference;
    }
  }

  #resumeStreams(): void {
    const { sender } = this.#parts;
    for (const stream of [...sender.pending]) if (stream.hasOutput) sender.submit(stream);
  }

  receiveSettingsAck(): void {
    if (this.#unacknowledged === 0) {
      this.#budgets.glitch();
      return;
    }
    this.#unacknowledged--;
    if (this.#unacknowledged === 0) this.#parts.deadlines.clear('settings-ack');
  }

  // ── PING, GOAWAY, WINDOW_UPDATE ──

  receivePing(ack: boolean, bytes: Buffer, at: number): void {
    // §6.7: an endpoint MUST answer a PING with an ACK and the same payload.
    if (!ack) this.#parts.output.sendPing({ ack: true, opaque: bytes, from: at });
    else if (!this.#parts.pings.receiveAck(bytes, at)) this.#budgets.glitch();
  }

  receiveGoAway(frame: GoAwayFrame): void {
    const earlier = this.goAway;
    // §6.8: a later GOAWAY MUST NOT name a larger stream.
    if (earlier !== undefined && frame.lastStreamId > earlier.lastStreamId) {
      const message = `GOAWAY with last stream ${frame.lastStreamId} after ${earlier.lastStreamId}`;
      throw new ConnectionError('PROTOCOL_ERROR', message);
    }
    this.goAway = frame;
    if (earlier !== undefined && earlier.lastStreamId === frame.lastStreamId && earlier.code === frame.code) {
      this.#budgets.glitch();
      return;
    }
    const { code, debug, lastStreamId } = frame;
    this.#rules.event({ kind: 'go-away-received', code, message: debug, lastStreamId });
    this.#rules.onGoAway(frame);
  }

  receiveWindowUpdate(streamId: number, increment: number): void {
    const { sender } = this.#parts;
    this.#budgets.receiveWindowUpdate(this.#streams.opened, sender.dataFrames);
    if (streamId === 0) this.#widenConnection(increment);
    else this.#widenStream(streamId, increment);
  }

  #widenConnection(increment: number): void {
    const { sender } = this.#parts;
    // §6.9.1: beyond 2^31-1 on the connection, a connection error of type FLOW_CONTROL_ERROR.
    if (sender.window + increment > MAX_WINDOW) {
      throw new ConnectionError('FLOW_CONTROL_ERROR', 'connection window beyond 2^31-1');
    }
    sender.window += increment;
    if (sender.pending.size > 0) this.#rules.queueFlush();
  }

  #widenStream(streamId: number, increment: number): void {
    const stream = this.#streams.get(streamId);
    if (stream === undefined) {
      // §5.1: on an idle stream, a connection error of type PROTOCOL_ERROR; on a closed one it may be late.
      if (this.#rules.isIdle(streamId)) {
        throw new ConnectionError('PROTOCOL_ERROR', `WINDOW_UPDATE on idle stream ${streamId}`);
      }
      return;
    }
    // §6.9.1: beyond 2^31-1 on a stream, a stream error: RST_STREAM with FLOW_CONTROL_ERROR.
    if (stream.sendWindow + increment > MAX_WINDOW) {
      throw new StreamError(streamId, 'FLOW_CONTROL_ERROR', 'window beyond 2^31-1');
    }
    stream.sendWindow += increment;
    if (stream.sendWindow > 0 && stream.hasOutput) this.#parts.sender.submit(stream);
  }
}
