// SPDX-License-Identifier: Apache-2.0
// Receivers that write down what they are told, for tests that ask afterwards.

import type { BodyReceiver, ExchangeFailure, HeaderFields, ResponseHead, ResponseReceiver } from '../exchange/index.ts';

/** A body as it arrived: copies, so that they can be kept. */
export class BodyRecorder implements BodyReceiver {
  readonly pieces: Buffer[] = [];
  trailers: HeaderFields | undefined = undefined;
  failure: ExchangeFailure | undefined = undefined;
  isEnded = false;
  writableCount = 0;

  /** The whole body, as bytes. */
  get body(): Buffer {
    return Buffer.concat(this.pieces);
  }

  /** The whole body, a character per byte. */
  get text(): string {
    return this.body.toString('latin1');
  }

  onData(bytes: Uint8Array): void {
    this.#ensureOpen('onData');
    this.pieces.push(Buffer.from(bytes));
  }

  onEnd(trailers: HeaderFields | undefined): void {
    this.#ensureOpen('onEnd');
    this.isEnded = true;
    this.trailers = trailers;
  }

  onFailure(failure: ExchangeFailure): void {
    // A request that has ended can still fail while it is being answered.
    if (this.failure !== undefined) throw new Error('onFailure after onFailure');
    this.failure = failure;
  }

  onWritable(): void {
    this.writableCount++;
  }

  /** The contract of BodyReceiver: nothing of the body follows its end or its failure. */
  #ensureOpen(call: string): void {
    if (this.isEnded) throw new Error(`${call} after onEnd`);
    if (this.failure !== undefined) throw new Error(`${call} after onFailure`);
  }
}

/** A response as it arrived. */
export class ResponseRecorder extends BodyRecorder implements ResponseReceiver {
  readonly information: ResponseHead[] = [];
  head: ResponseHead | undefined = undefined;

  onInformation(head: ResponseHead): void {
    if (this.head !== undefined) throw new Error('onInformation after onHead');
    this.information.push(head);
  }

  onHead(head: ResponseHead): void {
    if (this.head !== undefined) throw new Error('onHead twice');
    this.head = head;
  }

  override onData(bytes: Uint8Array): void {
    if (this.head === undefined) throw new Error('onData before onHead');
    super.onData(bytes);
  }
}
