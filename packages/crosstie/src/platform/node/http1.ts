// SPDX-License-Identifier: Apache-2.0
// The HTTP/1.1 port on `node:http`: parser, framing, pipelining and timeouts are Node's. The server below never listens;
// connections are injected by its documented 'connection' event once their first bytes have been seen.

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { ByteChannel, ChannelPeer } from '../../core/index.ts';
import { type Http1ExchangeOptions, type Http1Port, type Http1Timeouts, openHttp1Exchange } from '../../http/index.ts';
import { NodeHttp1Call } from './http1-call.ts';
import { SocketChannel } from './socket-channel.ts';

export interface NodeHttp1Options extends Http1ExchangeOptions {
  readonly limits: Http1ExchangeOptions['limits'] & {
    /** Request line and fields together; beyond, Node answers 431. */
    readonly headerListBytes: number;
  };
  readonly timeouts: Http1Timeouts;
}

/** How often Node looks for requests that take too long; the timeouts act up to so much later. Chosen by us. */
const TIMEOUT_CHECK_MS = 1_000;

const UNKNOWN_PEER: ChannelPeer = { address: '', port: 0 };

export class NodeHttp1Port implements Http1Port {
  readonly #server: Server;
  readonly #options: NodeHttp1Options;
  readonly #peers = new WeakMap<Socket, ChannelPeer>();
  #hasTimeouts = false;
  #isDraining = false;

  constructor(options: NodeHttp1Options) {
    this.#options = options;
    this.#server = createServer({
      maxHeaderSize: options.limits.headerListBytes,
      headersTimeout: options.timeouts.headersTimeoutMs,
      requestTimeout: options.timeouts.requestTimeoutMs,
      keepAliveTimeout: options.timeouts.keepAliveTimeoutMs,
      connectionsCheckingInterval: Math.min(TIMEOUT_CHECK_MS, options.timeouts.headersTimeoutMs),
    });
    // By default Node drops the fields beyond 1,000 without a word; the exchange counts them all and refuses (431).
    this.#server.maxHeadersCount = 0;
    this.#server.on('request', (request, response) => this.#receiveRequest(request, response));
    this.#server.on('checkContinue', (request, response) => this.#receiveExpectation(request, response));
  }

  accept(channel: ByteChannel, unread: Uint8Array): void {
    if (!(channel instanceof SocketChannel)) throw new TypeError('HTTP/1.1 needs a socket of Node');
    if (!this.#hasTimeouts) this.#startTimeouts();
    const socket = channel.detach(unread);
    this.#peers.set(socket, channel.peer);
    this.#server.emit('connection', socket);
    socket.resume();
  }

  drain(): void {
    this.#isDraining = true;
    // On a server that does not listen, `close` ends the idle connections and stops the timeouts; then it reports that
    // it was not listening, which is so.
    this.#server.close(() => {});
  }

  /**
   * Node starts the timer behind `headersTimeout` and `requestTimeout` when the server begins to listen, which this one
   * never does; without the event both options would be dead letters. A test holds this.
   */
  #startTimeouts(): void {
    this.#hasTimeouts = true;
    this.#server.emit('listening');
  }

  #receiveRequest(request: IncomingMessage, response: ServerResponse): void {
    const { socket } = request;
    const call = new NodeHttp1Call(request, response, {
      peer: this.#peers.get(socket) ?? UNKNOWN_PEER,
      isDraining: this.#readIsDraining,
    });
    const receiver = openHttp1Exchange(call, this.#options);
    if (receiver !== undefined) call.reportTo(receiver);
    response.on('close', this.#onResponseClosed);
  }

  /** `expect: 100-continue` (RFC 9110 §10.1.1): the handler first; if it has not answered yet it wants the body. */
  #receiveExpectation(request: IncomingMessage, response: ServerResponse): void {
    this.#receiveRequest(request, response);
    if (!response.headersSent) response.writeContinue();
  }

  readonly #readIsDraining = (): boolean => this.#isDraining;

  readonly #onResponseClosed = (): void => {
    // An answer whose head had left before the drain kept its connection; it is idle now.
    if (this.#isDraining) this.#server.closeIdleConnections();
  };
}
