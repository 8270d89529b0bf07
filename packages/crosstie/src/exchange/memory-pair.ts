// SPDX-License-Identifier: Apache-2.0
// A client and a handler in one process, without a socket and without HTTP: the third implementation of the waist, for
// tests of everything above it. It keeps the contract of `exchange.ts` to the letter (delivered bytes are overwritten
// afterwards, windows are enforced, misuse throws), so that what works here works over the network.

import type { ChannelPeer } from '../core/index.ts';
import type {
  Exchange,
  ExchangeClient,
  ExchangeFailure,
  ExchangeHandler,
  RequestHead,
  ResponseHead,
  ResponseReceiver,
  ServerExchange,
} from './exchange.ts';
import { HeaderFields } from './header-fields.ts';
import { MemoryBody } from './memory-body.ts';
import type { OutgoingHeaders } from './outgoing-headers.ts';

export interface MemoryPairOptions {
  /** What each side may hold of the other's body. Default 1 MiB, as an HTTP/2 stream of ours. */
  readonly windowBytes?: number;
  /** Largest piece handed to `onData`. Default 16,384, as the DATA frames of HTTP/2; 1 shows every boundary. */
  readonly pieceBytes?: number;
  /** What `peer` says at both ends. */
  readonly peer?: ChannelPeer;
}

interface ResolvedOptions {
  readonly windowBytes: number;
  readonly pieceBytes: number;
  readonly peer: ChannelPeer;
}

/** HTTP/2 error codes (RFC 9113 §7). */
const INTERNAL_ERROR = 2;
const REFUSED_STREAM = 7;
const CANCEL = 8;

/** An `ExchangeClient` whose requests reach `handler` in this process. */
export class MemoryPair implements ExchangeClient {
  readonly #handler: ExchangeHandler;
  readonly #options: ResolvedOptions;
  readonly #calls = new Set<MemoryCall>();
  #isClosed = false;

  constructor(handler: ExchangeHandler, options: MemoryPairOptions = {}) {
    this.#handler = handler;
    this.#options = {
      windowBytes: options.windowBytes ?? 1_048_576,
      pieceBytes: options.pieceBytes ?? 16_384,
      peer: options.peer ?? { address: 'memory', port: 0 },
    };
  }

  /** Exchanges that have not ended on both sides. Zero after a test, or something leaks. */
  get openCount(): number {
    return this.#calls.size;
  }

  request(head: OutgoingHeaders, body: Uint8Array | undefined, receiver: ResponseReceiver): Exchange {
    const exchange = this.open(head, receiver);
    if (body !== undefined) exchange.sendData(body);
    exchange.sendEnd();
    return exchange;
  }

  open(head: OutgoingHeaders, receiver: ResponseReceiver): Exchange {
    const request = parseRequestHead(head);
    const call = new MemoryCall(this.#options, receiver, () => this.#calls.delete(call));
    this.#calls.add(call);
    if (this.#isClosed) call.lose('the connection is closed');
    else call.start(request, this.#handler);
    return call.client;
  }

  /** Loses the connection: every open exchange fails on both sides, later ones at once. */
  close(): void {
    this.#isClosed = true;
    for (const call of this.#calls) call.lose('the connection was lost');
  }
}

/** One request and its response: two bodies, crossed. */
class MemoryCall {
  readonly client: ClientEnd;
  readonly request: MemoryBody;
  readonly response: MemoryBody;
  readonly options: ResolvedOptions;
  /** The handler has been called: from then on the request counts as processed. */
  #hasStarted = false;

  constructor(options: ResolvedOptions, receiver: ResponseReceiver, onClosed: () => void) {
    this.options = options;
    const shared = {
      windowBytes: options.windowBytes,
      pieceBytes: options.pieceBytes,
      onOver: () => {
        if (this.request.isOver && this.response.isOver) onClosed();
      },
    };
    this.request = new MemoryBody({
      ...shared,
      onDrained: () => this.response.receiver?.onWritable(),
      onThrown: (error) => this.failServer(error),
    });
    this.response = new MemoryBody({
      ...shared,
      onDrained: () => this.request.receiver?.onWritable(),
      onThrown: (error) => this.failClient(error),
    });
    this.response.receiver = receiver;
    this.client = new ClientEnd(this, this.request, this.response);
  }

  start(head: RequestHead, handler: ExchangeHandler): void {
    this.request.sendCall(() => {
      this.#hasStarted = true;
      const server = new ServerEnd(this, head);
      this.request.receiver = handler(server);
    });
  }

  /** The client gives up. A request whose handler was not called never happened. */
  resetByClient(code: number): void {
    this.#failHandler(failureOf('peer', code, false, `the client reset the exchange with code ${code}`));
    this.response.fail(undefined);
  }

  /** The handler is told while it reads the request, and also later, while it answers. */
  #failHandler(failure: ExchangeFailure): void {
    if (this.request.isOver && !this.response.isEnded) this.request.failReader(failure);
    else this.request.fail(failure);
  }

  resetByServer(code: number, reason = ''): void {
    this.request.fail(undefined);
    // RFC 9113 §8.7: REFUSED_STREAM says that no processing has occurred.
    const unprocessed = code === REFUSED_STREAM;
    this.response.fail(
      failureOf('peer', code, unprocessed, `the server reset the exchange with code ${code}${reason}`),
    );
  }

  failServer(error: unknown): void {
    this.resetByServer(INTERNAL_ERROR, `: ${String(error)}`);
  }

  failClient(error: unknown): void {
    this.#failHandler(failureOf('peer', CANCEL, false, `the client failed: ${String(error)}`));
    this.response.fail(undefined);
  }

  lose(message: string): void {
    this.#failHandler(failureOf('transport', CANCEL, false, message));
    this.response.fail(failureOf('transport', CANCEL, !this.#hasStarted, message));
  }
}

/** What both ends do alike. */
abstract class MemoryEnd implements Exchange {
  readonly peer: ChannelPeer;
  protected readonly call: MemoryCall;
  protected readonly out: MemoryBody;
  readonly #in: MemoryBody;

  constructor(call: MemoryCall, out: MemoryBody, input: MemoryBody) {
    this.peer = call.options.peer;
    this.call = call;
    this.out = out;
    this.#in = input;
  }

  abstract reset(code: number): void;

  sendData(bytes: Uint8Array): boolean {
    return this.out.sendData(bytes);
  }

  sendEnd(trailers?: OutgoingHeaders): void {
    this.out.sendEnd(trailers === undefined ? undefined : toFields(trailers));
  }

  grant(bytes: number): void {
    this.#in.grant(bytes);
  }

  release(bytes: number): void {
    this.#in.release(bytes);
  }
}

class ClientEnd extends MemoryEnd {
  override reset(code: number): void {
    this.call.resetByClient(code);
  }
}

class ServerEnd extends MemoryEnd implements ServerExchange {
  readonly head: RequestHead;
  #isHeadSent = false;

  constructor(call: MemoryCall, head: RequestHead) {
    super(call, call.response, call.request);
    this.head = head;
  }

  override reset(code: number): void {
    this.call.resetByServer(code);
  }

  sendInformation(head: OutgoingHeaders): void {
    if (this.out.isEnded) return;
    if (this.#isHeadSent) throw new Error('sendInformation after sendHead: 1xx responses come before the final one');
    const received = parseResponseHead(head);
    this.out.sendCall(() => this.#client.onInformation(received));
  }

  sendHead(head: OutgoingHeaders): void {
    if (this.out.isEnded) return;
    if (this.#isHeadSent) throw new Error('sendHead or reply was called twice: a response has one head');
    this.#isHeadSent = true;
    const received = parseResponseHead(head);
    this.out.sendCall(() => this.#client.onHead(received));
  }

  override sendData(bytes: Uint8Array): boolean {
    this.#ensureHead('sendData');
    return super.sendData(bytes);
  }

  override sendEnd(trailers?: OutgoingHeaders): void {
    this.#ensureHead('sendEnd');
    super.sendEnd(trailers);
  }

  reply(head: OutgoingHeaders, body?: Uint8Array, trailers?: OutgoingHeaders): void {
    if (this.out.isEnded) return;
    this.sendHead(head);
    if (body !== undefined) this.sendData(body);
    this.sendEnd(trailers);
  }

  get #client(): ResponseReceiver {
    return this.out.receiver as ResponseReceiver;
  }

  #ensureHead(call: string): void {
    if (!this.#isHeadSent && !this.out.isEnded)
      throw new Error(`${call} before sendHead: a response begins with its head`);
  }
}

function failureOf(
  origin: ExchangeFailure['origin'],
  code: number,
  unprocessed: boolean,
  message: string,
): ExchangeFailure {
  return { origin, code, unprocessed, message };
}

function parseRequestHead(head: OutgoingHeaders): RequestHead {
  const { pseudo, fields } = splitPseudo(head);
  const method = pseudo.get(':method');
  if (method === undefined) throw new TypeError('a request needs :method (RFC 9113 §8.3.1)');
  return {
    method,
    scheme: pseudo.get(':scheme') ?? '',
    authority: pseudo.get(':authority') ?? '',
    path: pseudo.get(':path') ?? '',
    fields,
  };
}

function parseResponseHead(head: OutgoingHeaders): ResponseHead {
  const { pseudo, fields } = splitPseudo(head);
  const status = pseudo.get(':status');
  if (status === undefined) throw new TypeError('a response needs :status (RFC 9113 §8.3.2)');
  return { status: Number(status), fields };
}

function toFields(trailers: OutgoingHeaders): HeaderFields {
  const { pseudo, fields } = splitPseudo(trailers);
  // RFC 9113 §8.1: trailers MUST NOT include pseudo-header fields.
  if (pseudo.size > 0)
    throw new TypeError(`trailers with ${[...pseudo.keys()].join(', ')}: pseudo-header fields belong in a head`);
  return fields;
}

function splitPseudo(head: OutgoingHeaders): { readonly pseudo: Map<string, string>; readonly fields: HeaderFields } {
  const pseudo = new Map<string, string>();
  const flat: string[] = [];
  for (const [name, value] of head) {
    if (name.startsWith(':')) pseudo.set(name, value);
    else flat.push(name, value);
  }
  return { pseudo, fields: new HeaderFields(flat, head.sensitive) };
}

/** The client of a pair whose other end is `handler`. */
export function createMemoryPair(handler: ExchangeHandler, options: MemoryPairOptions = {}): MemoryPair {
  return new MemoryPair(handler, options);
}
