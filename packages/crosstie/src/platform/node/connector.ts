// SPDX-License-Identifier: Apache-2.0
// From a target to a channel: name look-up, race of the addresses, TLS. One deadline, the caller's, lies over all of it;
// where it strikes, or what fails, is in the error.

import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import type { Clock } from '../../core/index.ts';
import type { ClientChannel } from './client-channel.ts';
import { ConnectError, type ConnectPhase } from './connect-error.ts';
import { describeProblem } from './connect-problem.ts';
import type { ParsedTarget } from './connect-target.ts';
import { type DialAddress, type DialOptions, type DialTls, dial } from './dial.ts';
import { type Address, interleaveFamilies, RaceError, raceAddresses } from './happy-eyeballs.ts';

/** RFC 8305 §5. */
const STAGGER_MS = 250;

/** How far it has come; written here, read by whoever holds the deadline. */
export interface ConnectProgress {
  phase: ConnectPhase;
  /** What is being tried: a name, addresses, a path. */
  at: string;
}

export interface ChannelOptions {
  readonly clock: Clock;
  readonly tls: DialTls | undefined;
  /** Calls it off; it then rejects with the signal's reason. */
  readonly signal: AbortSignal;
  readonly progress: ConnectProgress;
  /** For tests: who knows names, and who opens sockets. */
  readonly network?: Network;
}

export interface Network {
  lookup(host: string): Promise<readonly Address[]>;
  dial(address: DialAddress, options: DialOptions): Promise<ClientChannel>;
}

export const NODE_NETWORK: Network = { lookup: lookupAll, dial };

export async function connectChannel(target: ParsedTarget, options: ChannelOptions): Promise<ClientChannel> {
  const attempt = new ConnectAttempt(options);
  return target.kind === 'unix' ? attempt.toPath(target.path) : attempt.toHost(target.host, target.port);
}

class ConnectAttempt {
  readonly #options: ChannelOptions;
  readonly #network: Network;

  constructor(options: ChannelOptions) {
    this.#options = options;
    this.#network = options.network ?? NODE_NETWORK;
  }

  async toPath(path: string): Promise<ClientChannel> {
    this.#enter('tcp', path);
    const { tls, signal } = this.#options;
    try {
      return await this.#network.dial({ path }, { tls, signal, onReached: () => this.#onReached(path) });
    } catch (error) {
      throw signal.aborted ? signal.reason : this.#explain([{ at: path, error }]);
    }
  }

  async toHost(host: string, port: number): Promise<ClientChannel> {
    const addresses = interleaveFamilies(await this.#resolve(host));
    const { clock, signal, tls } = this.#options;
    this.#enter('tcp', addresses.map((address) => formatAddress(address, port)).join(', '));
    const dialOne = (address: Address, lost: AbortSignal, onReached: () => void): Promise<ClientChannel> => {
      const report = (): void => {
        onReached();
        this.#onReached(formatAddress(address, port));
      };
      return this.#network.dial({ host: address.address, port }, { tls, signal: lost, onReached: report });
    };
    try {
      const discard = (channel: ClientChannel): void => channel.destroy();
      return await raceAddresses(addresses, dialOne, { clock, signal, staggerMs: STAGGER_MS, discard });
    } catch (error) {
      if (!(error instanceof RaceError)) throw error;
      throw this.#explain(error.attempts.map(({ address, error }) => ({ at: formatAddress(address, port), error })));
    }
  }

  async #resolve(host: string): Promise<readonly Address[]> {
    const family = isIP(host);
    if (family !== 0) return [{ address: host, family: family === 6 ? 6 : 4 }];
    this.#enter('dns', host);
    const { signal } = this.#options;
    try {
      return await abortable(this.#network.lookup(host), signal);
    } catch (error) {
      if (signal.aborted) throw signal.reason;
      throw new ConnectError('dns', `cannot look up ${host}: ${describeProblem(error)}`, { cause: error });
    }
  }

  #enter(phase: ConnectPhase, at: string): void {
    this.#options.progress.phase = phase;
    this.#options.progress.at = at;
  }

  #onReached(at: string): void {
    if (this.#options.tls !== undefined) this.#enter('tls', at);
  }

  /** One sentence for one address, or the sentences of all. */
  #explain(failed: readonly { readonly at: string; readonly error: unknown }[]): ConnectError {
    const { progress } = this.#options;
    const causes = failed.map(({ error }) => error);
    const cause = causes.length === 1 ? causes[0] : new AggregateError(causes);
    const text = failed.map(({ at, error }) => `${at}: ${describeProblem(error)}`).join('; ');
    return new ConnectError(progress.phase, `cannot connect (${progress.phase}) to ${text}`, { cause });
  }
}

async function lookupAll(host: string): Promise<readonly Address[]> {
  // `verbatim`: getaddrinfo has sorted them by RFC 6724 already.
  const found = await lookup(host, { all: true, order: 'verbatim' });
  return found.map(({ address, family }) => ({ address, family: family === 6 ? 6 : 4 }));
}

/** A look-up cannot be called off; nobody waits for it any more. */
function abortable<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(signal.reason);
    if (signal.aborted) onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
  });
}

function formatAddress({ address, family }: Address, port: number): string {
  return family === 6 ? `[${address}]:${port}` : `${address}:${port}`;
}
