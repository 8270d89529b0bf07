// SPDX-License-Identifier: Apache-2.0
// One request of `node:http` and its response, as the HTTP/1.1 port wants them.

import type { IncomingMessage, ServerResponse } from 'node:http';
import { TLSSocket } from 'node:tls';
import type { ChannelPeer } from '../../core/index.ts';
import type { Http1Call, Http1CallReceiver } from '../../http/index.ts';

const CONTINUE = 100;
const PROCESSING = 102;
const EARLY_HINTS = 103;

const NO_TRAILERS: readonly string[] = [];

export class NodeHttp1Call implements Http1Call {
  readonly peer: ChannelPeer;
  readonly #request: IncomingMessage;
  readonly #response: ServerResponse;
  readonly #isDraining: () => boolean;

  constructor(
    request: IncomingMessage,
    response: ServerResponse,
    { peer, isDraining }: { peer: ChannelPeer; isDraining: () => boolean },
  ) {
    this.#request = request;
    this.#response = response;
    this.peer = peer;
    this.#isDraining = isDraining;
  }

  get isSecure(): boolean {
    return this.#request.socket instanceof TLSSocket;
  }

  get method(): string {
    return this.#request.method ?? '';
  }

  get target(): string {
    return this.#request.url ?? '';
  }

  get rawFields(): readonly string[] {
    return this.#request.rawHeaders;
  }

  reportTo(receiver: Http1CallReceiver): void {
    const request = this.#request;
    this.#response.on('close', () => receiver.onClose()).on('drain', () => receiver.onWritable());
    if (!hasBody(request.rawHeaders)) {
      // Node would report the end one turn later, through a stream that was never needed.
      receiver.onEnd(NO_TRAILERS);
      return;
    }
    request.on('data', (bytes: Buffer) => receiver.onData(bytes));
    request.on('end', () => receiver.onEnd(request.rawTrailers));
    // "aborted": the response's 'close' says the same. Without a listener it would end the process.
    request.on('error', () => {});
  }

  pauseBody(): void {
    this.#request.pause();
  }

  resumeBody(): void {
    this.#request.resume();
  }

  sendInformation(status: number, fields: readonly string[]): void {
    const response = this.#response;
    if (status === CONTINUE) response.writeContinue();
    else if (status === PROCESSING) response.writeProcessing();
    else if (status === EARLY_HINTS) response.writeEarlyHints(earlyHints(fields));
    // Node can write no other; RFC 9110 §15.2 lets any 1xx be left out.
  }

  sendHead(status: number, fields: readonly string[]): void {
    // §9.6 of RFC 9112: a server that will not take another request says so in its last answer.
    this.#response.writeHead(status, this.#isDraining() ? [...fields, 'connection', 'close'] : (fields as string[]));
    process.nextTick(flushHead, this.#response);
  }

  sendData(bytes: Uint8Array): boolean {
    return this.#response.write(bytes);
  }

  sendEnd(body: Uint8Array | undefined, trailers: readonly string[]): void {
    const response = this.#response;
    if (trailers.length > 0) {
      // Node forgets trailers when the body is not chunked, and a body known at once is not.
      if (body !== undefined) response.write(body);
      else response.flushHeaders();
      response.addTrailers(pairs(trailers));
      response.end();
    } else if (body === undefined || body.length === 0) response.end();
    else response.end(body);
  }

  destroy(): void {
    this.#request.socket.destroy();
  }
}

/** A head without a body yet leaves at the end of the turn; one with data has left by then. */
function flushHead(response: ServerResponse): void {
  if (!response.writableEnded) response.flushHeaders();
}

/** RFC 9112 §6.3: without either field a request has no body. */
function hasBody(rawFields: readonly string[]): boolean {
  for (let i = 0; i < rawFields.length; i += 2) {
    const name = rawFields[i];
    if (name.length === 14 && name.toLowerCase() === 'content-length') return rawFields[i + 1] !== '0';
    if (name.length === 17 && name.toLowerCase() === 'transfer-encoding') return true;
  }
  return false;
}

function pairs(flat: readonly string[]): [string, string][] {
  const result: [string, string][] = [];
  for (let i = 0; i < flat.length; i += 2) result.push([flat[i], flat[i + 1]]);
  return result;
}

function earlyHints(fields: readonly string[]): Record<string, string | string[]> {
  const hints: Record<string, string | string[]> = { link: [] };
  for (let i = 0; i < fields.length; i += 2) {
    const before = hints[fields[i]];
    hints[fields[i]] = before === undefined ? fields[i + 1] : [before, fields[i + 1]].flat();
  }
  return hints;
}
