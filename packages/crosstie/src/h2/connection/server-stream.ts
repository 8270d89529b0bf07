// SPDX-License-Identifier: Apache-2.0
// A stream as its server sees it: the request head is there from the beginning, the handler answers.

import {
  type ExchangeHandler,
  type OutgoingHeaders,
  prepareHeaders,
  type RequestHead,
  type ServerExchange,
} from '../../exchange/index.ts';
import { ErrorCode } from '../frame/index.ts';
import type { ParsedRequest } from '../message/index.ts';
import { H2Stream, hasPeerEnded, hasSentEnd, type StreamHost, type StreamState } from '../stream/index.ts';

const CONTINUE = prepareHeaders([[':status', '100']]);

export class ServerStream extends H2Stream implements ServerExchange {
  readonly head: RequestHead;
  readonly #handler: ExchangeHandler;
  /** All slots are taken by handlers of streams that are closed: the handler is called when one has ended. */
  isHeldBack = false;
  #isDispatched = false;
  /** The handler has said its last word, or never began: only then is the slot free, however the stream ended. */
  #hasHandlerEnded = false;
  #isHeadSent = false;
  /** The handler has sent a 1xx of its own. */
  #isInformed = false;

  constructor(
    id: number,
    host: StreamHost,
    parts: { state: StreamState; request: ParsedRequest; handler: ExchangeHandler },
  ) {
    super(id, host, parts.state);
    this.head = parts.request.head;
    this.contentLength = parts.request.contentLength;
    this.#handler = parts.handler;
    this.hold(parts.request.listBytes);
  }

  // ── the exchange ──

  reply(head: OutgoingHeaders, body?: Uint8Array, trailers?: OutgoingHeaders): void {
    if (this.#isHeadSent || hasSentEnd(this.state)) {
      this.#endHandler();
      return;
    }
    this.#isHeadSent = true;
    this.outHead = head;
    if (body !== undefined && body.length > 0) this.queueData(body);
    this.outTrailers = trailers;
    this.outEnd = true;
    this.#hasHandlerEnded = true;
    this.host.sender.submit(this);
  }

  sendInformation(head: OutgoingHeaders): void {
    if (this.#isHeadSent || hasSentEnd(this.state)) return;
    this.#isInformed = true;
    this.host.sendHeadNow(this.id, head);
  }

  sendHead(head: OutgoingHeaders): void {
    if (this.#isHeadSent || hasSentEnd(this.state)) return;
    this.#isHeadSent = true;
    this.outHead = head;
    this.host.sender.submit(this);
  }

  override sendData(bytes: Uint8Array): boolean {
    if (hasSentEnd(this.state)) return false;
    if (!this.#isHeadSent) throw new Error('sendData before sendHead: send the head of the response first');
    return super.sendData(bytes);
  }

  override sendEnd(trailers?: OutgoingHeaders): void {
    if (!this.#isHeadSent && !hasSentEnd(this.state))
      throw new Error('sendEnd before sendHead: send the head of the response first');
    super.sendEnd(trailers);
    this.#endHandler();
  }

  override reset(code: number): void {
    this.#hasHandlerEnded ||= this.state.kind !== 'closed';
    super.reset(code);
    this.#endHandler();
  }

  // ── for the stream ──

  protected get isKnownToPeer(): boolean {
    return true;
  }

  deliverHead(): void {
    if (this.#isDispatched || this.isHeldBack) return;
    this.#isDispatched = true;
    if (this.state.kind === 'closed') {
      // Reset before its handler was ever called: there is nobody to tell.
      this.failure = undefined;
      this.releaseAll();
      return;
    }
    const receiver = this.#handler(this);
    // An early answer may have reset the rest of the request meanwhile.
    if (!this.isAbandoned) this.receiver = receiver;
    if (!hasPeerEnded(this.state) && this.inData === undefined) this.#continueRequest();
  }

  /**
   * RFC 9110 §10.1.1: to `expect: 100-continue` with content to follow, a server sends a final status or 100. The handler
   * was asked first; if it has not answered it wants the content.
   */
  #continueRequest(): void {
    if (this.#isHeadSent || this.#isInformed || this.head.fields.get('expect')?.toLowerCase() !== '100-continue')
      return;
    this.host.sendHeadNow(this.id, CONTINUE);
  }

  override onFailureSeen(work: Promise<unknown> | undefined): void {
    if (work === undefined) this.#endHandler();
    else
      work.then(
        () => this.#endHandler(),
        () => this.#endHandler(),
      );
  }

  override onReaderThrew(): void {
    if (this.state.kind === 'closed') this.#endHandler();
    else this.reset(ErrorCode.INTERNAL_ERROR);
  }

  protected onClosed(): void {
    // Held back until now, it has no slot to give.
    if (this.isHeldBack) return;
    if (!this.#isDispatched) this.#hasHandlerEnded = true;
    if (this.#hasHandlerEnded) this.host.onSlotFreed();
  }

  /** RFC 9113 §8.1: a complete response before the end of the request: RST_STREAM NO_ERROR asks to stop sending it. */
  protected onEndedFirst(): void {
    if (!hasPeerEnded(this.state)) super.reset(ErrorCode.NO_ERROR);
  }

  /** Both ends of the duty: whoever comes second frees the slot. */
  #endHandler(): void {
    if (this.#hasHandlerEnded) return;
    this.#hasHandlerEnded = true;
    if (this.state.kind === 'closed') this.host.onSlotFreed();
  }
}
