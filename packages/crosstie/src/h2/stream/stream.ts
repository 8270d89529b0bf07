// SPDX-License-Identifier: Apache-2.0
// One stream: the record that the receive side, the send side and the reader share, and the exchange that a protocol
// holds in its hand. One object per call; `receive.ts` and `send-scheduler.ts` move its bytes.

import type { ChannelPeer } from '../../core/index.ts';
import type { BodyReceiver, Exchange, ExchangeFailure, HeaderFields, OutgoingHeaders } from '../../exchange/index.ts';
import { ErrorCode } from '../frame/index.ts';
import type { StreamHost } from './host.ts';
import { MIN_CREDIT_BYTES } from './receive-budget.ts';
import { isTopUpDue } from './receive-flow.ts';
import type { StreamRecord } from './record.ts';
import { hasPeerEnded, hasSentEnd, receiveReset, type StreamState, sendEndStream, sendReset } from './state.ts';

/** What is written and unsent before `sendData` says stop. Chosen by us: four frames. */
const SEND_QUEUE_BYTES = 65_536;

export abstract class H2Stream implements Exchange, StreamRecord {
  readonly id: number;
  protected readonly host: StreamHost;
  state: StreamState;

  // The parts of the record, explained in record.ts.
  receiver: BodyReceiver | undefined = undefined;
  isQueued = false;
  inData: Uint8Array | undefined = undefined;
  inMoreData: Uint8Array[] | undefined = undefined;
  inEnd = false;
  inTrailers: HeaderFields | undefined = undefined;
  failure: ExchangeFailure | undefined = undefined;
  isWritableDue = false;
  hasHead = true;
  contentLength = -1;
  bodyBytes = 0;
  receiveWindow: number;
  dueBytes = 0;
  isPromised = false;
  isReady = false;
  sendWindow: number;
  outHead: OutgoingHeaders | undefined = undefined;
  outData: Uint8Array | undefined = undefined;
  outOffset = 0;
  outTrailers: OutgoingHeaders | undefined = undefined;
  outEnd = false;
  sentBytes = 0;
  stalledMs = 0;
  /** Pieces after `outData`, in order. */
  #outMoreData: Uint8Array[] = NOTHING;
  #outQueuedBytes = 0;
  /** `sendData` has returned false, and nobody has been told since. */
  #wantsWritable = false;
  /** Received bytes (and the head) that count as held. */
  #heldBytes = 0;
  /** Held bytes for which credit has been given ahead of their release. */
  #grantedBytes = 0;

  constructor(id: number, host: StreamHost, state: StreamState) {
    this.id = id;
    this.host = host;
    this.state = state;
    this.receiveWindow = host.flow.streamWindowBytes;
    this.sendWindow = host.sender.initialWindow;
  }

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
    if (this.#outQueuedBytes < SEND_QUEUE_BYTES) return true;
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
    if (this.state.kind === 'closed') {
      this.releaseAll();
      return;
    }
    this.state = sendReset(this.state);
    if (this.isKnownToPeer) this.host.sendReset(this.id, code);
    this.close();
  }

  grant(bytes: number): void {
    const ahead = Math.min(bytes, this.#heldBytes - this.#grantedBytes);
    if (ahead <= 0 || hasPeerEnded(this.state)) return;
    this.#grantedBytes += ahead;
    this.dueBytes += ahead;
    this.sendCredit();
  }

  release(bytes: number): void {
    const released = Math.min(bytes, this.#heldBytes);
    this.#heldBytes -= released;
    this.host.flow.release(released);
    const alreadyGranted = Math.min(released, this.#grantedBytes);
    this.#grantedBytes -= alreadyGranted;
    if (hasPeerEnded(this.state)) return;
    this.dueBytes += released - alreadyGranted;
    this.sendCredit();
  }

  // ── for the connection ──

  receiveReset(failure: ExchangeFailure): void {
    this.fail(failure);
  }

  onReaderThrew(): void {
    this.reset(ErrorCode.INTERNAL_ERROR);
  }

  /** The peer has reset the stream, or it was lost with the connection. */
  fail(failure: ExchangeFailure): void {
    if (this.state.kind === 'closed') return;
    this.state = failure.origin === 'peer' ? receiveReset(this.state) : sendReset(this.state);
    this.dropInput();
    this.releaseAll();
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

  get flow(): object {
    return this.host.flow;
  }

  retryCredit(): void {
    this.host.sendConnectionCredit();
    this.sendCredit();
  }

  onFailureSeen(_work: Promise<unknown> | undefined): void {}

  sendCredit(): void {
    const { flow } = this.host;
    if (hasPeerEnded(this.state) || !isTopUpDue(this.dueBytes, flow.streamWindowBytes)) return;
    const credit = flow.budget.creditFor(this, flow.streamTarget);
    if (credit <= 0) {
      // With less than a frame left many a peer waits already.
      if (this.receiveWindow < MIN_CREDIT_BYTES) flow.budget.wait(this);
      return;
    }
    this.dueBytes -= credit;
    this.receiveWindow += credit;
    if (this.isPromised) flow.budget.promise(credit);
    this.host.sendWindowUpdate(this.id, credit);
  }

  beginPromise(): void {
    this.isPromised = true;
    this.host.flow.budget.promise(this.receiveWindow);
  }

  keepPromise(bytes: number): void {
    this.host.flow.budget.promise(-bytes);
  }

  endPromise(): void {
    const { budget } = this.host.flow;
    budget.forget(this);
    if (!this.isPromised) return;
    this.isPromised = false;
    budget.promise(-this.receiveWindow);
  }

  evict(reason: string): void {
    this.host.evict(reason);
  }

  // ── for the scheduler ──

  onDataSent(bytes: number, pieceDone: boolean): void {
    this.#outQueuedBytes -= bytes;
    this.sentBytes += bytes;
    this.outOffset += bytes;
    if (pieceDone) {
      this.outOffset = 0;
      this.outData = this.#outMoreData.length > 0 ? this.#outMoreData.shift() : undefined;
    }
    if (!this.#wantsWritable || this.#outQueuedBytes >= SEND_QUEUE_BYTES / 2) return;
    this.#wantsWritable = false;
    this.isWritableDue = true;
    this.host.sender.noteRoom(this);
  }

  onEndSent(): void {
    // Inside its handler's own call the receiver is not known yet.
    if (this.receiver === undefined || this.receiver.onSent !== undefined) {
      this.host.sender.onReleased(() => this.receiver?.onSent?.());
    }
    this.state = sendEndStream(this.state);
    if (this.state.kind === 'closed') this.close();
    else this.onEndedFirst();
  }

  // ── for the roles ──

  protected queueData(bytes: Uint8Array): void {
    this.#outQueuedBytes += bytes.length;
    if (this.outData === undefined) this.outData = bytes;
    else if (this.#outMoreData === NOTHING) this.#outMoreData = [bytes];
    else this.#outMoreData.push(bytes);
  }

  hold(bytes: number): void {
    this.#heldBytes += bytes;
    this.host.flow.hold(bytes);
  }

  close(): void {
    const { sender } = this.host;
    if (this.outHead !== undefined || this.outData !== undefined || this.outEnd) this.#dropOutput();
    sender.remove(this);
    this.endPromise();
    if (this.inData === undefined && !this.inEnd && this.failure === undefined) this.releaseAll();
    this.host.onStreamClosed(this);
    this.onClosed();
  }

  releaseAll(): void {
    if (this.#heldBytes === 0) return;
    this.host.flow.release(this.#heldBytes);
    this.#heldBytes = 0;
    this.#grantedBytes = 0;
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
    this.#outQueuedBytes = 0;
  }
}

/** Shared by all streams without queued pieces; never written to. */
const NOTHING: Uint8Array[] = [];
