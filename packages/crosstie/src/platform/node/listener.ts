// SPDX-License-Identifier: Apache-2.0
// Accepts connections: TCP, unix sockets, TLS. Each gets its error listener in the turn it is born, is counted against
// the limits before anything is spent on it, and goes up as a channel when it can carry bytes.

import { constants } from 'node:crypto';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer, type TLSSocket, type Server as TlsServer } from 'node:tls';
import type { ChannelPeer } from '../../core/index.ts';
import { type BindAddress, bind } from './bind.ts';
import { ConnectionCount, type ConnectionLimits } from './connection-count.ts';
import { SocketChannel, socketPeer } from './socket-channel.ts';
import { type TlsPem, tlsContextOptions } from './tls-files.ts';

export interface ListenerTls extends TlsPem {
  /**
   * `none`: clients are not asked. `optional`: one that shows a certificate must show a valid one. `required`: the
   * handshake fails without.
   */
  readonly clientCertificates: 'none' | 'optional' | 'required';
}

/** Why a connection never became a channel. */
export type ConnectionRefusal =
  | keyof ConnectionLimits
  | 'accept_failed'
  | 'client_certificate'
  | 'tls_handshake'
  | 'tls_handshake_timeout';

/** Who serves a channel. */
export interface Served {
  /** Lets what was begun be finished, for so long at most. */
  drain(graceMs: number): void;
}

export interface ListenerOptions<S extends Served> {
  readonly address: BindAddress;
  readonly tls: ListenerTls | undefined;
  readonly limits: ConnectionLimits;
  /** From accept to the end of the TLS handshake. */
  readonly handshakeTimeoutMs: number;
  /** Called in the turn the channel was made, and opens it. */
  readonly onChannel: (channel: SocketChannel) => S;
  readonly onRefused: (reason: ConnectionRefusal, message: string, peerAddress: string) => void;
}

/** RFC 9113 §9.2: no renegotiation (§9.2.1 for TLS 1.2; TLS 1.3 has none). */
const SECURE_OPTIONS = constants.SSL_OP_NO_RENEGOTIATION | constants.SSL_OP_NO_COMPRESSION;

export class Listener<S extends Served> {
  readonly #options: ListenerOptions<S>;
  readonly #count: ConnectionCount;
  readonly #sockets = new Set<Socket>();
  readonly #served = new Set<S>();
  readonly #server: Server;
  readonly #tlsServer: TlsServer | undefined;
  #onEmpty: (() => void)[] = [];
  #isStopped = false;

  constructor(options: ListenerOptions<S>) {
    this.#options = options;
    this.#count = new ConnectionCount(options.limits);
    // Half open: the peer's FIN says that it will send no more, not that it does not want the answer.
    this.#server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => this.#accept(socket));
    if (options.tls !== undefined) this.#tlsServer = this.#createTlsServer(options.tls);
  }

  get openConnections(): number {
    return this.#count.open;
  }

  /** Connections that carry bytes: TLS handshakes that go on are not among them. */
  get served(): Iterable<S> {
    return this.#served;
  }

  /** Resolves when connections are accepted; rejects with a SetupError. Returns the port, 0 for a unix socket. */
  async start(): Promise<number> {
    await bind(this.#server, this.#options.address);
    // From here on: too many open files, and what else the kernel reports on accept. The next one may succeed.
    this.#server.on('error', (error) => this.#options.onRefused('accept_failed', error.message, ''));
    const bound = this.#server.address();
    return bound === null || typeof bound === 'string' ? 0 : (bound as AddressInfo).port;
  }

  /** Accepts no more, drains what is served, ends what is not there yet. */
  stop(graceMs: number): void {
    if (this.#isStopped) return;
    this.#isStopped = true;
    this.#server.close();
    for (const served of this.#served) served.drain(graceMs);
  }

  /** Ends every connection at once. */
  destroyAll(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  /** Resolves when the last connection is gone. */
  whenEmpty(): Promise<void> {
    if (this.#sockets.size === 0) return Promise.resolve();
    return new Promise((resolve) => this.#onEmpty.push(resolve));
  }

  #accept(socket: Socket): void {
    socket.on('error', ignoreError);
    const address = this.#options.address.kind === 'unix' ? this.#options.address.path : (socket.remoteAddress ?? '');
    const limit = this.#count.enter(address);
    if (limit !== undefined) {
      socket.destroy();
      this.#options.onRefused(limit, this.#describeLimit(limit), address);
      return;
    }
    this.#sockets.add(socket);
    socket.once('close', () => this.#forget(socket, address));
    if (this.#tlsServer !== undefined) this.#tlsServer.emit('connection', socket);
    else this.#serve(socket, { address, port: socket.remotePort ?? 0 });
  }

  #serve(socket: Socket, peer: ChannelPeer): void {
    // A TLS handshake that was going on when the listener stopped.
    if (this.#isStopped) {
      socket.destroy();
      return;
    }
    const served = this.#options.onChannel(new SocketChannel(socket, peer));
    this.#served.add(served);
    socket.once('close', () => this.#served.delete(served));
  }

  #forget(socket: Socket, address: string): void {
    this.#sockets.delete(socket);
    this.#count.leave(address);
    if (this.#sockets.size === 0) for (const resolve of this.#onEmpty.splice(0)) resolve();
  }

  #createTlsServer(tls: ListenerTls): TlsServer {
    const server = createTlsServer({
      ...tlsContextOptions(tls),
      // Without a common protocol OpenSSL answers with the alert no_application_protocol (RFC 7301 §3.2).
      ALPNProtocols: ['h2', 'http/1.1'],
      secureOptions: SECURE_OPTIONS,
      handshakeTimeout: this.#options.handshakeTimeoutMs,
      requestCert: tls.clientCertificates !== 'none',
      rejectUnauthorized: tls.clientCertificates === 'required',
      allowHalfOpen: true,
    });
    server.on('secureConnection', (socket) => this.#acceptSecure(socket, tls));
    // Before the handshake ends, errors of the TLS socket come here and nowhere else (CVE-2025-59465).
    server.on('tlsClientError', (error, socket) => this.#refuseHandshake(error, socket));
    return server;
  }

  #acceptSecure(socket: TLSSocket, tls: ListenerTls): void {
    // With `optional` Node lets a bad certificate pass like none at all; showing one is a claim, and it is checked.
    if (tls.clientCertificates === 'optional' && !socket.authorized && hasPeerCertificate(socket)) {
      const message = `the client's certificate is not valid here: ${String(socket.authorizationError)}`;
      this.#options.onRefused('client_certificate', message, socket.remoteAddress ?? '');
      socket.destroy();
      return;
    }
    this.#serve(socket, socketPeer(socket));
  }

  #refuseHandshake(error: Error, socket: TLSSocket): void {
    const address = socket.remoteAddress ?? '';
    // Node leaves the socket open when it is the time that ran out.
    socket.destroy();
    const isLate = codeOf(error) === 'ERR_TLS_HANDSHAKE_TIMEOUT';
    if (isLate) {
      const message = `no TLS handshake within ${this.#options.handshakeTimeoutMs} ms`;
      this.#options.onRefused('tls_handshake_timeout', message, address);
    } else this.#options.onRefused('tls_handshake', describeHandshakeError(error), address);
  }

  #describeLimit(limit: keyof ConnectionLimits): string {
    const { limits } = this.#options;
    if (limit === 'connections') return `the listener holds ${limits.connections} connections (limits.connections)`;
    return `${limits.connectionsPerAddress} connections come from this address (limits.connectionsPerAddress)`;
  }
}

function ignoreError(): void {}

function hasPeerCertificate(socket: TLSSocket): boolean {
  // Node's way to say "none" is an object without properties.
  return Object.keys(socket.getPeerCertificate()).length > 0;
}

function codeOf(error: Error): string | undefined {
  return (error as NodeJS.ErrnoException).code;
}

function describeHandshakeError(error: Error): string {
  switch (codeOf(error)) {
    case 'ERR_SSL_HTTP_REQUEST':
      return 'the client spoke plain HTTP to the TLS port';
    case 'ERR_SSL_NO_APPLICATION_PROTOCOL':
      return 'the client offered neither h2 nor http/1.1 (ALPN)';
    case 'ERR_SSL_NO_SHARED_CIPHER':
      return 'the client has no cipher suite with ephemeral keys and AEAD';
    case 'ERR_SSL_UNSUPPORTED_PROTOCOL':
      return 'the client knows no TLS from 1.2 up';
    default:
      // OpenSSL's text is for OpenSSL's authors: its last but one part names the reason.
      return error.message.split(':').at(-4) ?? error.message;
  }
}
