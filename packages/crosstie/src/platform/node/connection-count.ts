// SPDX-License-Identifier: Apache-2.0
// How many connections a listener holds, in all and per peer address. One address alone cannot use them up.

export interface ConnectionLimits {
  /** Open connections of the listener. */
  readonly connections: number;
  /** Of these, from one peer address. Connections of a unix socket share one address. */
  readonly connectionsPerAddress: number;
}

export class ConnectionCount {
  readonly #limits: ConnectionLimits;
  readonly #byAddress = new Map<string, number>();
  #open = 0;

  constructor(limits: ConnectionLimits) {
    this.#limits = limits;
  }

  get open(): number {
    return this.#open;
  }

  /** Counts a connection in, or says which limit is in the way. */
  enter(address: string): keyof ConnectionLimits | undefined {
    if (this.#open >= this.#limits.connections) return 'connections';
    const fromAddress = this.#byAddress.get(address) ?? 0;
    if (fromAddress >= this.#limits.connectionsPerAddress) return 'connectionsPerAddress';
    this.#byAddress.set(address, fromAddress + 1);
    this.#open++;
    return undefined;
  }

  leave(address: string): void {
    const left = (this.#byAddress.get(address) ?? 1) - 1;
    if (left === 0) this.#byAddress.delete(address);
    else this.#byAddress.set(address, left);
    this.#open--;
  }
}
