// SPDX-License-Identifier: Apache-2.0
// Composes a listener: sockets of Node below, HTTP/2 engine and HTTP/1.1 port beside each other, one handler on top.

import type { ByteChannel } from '../../core/index.ts';
import type { ExchangeHandler } from '../../exchange/index.ts';
import {
  type ConnectionEvent,
  type ConnectionFacts,
  type H2Limits,
  type ReceiveBudget,
  resolveLimits,
  ServerConnection,
} from '../../h2/index.ts';
import {
  DEFAULT_HANDSHAKE_TIMEOUT_MS,
  DEFAULT_HTTP1_TIMEOUTS,
  DEFAULT_LISTEN_LIMITS,
  type DispatchRefusal,
  ensureKnownOptions,
  type Http1Timeouts,
  type ListenLimits,
  resolveNumbers,
  ServedChannel,
} from '../../http/index.ts';
import {
  type BindAddress,
  type ConnectionRefusal,
  Listener,
  type ListenerTls,
  loadTlsPem,
  NodeHttp1Port,
  nodeClock,
  type PemOrFile,
  SocketChannel,
} from '../../platform/node/index.ts';
import { processBudget } from './process-budget.ts';

export interface ListenTls {
  /** The certificate with its intermediates: PEM text or the path of a PEM file. */
  readonly cert: PemOrFile;
  /** Its private key, unencrypted. */
  readonly key: PemOrFile;
  /** Who signs client certificates. Default: the authorities Node ships. */
  readonly ca?: PemOrFile;
  /** Whether clients are asked for a certificate. Default `none`. */
  readonly clientCertificates?: ListenerTls['clientCertificates'];
}

export interface ListenOptions {
  /** TCP port, 0 for any that is free. Default 0. */
  readonly port?: number;
  /** Address or name to listen on. Default `::`, which is every address, IPv4 included. */
  readonly host?: string;
  /** A unix socket instead of a port. A socket file that nobody answers on any more is replaced. */
  readonly path?: string;
  /** TLS 1.2 or later, with ALPN for `h2` and `http/1.1`. Default: cleartext; the first bytes tell HTTP/2 from HTTP/1.1. */
  readonly tls?: ListenTls;
  readonly limits?: Partial<ListenLimits>;
  /** Bounds the TLS handshake, then the first bytes, then the first SETTINGS. Default 10,000. */
  readonly handshakeTimeoutMs?: number;
  /** Timeouts of HTTP/1.1. */
  readonly http1?: Partial<Http1Timeouts>;
  /** First 32 bits of the SHA-256 of the audience, told to clients in setting 0xFC05. Default 0: several or none. */
  readonly audienceHint?: number;
  /** Widens windows on links that they slow down. Default false. */
  readonly bandwidthEstimator?: boolean;
  /** Receive memory to share. Default: one for the process, of 256 MiB. */
  readonly budget?: ReceiveBudget;
  /** Told what limits did and what peers did wrong. Must not throw. */
  readonly onEvent?: (event: ServerEvent) => void;
}

export type ServerEvent =
  | ConnectionEvent
  | {
      /** A connection that never came to speak HTTP. */
      readonly kind: 'refused';
      readonly reason: RefusalReason;
      readonly message: string;
      readonly peerAddress: string;
    };

export type RefusalReason = ConnectionRefusal | DispatchRefusal;

export interface Listening {
  /** As a client would write it: `http://[::1]:8080`, `https://…`, `unix:/path`. */
  readonly url: string;
  readonly host: string;
  /** The port in use, also when 0 was asked for; 0 for a unix socket. */
  readonly port: number;
  readonly path?: string;
  readonly tls: boolean;
  inspect(): ListeningFacts;
  /**
   * Accepts no more; connections may finish what they began, then, or after `graceMs`, they are closed. Resolves when all
   * are gone. A second call with less time shortens the first.
   */
  close(options?: { readonly graceMs?: number }): Promise<void>;
}

export interface ListeningFacts {
  readonly connections: {
    /** All of them, TLS handshakes that go on included. */
    readonly open: number;
    readonly http2: readonly ConnectionFacts[];
    readonly http1: number;
  };
  /** How often a connection was refused, by reason. */
  readonly refused: Partial<Record<RefusalReason, number>>;
}

/** How long `close` waits for calls that go on. Chosen by us: 10 s. */
const DEFAULT_GRACE_MS = 10_000;

const OPTION_NAMES: readonly (keyof ListenOptions)[] = [
  'port',
  'host',
  'path',
  'tls',
  'limits',
  'handshakeTimeoutMs',
  'http1',
  'audienceHint',
  'bandwidthEstimator',
  'budget',
  'onEvent',
];

/**
 * Listens and calls `handler` with each request, over whatever protocol it came. Rejects with a `SetupError` whose
 * message says in one line what is in the way and how to mend it, and with a TypeError for an unknown option.
 */
export async function listen(options: ListenOptions, handler: ExchangeHandler): Promise<Listening> {
  ensureKnownOptions('listen', options, OPTION_NAMES);
  const server = new EngineServer(resolveListen(options), handler);
  return server.start();
}

interface ResolvedListen {
  readonly address: BindAddress;
  readonly tls: ListenerTls | undefined;
  readonly limits: ListenLimits;
  readonly h2Limits: H2Limits;
  readonly handshakeTimeoutMs: number;
  readonly http1: Http1Timeouts;
  readonly audienceHint: number;
  readonly bandwidthEstimator: boolean;
  readonly budget: ReceiveBudget;
  readonly onEvent: (event: ServerEvent) => void;
}

function resolveListen(options: ListenOptions): ResolvedListen {
  const limits = resolveNumbers('listen limits', options.limits, DEFAULT_LISTEN_LIMITS);
  const { connections: _, connectionsPerAddress: __, ...h2Limits } = limits;
  const handshakeTimeoutMs = options.handshakeTimeoutMs ?? DEFAULT_HANDSHAKE_TIMEOUT_MS;
  const prefaceMs = options.limits?.prefaceMs ?? handshakeTimeoutMs;
  return {
    address: resolveAddress(options),
    tls: options.tls === undefined ? undefined : resolveTls(options.tls),
    limits,
    h2Limits: resolveLimits({ ...h2Limits, prefaceMs }),
    handshakeTimeoutMs,
    http1: resolveNumbers('listen http1', options.http1, DEFAULT_HTTP1_TIMEOUTS),
    audienceHint: options.audienceHint ?? 0,
    bandwidthEstimator: options.bandwidthEstimator ?? false,
    budget: options.budget ?? processBudget(),
    onEvent: options.onEvent ?? (() => {}),
  };
}

function resolveAddress({ port, host = '::', path }: ListenOptions): BindAddress {
  if (path !== undefined && port !== undefined) throw new TypeError('listen has both port and path; give one of them');
  if (path !== undefined) return { kind: 'unix', path };
  return { kind: 'tcp', host, port: ensurePort(port ?? 0) };
}

function ensurePort(port: number): number {
  if (Number.isInteger(port) && port >= 0 && port <= 65_535) return port;
  throw new RangeError(`port of listen is ${String(port)}; use a whole number from 0 to 65535`);
}

const CLIENT_CERTIFICATES: readonly ListenerTls['clientCertificates'][] = ['none', 'optional', 'required'];

function resolveTls(tls: ListenTls): ListenerTls {
  ensureKnownOptions('listen tls', tls, ['cert', 'key', 'ca', 'clientCertificates']);
  const { clientCertificates = 'none' } = tls;
  if (!CLIENT_CERTIFICATES.includes(clientCertificates)) {
    throw new TypeError(
      `clientCertificates of listen tls is ${String(clientCertificates)}; use ${CLIENT_CERTIFICATES.join(', ')}`,
    );
  }
  if (tls.ca !== undefined && clientCertificates === 'none') {
    throw new TypeError("ca of listen tls has no effect without clientCertificates: 'optional' or 'required'");
  }
  return { ...loadTlsPem(tls), clientCertificates };
}

type Served = ServedChannel<ServerConnection>;

class EngineServer {
  readonly #options: ResolvedListen;
  readonly #handler: ExchangeHandler;
  readonly #listener: Listener<Served>;
  readonly #http1: NodeHttp1Port;
  readonly #refused: Partial<Record<RefusalReason, number>> = {};

  constructor(options: ResolvedListen, handler: ExchangeHandler) {
    this.#options = options;
    this.#handler = handler;
    const { limits, http1: timeouts, budget, onEvent } = options;
    this.#http1 = new NodeHttp1Port({
      handler,
      limits,
      timeouts,
      budget,
      onHandlerThrew: (error) => onEvent({ kind: 'handler-threw', streamId: 0, error }),
    });
    this.#listener = new Listener({
      ...options,
      onChannel: (channel) => this.#serve(channel),
      onRefused: (reason, message, peerAddress) => this.#refuse(reason, message, peerAddress),
    });
  }

  async start(): Promise<Listening> {
    const { address, tls } = this.#options;
    const port = await this.#listener.start();
    const common = {
      tls: tls !== undefined,
      inspect: () => this.#inspect(),
      close: (options?: { readonly graceMs?: number }) =>
        this.#close(resolveNumbers('close', options, { graceMs: DEFAULT_GRACE_MS }).graceMs),
    };
    if (address.kind === 'unix') return { ...common, url: `unix:${address.path}`, host: '', port, path: address.path };
    const { host } = address;
    return { ...common, url: `${common.tls ? 'https' : 'http'}://${urlHost(host)}:${port}`, host, port };
  }

  #serve(channel: SocketChannel): Served {
    const served: Served = new ServedChannel(channel, {
      clock: nodeClock,
      http1: this.#http1,
      acceptHttp2: this.#acceptHttp2,
      firstBytesTimeoutMs: this.#options.handshakeTimeoutMs,
      onRefused: (reason, message) => this.#refuse(reason, message, channel.peer.address),
    });
    served.open();
    return served;
  }

  readonly #acceptHttp2 = (channel: ByteChannel): ServerConnection => {
    const { h2Limits: limits, audienceHint, bandwidthEstimator, budget, onEvent } = this.#options;
    const options = { clock: nodeClock, limits, audienceHint, bandwidthEstimator, budget, onEvent };
    // From here on nobody else will want the socket.
    if (channel instanceof SocketChannel) channel.readInPlace();
    return new ServerConnection(channel, this.#handler, options);
  };

  #refuse(reason: RefusalReason, message: string, peerAddress: string): void {
    this.#refused[reason] = (this.#refused[reason] ?? 0) + 1;
    this.#options.onEvent({ kind: 'refused', reason, message, peerAddress });
  }

  #inspect(): ListeningFacts {
    const http2: ConnectionFacts[] = [];
    let http1 = 0;
    for (const served of this.#listener.served) {
      if (served.http2 !== undefined) http2.push(served.http2.inspect());
      else if (served.protocol === 'http/1.1') http1++;
    }
    return { connections: { open: this.#listener.openConnections, http2, http1 }, refused: { ...this.#refused } };
  }

  async #close(graceMs: number): Promise<void> {
    this.#listener.stop(graceMs);
    this.#http1.drain();
    const timer = nodeClock.setTimer(() => this.#listener.destroyAll(), graceMs);
    await this.#listener.whenEmpty();
    nodeClock.clearTimer(timer);
  }
}

/** How a URL names the host; `::` and `0.0.0.0` are no address to call, so they become the loopback one. */
function urlHost(host: string): string {
  if (host === '::') return '[::1]';
  if (host === '0.0.0.0') return '127.0.0.1';
  return host.includes(':') ? `[${host}]` : host;
}
