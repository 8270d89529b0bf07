// SPDX-License-Identifier: Apache-2.0
// A stream as its client sees it: the caller's receiver is there from the beginning, the response head follows.

import type { ExchangeFailure, OutgoingHeaders, ResponseHead, ResponseReceiver } from '../../exchange/index.ts';
import type { ParsedResponse } from '../message/index.ts';
import { H2Stream, hasPeerEnded, OPEN, type StreamHost } from '../stream/index.ts';

export class ClientStream extends H2Stream {
  /** The answer to HEAD announces a length it does not have. */
  readonly #isHeadRequest: boolean;
  readonly #responseReceiver: ResponseReceiver;
  #inInformation: ResponseHead[] | undefined = undefined;
  #inHead: ResponseHead | undefined = undefined;
  override hasHead = false;
  informationHeads = 0;

  constructor(id: number, host: StreamHost, parts: { receiver: ResponseReceiver; isHeadRequest: boolean }) {
    super(id, host, OPEN);
    this.#responseReceiver = parts.receiver;
    this.receiver = parts.receiver;
    this.#isHeadRequest = parts.isHeadRequest;
  }

  /** Sends the head, with the whole body (or none) or with the promise of one. */
  begin(head: OutgoingHeaders, body: Uint8Array | undefined | 'follows'): void {
    this.outHead = head;
    if (body !== 'follows') {
      if (body !== undefined && body.length > 0) this.queueData(body);
      this.outEnd = true;
    }
    this.host.sender.submit(this);
  }

  receiveInformation(head: ResponseHead): void {
    this.informationHeads++;
    this.#inInformation ??= [];
    this.#inInformation.push(head);
  }

  receiveHead(response: ParsedResponse): void {
    this.hasHead = true;
    this.#inHead = response.head;
    // RFC 9113 §8.1.1: responses to HEAD and 304 may announce a length; they, and 204, have no content (RFC 9110 §6.4.1).
    const { status } = response.head;
    const hasNoContent = this.#isHeadRequest || status === 304 || status === 204;
    this.contentLength = hasNoContent ? 0 : response.contentLength;
  }

  deliverHead(): void {
    const receiver = this.#responseReceiver;
    if (this.#inInformation !== undefined) {
      const heads = this.#inInformation;
      this.#inInformation = undefined;
      for (const head of heads) receiver.onInformation(head);
    }
    if (this.#inHead === undefined) return;
    const head = this.#inHead;
    this.#inHead = undefined;
    receiver.onHead(head);
  }

  override receiveReset(failure: ExchangeFailure): void {
    // RFC 9113 §8.1: after a complete response RST_STREAM only says that the rest of the request is not wanted.
    if (hasPeerEnded(this.state)) this.closeQuietly();
    else this.fail(failure);
  }

  protected override dropInput(): void {
    super.dropInput();
    this.#inInformation = undefined;
    this.#inHead = undefined;
  }

  protected get isKnownToPeer(): boolean {
    return this.outHead === undefined;
  }

  protected onClosed(): void {
    this.host.onSlotFreed();
  }

  protected onEndedFirst(): void {}
}
