// SPDX-License-Identifier: Apache-2.0
// One stream: the record that the receive side, the send side and the reader share, and the exchange that a protocol
// holds in its hand. One object per call; `receive.ts` and `send-scheduler.ts` move its bytes.

import type { ChannelPeer } from '../../core/index.ts';
import type { BodyReceiver, Exchange, ExchangeFailure, HeaderFields, OutgoingHeaders } from '../../exchange/index.ts';
import { ErrorCode } from '../frame/index.ts';
import type { StreamHost } from './host.ts';
import type { CreditWaiter } from './receive-budget.ts';
import { isTopUpDue } from './receive-flow.ts';
import { hasPeerEnded, hasSentEnd, receiveReset, type StreamState, sendEndStream, sendReset } from './state.ts';

/** What is written and unsent before `sendData` says stop. Chosen by us: four frames. */
const SEND_QUEUE_BYTES = 65_536;

export abstract class H2Stream implements Exchange, CreditWaiter {
  readonly id: number;
  protected readonly host: StreamHost;
  state: StreamState;

  // ── received, not delivered yet; written by receive.ts ──
  /** Set once the handler, or the caller, is known. */
  receiver: BodyReceiver | undefined = undefined;
  isQueued = false;
  inData: Uint8Array | undefined = undefined;
  /** Pieces after `inData`, in order. */
  inMoreData: Uint8Array[] | undefined = undefined;
  inEnd = false;
  inTrailers: HeaderFields | undefined = undefined;
  failure: ExchangeFailure | undefined = undefined;
  /** -1 when not announced. */
  contentLength = -1;
  bodyBytes = 0;

  // ── receive window and memory ──
  /** What the peer may still send. */
  receiveWindow: number;
  /** Credit owed to the peer, not sent yet. */
  dueBytes = 0;
  /** Received bytes (and the head) that count as held. */
  heldBytes = 0;
  /** Held bytes for which credit has been given ahead of their release. */
  grantedBytes = 0;

  // ── to send; taken by send-scheduler.ts ──
  isReady = false;
  /** May be negative (RFC 9113 §6.9.2). */
  sendWindow: number;
  outHead: OutgoingHeaders | undefined = undefined;
  outData: Uint8Array | undefined = undefined;
  outOffset = 0;
  outTrailers: OutgoingHeaders | undefined = undefined;
  /** END_STREAM is to be sent after all that stands above. */
  outEnd = false;
  outQueuedBytes = 0;
  /** Bytes sent since the last look for stalled streams, and how long it has been too few. */
  sentBytes = 0;
  stalledMs = 0;
  #outMoreData: Uint8Array[] = NOTHING;
  #wantsWritable = false;
  isWritableDue = false;

  constructor(id: number, host: StreamHost, state: StreamState) {
    this.id = id;
    this.host = host;
    this.state = state;
    this.receiveWindow = host.flow.streamWindowBytes;
    this.sendWindow = host.sender.initialWindow;
  }

  /** Hands the head to the reader, and learns who the reader is. */
  abstract deliverHead(): void;
  /** The stream is closed, and so is every duty to it. */
  protected abstract onClosed(): void;
  /** False while its HEADERS have not been written: RST_STREAM would be one on an idle stream (RFC 9113 §6.4). */
  protected abstract readonly isKnownToPeer: boolean;
  /** Our END_STREAM has been written while the peer's side is still open. */
  protected abstract onEndedFirst(): void;

  get peer(): ChannelPeer {
    return this.host.peer;
  }

  get hasOutput(): boolean {
    return this.outHead !== undefined || this.outData !== undefined || this.outEnd;
  }

  /** Reset by us: nobody here reads what may still come. */
  get isAbandoned(): boolean {
    return this.state.kind === 'closed' && this.state.cause === 'reset-by-us' && this.failure === undefined;
  }

  get hasMoreOutData(): boolean {
    return this.#outMoreData.length > 0;
  }

  // ── the exchange ──

  sendData(bytes: Uint8Array): boolean {
    if (hasSentEnd(this.state) || this.outEnd) return false;
    this.queueData(bytes);
    this.host.sender.submit(this);
    if (this.outQueuedBytes < SEND_QUEUE_BYTES) return true;
    this.#wantsWritable = true;
    return false;
  }

  sendEnd(trailers?: OutgoingHeaders): void {
    if (hasSentEnd(this.state) || this.outEnd) return;
    this.#wantsWritable = false;
    this.isWritableDue = false;
    this.outTrailers = trailers;
    this.outEnd = true;
    this.host.sender.submit(this);
  }

  reset(code: number): void {
    this.dropInput();
    this.failure = undefined;
    this.receiver = undefined;
    if (this.state.kind === 'closed') return this.releaseAll();
    this.state = sendReset(this.state);
    if (this.isKnownToPeer) this.host.sendReset(this.id, code);
    this.close();
  }

  grant(bytes: number): void {
    const ahead = Math.min(bytes, this.heldBytes - this.grantedBytes);
    if (ahead <= 0 || hasPeerEnded(this.state)) return;
    this.grantedBytes += ahead;
    this.dueBytes += ahead;
    this.sendCredit();
  }

  release(bytes: number): void {
    const released = Math.min(bytes, this.heldBytes);
    this.heldBytes -= released;
    this.host.flow.release(released);
    const alreadyGranted = Math.min(released, this.grantedBytes);
    this.grantedBytes -= alreadyGranted;
    if (hasPeerEnded(this.state)) return;
    this.dueBytes += released - alreadyGranted;
    this.sendCredit();
  }

  // ── for the connection ──

  /** RST_STREAM from the peer. */
  receiveReset(failure: ExchangeFailure): void {
    this.fail(failure);
  }

  /** The reader threw: nobody is left to read or answer. */
  onReaderThrew(): void {
    this.reset(ErrorCode.INTERNAL_ERROR);
  }

  /** The peer has reset the stream, or it was lost with the connection. */
  fail(failure: ExchangeFailure): void {
    if (this.state.kind === 'closed') return;
    this.state = failure.origin === 'peer' ? receiveReset(this.state) : sendReset(this.state);
    this.dropInput();
    this.failure = failure;
    this.host.queueDelivery(this);
    this.close();
  }

  /** Closes without telling the reader: he has, or will have, all there is. */
  protected closeQuietly(): void {
    if (this.state.kind === 'closed') return;
    this.state = receiveReset(this.state);
    this.close();
  }

  /** Resets the stream for an error of ours or the peer's; the reader is told. */
  failWithReset(code: number, message: string): void {
    if (this.state.kind === 'closed') return;
    if (this.isKnownToPeer) this.host.sendReset(this.id, code);
    this.fail({ origin: 'local', code, unprocessed: false, message });
  }

  retryCredit(): void {
    this.sendCredit();
  }

  /** Tops up the peer's window as far as memory allows. */
  sendCredit(): void {
    const flow = this.host.flow;
    const fullBytes = flow.streamWindowBytes;
    if (hasPeerEnded(this.state) || !isTopUpDue(this.dueBytes, fullBytes)) return;
    const target = flow.budget.isFavoured(this) ? fullBytes : flow.budget.scaleWindow(fullBytes);
    const credit = Math.min(this.dueBytes, target - this.receiveWindow);
    if (credit <= 0 || !isTopUpDue(credit, target)) {
      flow.budget.wait(this);
      return;
    }
    this.dueBytes -= credit;
    this.receiveWindow += credit;
    this.host.sendWindowUpdate(this.id, credit);
  }

  // ── for the scheduler ──

  onDataSent(bytes: number, pieceDone: boolean): void {
    this.outQueuedBytes -= bytes;
    this.sentBytes += bytes;
    this.outOffset += bytes;
    if (!pieceDone) return;
    this.outOffset = 0;
    this.outData = this.#outMoreData.length > 0 ? this.#outMoreData.shift() : undefined;
    if (this.#wantsWritable && this.outQueuedBytes < SEND_QUEUE_BYTES / 2) {
      this.#wantsWritable = false;
      this.isWritableDue = true;
      this.host.queueDelivery(this);
    }
  }

  onEndSent(): void {
    this.state = sendEndStream(this.state);
    if (this.state.kind === 'closed') this.close();
    else this.onEndedFirst();
  }

  // ── for the roles ──

  protected queueData(bytes: Uint8Array): void {
    this.outQueuedBytes += bytes.length;
    if (this.outData === undefined) this.outData = bytes;
    else if (this.#outMoreData === NOTHING) this.#outMoreData = [bytes];
    else this.#outMoreData.push(bytes);
  }

  /** Counts bytes as held until the stream ends or `release` says so. */
  hold(bytes: number): void {
    this.heldBytes += bytes;
    this.host.flow.hold(bytes);
  }

  /** The state is closed: frees what the stream holds. Events not delivered yet still are. */
  close(): void {
    const { flow, sender } = this.host;
    if (this.outHead !== undefined || this.outData !== undefined || this.outEnd) this.#dropOutput();
    if (sender.pending.size > 0) sender.remove(this);
    flow.budget.forget(this);
    if (this.inData === undefined && !this.inEnd && this.failure === undefined) this.releaseAll();
    this.host.onStreamClosed(this);
    this.onClosed();
  }

  /** No more is held once the reader has seen the end. */
  releaseAll(): void {
    if (this.heldBytes === 0) return;
    this.host.flow.release(this.heldBytes);
    this.heldBytes = 0;
    this.grantedBytes = 0;
  }

  /** What arrived and was not delivered is not wanted any more. */
  protected dropInput(): void {
    this.inData = undefined;
    this.inMoreData = undefined;
    this.inEnd = false;
    this.inTrailers = undefined;
    this.isWritableDue = false;
  }

  #dropOutput(): void {
    this.outHead = undefined;
    this.outData = undefined;
    this.#outMoreData = NOTHING;
    this.outTrailers = undefined;
    this.outEnd = false;
    this.outQueuedBytes = 0;
  }
}

/** Shared by all streams without queued pieces; never written to. */
const NOTHING: Uint8Array[] = [];
