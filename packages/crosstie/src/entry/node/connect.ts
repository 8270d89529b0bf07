// SPDX-License-Identifier: Apache-2.0
// Composes a connection: a channel of Node below, the HTTP/2 engine on it, one deadline over both.

import { isIP } from 'node:net';
import type { ChannelPeer, Timer } from '../../core/index.ts';
import {
  ClientConnection,
  type ClientConnectionOptions,
  type CloseReason,
  type ConnectionEvent,
  type H2Limits,
  type ReceiveBudget,
  resolveLimits,
} from '../../h2/index.ts';
import { ensureKnownOptions, resolveNumbers } from '../../http/index.ts';
import {
  ConnectError,
  type ConnectPhase,
  type ConnectProgress,
  type ConnectTarget,
  connectChannel,
  type DialTls,
  loadTlsPem,
  nodeClock,
  type ParsedTarget,
  parseTarget,
  type TlsIdentity,
} from '../../platform/node/index.ts';
import { processBudget } from './process-budget.ts';

/** `cert` and `key`: who we are, if the server asks. `ca`: whom we believe; default: the authorities Node ships. */
export interface ConnectTls extends TlsIdentity {
  /** The name to ask for and to find in the certificate. Default: the host of the target. */
  readonly serverName?: string;
}

export interface ConnectOptions {
  /** Default: as the target says; without a scheme, cleartext. */
  readonly tls?: boolean | ConnectTls;
  readonly connect?: {
    /** One deadline over name look-up, TCP, TLS and the server's SETTINGS. Default 10,000. */
    readonly timeoutMs?: number;
  };
  /** Calls the attempt off; once connected it means nothing. */
  readonly signal?: AbortSignal;
  readonly limits?: Partial<H2Limits>;
  /** Widens windows on links that they slow down. Default false. */
  readonly bandwidthEstimator?: boolean;
  /** Receive memory to share. Default: one for the process, of 256 MiB. */
  readonly budget?: ReceiveBudget;
  /** The connection is gone; called once, if it had come about. */
  readonly onClose?: (reason: CloseReason) => void;
  /** The server takes no new requests here: open another connection. */
  readonly onGoAway?: ClientConnectionOptions['onGoAway'];
  /** Told what limits did and what the server did wrong. Must not throw. */
  readonly onEvent?: (event: ConnectionEvent) => void;
}

const OPTION_NAMES: readonly (keyof ConnectOptions)[] = [
  'tls',
  'connect',
  'signal',
  'limits',
  'bandwidthEstimator',
  'budget',
  'onClose',
  'onGoAway',
  'onEvent',
];

/** One deadline over name look-up, TCP, TLS and SETTINGS. */
const DEFAULT_CONNECT = { timeoutMs: 10_000 };

/**
 * Connects over HTTP/2 and waits for the server's SETTINGS. Rejects with a `ConnectError` that says in one line which
 * phase failed, at which address, and how to mend it; with the signal's reason when called off; with a TypeError for an
 * unknown option.
 */
export async function connect(target: ConnectTarget, options: ConnectOptions = {}): Promise<ClientConnection> {
  ensureKnownOptions('connect', options, OPTION_NAMES);
  const parsed = parseTarget(target);
  const { timeoutMs } = resolveNumbers('connect.connect', options.connect, DEFAULT_CONNECT);
  const tls = resolveTls(options.tls, parsed);
  const limits = resolveLimits({ prefaceMs: timeoutMs, ...options.limits });
  const attempt = new Attempt(timeoutMs, options.signal);
  try {
    const { signal, progress } = attempt;
    const channel = await connectChannel(parsed, { clock: nodeClock, tls, signal, progress });
    attempt.enterSettings(channel.peer);
    const connection = new ClientConnection(channel, connectionOptions(options, limits, attempt));
    channel.open(connection);
    await attempt.ready(connection);
    return connection;
  } finally {
    attempt.stop();
  }
}

/** exactOptionalPropertyTypes: what was not given is not there. */
function connectionOptions(options: ConnectOptions, limits: H2Limits, attempt: Attempt): ClientConnectionOptions {
  const { bandwidthEstimator = false, budget = processBudget(), onClose, onGoAway, onEvent } = options;
  return {
    ...{ clock: nodeClock, limits, bandwidthEstimator, budget },
    // A connection that never came about is the promise's affair.
    onClose: (reason) => attempt.isDone && onClose?.(reason),
    ...(onGoAway && { onGoAway }),
    ...(onEvent && { onEvent }),
  };
}

function resolveTls(option: ConnectOptions['tls'], target: ParsedTarget): DialTls | undefined {
  const tls = option ?? target.tls ?? false;
  // One of the two would have no effect, and which one may matter a great deal.
  if (target.tls !== undefined && target.tls !== (tls !== false)) {
    throw new TypeError(
      `the target says ${target.tls ? 'https' : 'http'}, the option tls the opposite; change one of them`,
    );
  }
  if (tls === false) return undefined;
  const given = tls === true ? {} : tls;
  ensureKnownOptions('connect tls', given, ['ca', 'cert', 'key', 'serverName']);
  const serverName = given.serverName ?? (target.kind === 'tcp' ? target.host : 'localhost');
  return { ...loadTlsPem(given), serverName, isIpAddress: isIP(serverName) !== 0 };
}

/** The time an attempt has, how far it is, and who may call it off. */
class Attempt {
  readonly progress: ConnectProgress = { phase: 'target', at: '' };
  isDone = false;
  readonly #timeoutMs: number;
  readonly #abort = new AbortController();
  readonly #timer: Timer;
  readonly #userSignal: AbortSignal | undefined;

  constructor(timeoutMs: number, userSignal: AbortSignal | undefined) {
    this.#timeoutMs = timeoutMs;
    this.#userSignal = userSignal;
    this.#timer = nodeClock.setTimer(() => this.#abort.abort(this.#timeoutError()), timeoutMs);
    userSignal?.addEventListener('abort', this.#onUserAbort);
    if (userSignal?.aborted === true) this.#onUserAbort();
  }

  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  enterSettings(peer: ChannelPeer): void {
    this.progress.phase = 'settings';
    this.progress.at = formatPeer(peer);
  }

  /** Resolves with the server's SETTINGS. */
  async ready(connection: ClientConnection): Promise<void> {
    const { signal } = this;
    // No GOAWAY: there is nothing to tell a peer that has not said a word, and its flush would take time.
    const onAbort = (): void => connection.channel.destroy();
    signal.addEventListener('abort', onAbort);
    if (signal.aborted) onAbort();
    try {
      await connection.ready;
      this.isDone = true;
    } catch (error) {
      if (signal.aborted) throw signal.reason;
      throw new ConnectError('settings', `${this.progress.at} ${SETTINGS_REMEDY}: ${messageOf(error)}`, {
        cause: error,
      });
    } finally {
      signal.removeEventListener('abort', onAbort);
    }
  }

  stop(): void {
    nodeClock.clearTimer(this.#timer);
    this.#userSignal?.removeEventListener('abort', this.#onUserAbort);
  }

  readonly #onUserAbort = (): void => this.#abort.abort(this.#userSignal?.reason);

  #timeoutError(): ConnectError {
    const { phase, at } = this.progress;
    const within = `within ${this.#timeoutMs} ms (connect.timeoutMs)`;
    return new ConnectError(phase, `${PHASE_SILENCE[phase]} ${at} ${within}; ${PHASE_REMEDY[phase]}`);
  }
}

const SETTINGS_REMEDY =
  'did not answer with HTTP/2; check that the port speaks it, and whether it wants TLS (https://)';

const PHASE_SILENCE: Readonly<Record<ConnectPhase, string>> = {
  target: 'no attempt at',
  dns: 'no address for',
  tcp: 'no TCP connection with',
  tls: 'no TLS handshake with',
  settings: 'no HTTP/2 SETTINGS from',
};

const PHASE_REMEDY: Readonly<Record<ConnectPhase, string>> = {
  target: 'allow more time',
  dns: 'check the name server, or allow more time',
  tcp: 'check address, route and firewall, or allow more time',
  tls: 'check that the port speaks TLS, or allow more time',
  settings: 'check that the port speaks HTTP/2, and whether it wants TLS (https://), or allow more time',
};

function formatPeer({ address, port }: ChannelPeer): string {
  if (port === 0) return address;
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
