// SPDX-License-Identifier: Apache-2.0
// Crosstie as client: its HTTP/2 connection with default options, below any RPC layer, as the raw `http2` peer is.

import {
  BytesPool,
  connect,
  type Exchange,
  type ExchangeFailure,
  type HeaderFields,
  prepareHeaders,
  type ResponseHead,
  type ResponseReceiver,
} from 'crosstie/engine';
import { ECHO_PATH } from '../envelope.ts';
import type { CallDone, EchoClient } from './echo-client.ts';

export async function connectEchoClient(port: number, envelope: Buffer): Promise<EchoClient> {
  const connection = await connect(`http://127.0.0.1:${port}`);
  const head = prepareHeaders([
    [':method', 'POST'],
    [':scheme', 'http'],
    [':authority', `127.0.0.1:${port}`],
    [':path', ECHO_PATH],
    ['content-type', 'application/grpc'],
    ['te', 'trailers'],
  ]);
  return {
    expected: envelope,
    call: (done) => {
      const receiver = new AnswerReceiver(envelope.length, done);
      receiver.exchange = connection.request(head, envelope, receiver);
    },
    close: () => connection.close(),
  };
}

/** Large answers are put together in buffers that are used again, as the library offers. */
const POOL = new BytesPool();
const POOLED_FROM_BYTES = 65_536;

/** Puts one answer together. Bytes are valid during `onData` only, so they are copied, as any caller must who waits for the status. */
class AnswerReceiver implements ResponseReceiver {
  exchange: Exchange | undefined;
  readonly #buffer: Uint8Array;
  readonly #answer: Buffer;
  readonly #done: CallDone;
  #received = 0;

  constructor(answerBytes: number, done: CallDone) {
    this.#buffer = answerBytes < POOLED_FROM_BYTES ? Buffer.allocUnsafe(answerBytes) : POOL.borrow(answerBytes);
    this.#answer = Buffer.from(this.#buffer.buffer, this.#buffer.byteOffset, answerBytes);
    this.#done = done;
  }

  onInformation(): void {}

  onHead(head: ResponseHead): void {
    if (head.status !== 200) this.#done(new Error(`:status ${head.status}`));
  }

  onData(bytes: Uint8Array): void {
    // A longer answer is cut here and found by its length.
    this.#answer.set(bytes.subarray(0, this.#answer.length - this.#received), this.#received);
    this.#received += bytes.length;
    this.exchange?.release(bytes.length);
  }

  onEnd(trailers: HeaderFields | undefined): void {
    const status = trailers?.get('grpc-status');
    if (status !== '0') this.#done(new Error(`grpc-status ${status}`));
    else if (this.#received !== this.#answer.length) this.#done(new Error(`an answer of ${this.#received} bytes`));
    else this.#done(this.#answer);
    // The loop has compared it by now.
    if (this.#buffer.length >= POOLED_FROM_BYTES) POOL.giveBack(this.#buffer);
  }

  onFailure(failure: ExchangeFailure): void {
    this.#done(new Error(failure.message));
  }

  onWritable(): void {}
}
