// SPDX-License-Identifier: Apache-2.0
// Seeded randomness for generated tests: the same seed gives the same inputs on every machine and Node version.

export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** The next 32 bits: a Weyl sequence through the murmur3 finalizer (splitmix32). Fair enough to choose test inputs. */
  uint32(): number {
    this.#state = (this.#state + 0x9e3779b9) >>> 0;
    let z = this.#state;
    z = Math.imul(z ^ (z >>> 16), 0x85ebca6b);
    z = Math.imul(z ^ (z >>> 13), 0xc2b2ae35);
    return (z ^ (z >>> 16)) >>> 0;
  }

  /** An integer from `low` to `high`, both included. */
  integer(low: number, high: number): number {
    return low + Math.floor((this.uint32() / 2 ** 32) * (high - low + 1));
  }

  /** True in `percent` of 100 calls. */
  chance(percent: number): boolean {
    return this.integer(0, 99) < percent;
  }

  pick<T>(choices: readonly T[]): T {
    return choices[this.integer(0, choices.length - 1)];
  }

  bytes(length: number): Buffer {
    const bytes = Buffer.alloc(length);
    for (let i = 0; i < length; i++) bytes[i] = this.uint32() & 0xff;
    return bytes;
  }

  /** A generator of its own, so that a change in one case leaves the others as they are. */
  fork(): Random {
    return new Random(this.uint32());
  }
}
