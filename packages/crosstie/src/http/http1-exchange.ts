// SPDX-License-Identifier: Apache-2.0
// The exchange over HTTP/1.1: what handlers know from HTTP/2, given by an `Http1Call`. Credit becomes pausing and
// resuming the body (`Http1Body`), a reset becomes the end of the connection, trailers go where the client reads them.

import type { ChannelPeer } from '../core/index.ts';
import type {
  BodyReceiver,
  ExchangeFailure,
  ExchangeHandler,
  OutgoingHeaders,
  RequestHead,
  ServerExchange,
} from '../exchange/index.ts';
import { ErrorCode, type ReceiveBudget } from '../h2/index.ts';
import { Http1Body } from './http1-body.ts';
import type { Http1Call, Http1CallReceiver } from './http1-port.ts';
import {
  type HeadRefusal,
  type Http1RequestHead,
  isRefusal,
  parseRequestHead,
  parseTrailers,
} from './http1-request-head.ts';
import { type Http1ResponseHead, translateResponseHead, translateTrailers } from './http1-response-head.ts';

export interface Http1ExchangeOptions {
  readonly handler: ExchangeHandler;
  /** Shared by all connections of the process. */
  readonly budget: ReceiveBudget;
  readonly limits: {
    /** Header fields in a request, and again in its trailers. */
    readonly headerFields: number;
    /** Body bytes handed up and not released before reading pauses. */
    readonly streamWindowBytes: number;
  };
  /** The handler, or its receiver, threw; its exchange has been ended. */
  readonly onHandlerThrew: (error: unknown) => void;
}

const NO_FIELDS: readonly string[] = [];
const TEXT = new TextEncoder();

/**
 * Runs the handler for the call, or answers the call with a refusal. The platform then reports to what is returned;
 * undefined: nothing more is wanted of this call.
 */
export function openHttp1Exchange(call: Http1Call, options: Http1ExchangeOptions): Http1CallReceiver | undefined {
  const parsed = parseRequestHead(call, options.limits.headerFields);
  if (!isRefusal(parsed)) return new Http1Exchange(call, parsed, options).start();
  refuse(call, parsed);
  return undefined;
}

function refuse(call: Http1Call, { status, reason }: HeadRefusal): void {
  const body = TEXT.encode(`${reason}\n`);
  const length = String(body.length);
  call.sendHead(status, ['content-type', 'text/plain', 'content-length', length, 'connection', 'close']);
  call.sendEnd(call.method === 'HEAD' ? undefined : body, NO_FIELDS);
}

class Http1Exchange implements ServerExchange, Http1CallReceiver {
  readonly head: RequestHead;
  readonly #call: Http1Call;
  readonly #options: Http1ExchangeOptions;
  readonly #takesTrailers: boolean;
  readonly #body: Http1Body;
  #receiver: BodyReceiver | undefined;
  #response: 'due' | 'begun' | 'ended' = 'due';
  /** HEAD, 204 and 304: the answer ends with its head (RFC 9110 §6.4.1). */
  #isBodyForbidden = false;
  /** Bytes that the announced content-length still wants. */
  #lengthLeft: number | undefined;
  #isOver = false;

  constructor(call: Http1Call, request: Http1RequestHead, options: Http1ExchangeOptions) {
    this.head = request.head;
    this.#call = call;
    this.#options = options;
    this.#takesTrailers = request.takesTrailers;
    this.#body = new Http1Body(call, options.limits.streamWindowBytes, {
      budget: options.budget,
      onEvicted: (reason) => this.#failLocally(ErrorCode.ENHANCE_YOUR_CALM, reason),
    });
  }

  get peer(): ChannelPeer {
    return this.#call.peer;
  }

  start(): this {
    try {
      const receiver = this.#options.handler(this);
      if (!this.#isOver) this.#receiver = receiver;
    } catch (error) {
      this.#onReaderThrew(error);
    }
    return this;
  }

  // ── from the platform ──────────────────────────────────────────────────────────────────────────────────────────────

  onData(bytes: Uint8Array): void {
    if (this.#receiver === undefined) return;
    this.#body.receive(bytes.length);
    try {
      this.#receiver?.onData(bytes);
    } catch (error) {
      this.#onReaderThrew(error);
    }
  }

  onEnd(rawTrailers: readonly string[]): void {
    if (this.#receiver === undefined) return;
    if (rawTrailers.length > this.#options.limits.headerFields * 2) {
      this.#failLocally(ErrorCode.ENHANCE_YOUR_CALM, 'too_many_header_fields');
      return;
    }
    try {
      this.#receiver.onEnd(parseTrailers(rawTrailers));
    } catch (error) {
      this.#onReaderThrew(error);
    }
  }

  onWritable(): void {
    if (this.#isOver) return;
    try {
      this.#receiver?.onWritable();
    } catch (error) {
      this.#onReaderThrew(error);
    }
  }

  onClose(): void {
    const message = 'the client closed the connection';
    this.#fail({ origin: 'peer', code: ErrorCode.CANCEL, unprocessed: false, message });
  }

  // ── from the handler ───────────────────────────────────────────────────────────────────────────────────────────────

  reply(head: OutgoingHeaders, body?: Uint8Array, trailers?: OutgoingHeaders): void {
    if (this.#isOver || this.#response !== 'due') return;
    const answer = translateResponseHead(head);
    this.#begin(answer);
    const sent = body === undefined ? 0 : body.length;
    const tail = this.#trailerFields(trailers);
    // Trailers need the chunked coding (RFC 9112 §7.1.2), which excludes a content-length. An answer to HEAD may name
    // the length its GET would have had.
    if (tail.length > 0) this.#call.sendHead(answer.status, answer.fields);
    else this.#sendHeadWithLength(answer, this.#isBodyForbidden ? (answer.contentLength ?? sent) : sent);
    this.#call.sendEnd(this.#isBodyForbidden ? undefined : body, tail);
    this.#endResponse();
  }

  sendInformation(head: OutgoingHeaders): void {
    if (this.#isOver || this.#response !== 'due') return;
    const { status, fields } = translateResponseHead(head);
    this.#call.sendInformation(status, fields);
  }

  sendHead(head: OutgoingHeaders): void {
    if (this.#isOver || this.#response !== 'due') return;
    const answer = translateResponseHead(head);
    this.#begin(answer);
    this.#lengthLeft = this.#isBodyForbidden ? undefined : answer.contentLength;
    if (answer.contentLength === undefined) this.#call.sendHead(answer.status, answer.fields);
    else this.#sendHeadWithLength(answer, answer.contentLength);
  }

  sendData(bytes: Uint8Array): boolean {
    if (this.#isOver) return false;
    if (this.#response === 'due') throw new Error('sendData before sendHead: send the head of the response first');
    if (this.#isBodyForbidden || bytes.length === 0) return true;
    if (this.#lengthLeft !== undefined) {
      this.#lengthLeft -= bytes.length;
      // RFC 9112 §6.3: the client would read what is beyond the announced length as the next response.
      if (this.#lengthLeft < 0) {
        this.reset(ErrorCode.INTERNAL_ERROR);
        return false;
      }
    }
    return this.#call.sendData(bytes);
  }

  sendEnd(trailers?: OutgoingHeaders): void {
    if (this.#isOver) return;
    if (this.#response === 'due') throw new Error('sendEnd before sendHead: send the head of the response first');
    // Too few bytes: only the end of the connection tells the client that the body is incomplete (RFC 9112 §6.3).
    if (this.#lengthLeft !== undefined && this.#lengthLeft > 0) {
      this.reset(ErrorCode.INTERNAL_ERROR);
      return;
    }
    this.#call.sendEnd(undefined, this.#lengthLeft === undefined ? this.#trailerFields(trailers) : NO_FIELDS);
    this.#endResponse();
  }

  reset(_code: number): void {
    if (this.#isOver) return;
    this.#finish();
    this.#call.destroy();
  }

  grant(bytes: number): void {
    this.#body.grant(bytes);
  }

  release(bytes: number): void {
    this.#body.release(bytes);
  }

  // ── inside ─────────────────────────────────────────────────────────────────────────────────────────────────────────

  #begin(answer: Http1ResponseHead): void {
    this.#response = 'begun';
    this.#isBodyForbidden = this.head.method === 'HEAD' || answer.status === 204 || answer.status === 304;
  }

  #sendHeadWithLength(answer: Http1ResponseHead, length: number): void {
    // RFC 9110 §8.6: no content-length with 204; with 304 only the one a 200 would have had.
    const hasNone = answer.status === 204 || (answer.status === 304 && answer.contentLength === undefined);
    const fields = hasNone ? answer.fields : [...answer.fields, 'content-length', String(length)];
    this.#call.sendHead(answer.status, fields);
  }

  #trailerFields(trailers: OutgoingHeaders | undefined): readonly string[] {
    if (trailers === undefined || !this.#takesTrailers || this.#isBodyForbidden) return NO_FIELDS;
    return translateTrailers(trailers);
  }

  /** As over HTTP/2, where a complete answer resets the rest of the request: the receiver hears nothing more of it. */
  #endResponse(): void {
    this.#response = 'ended';
    this.#finish();
  }

  /** The reader threw: nobody is left to read or answer. */
  #onReaderThrew(error: unknown): void {
    this.reset(ErrorCode.INTERNAL_ERROR);
    this.#options.onHandlerThrew(error);
  }

  #failLocally(code: number, message: string): void {
    if (this.#isOver) return;
    this.#call.destroy();
    this.#fail({ origin: 'local', code, unprocessed: false, message });
  }

  #fail(failure: ExchangeFailure): void {
    if (this.#isOver) return;
    const receiver = this.#receiver;
    this.#finish();
    try {
      // Over HTTP/2 a promise keeps the concurrency slot; here there is none, but its rejection is ours to report.
      const work = receiver?.onFailure(failure) as Promise<unknown> | undefined;
      work?.catch(this.#options.onHandlerThrew);
    } catch (error) {
      this.#options.onHandlerThrew(error);
    }
  }

  #finish(): void {
    this.#isOver = true;
    this.#receiver = undefined;
    this.#body.close();
  }
}
