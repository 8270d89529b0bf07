// SPDX-License-Identifier: Apache-2.0

import type { ReceiveBudget } from '../stream/index.ts';

/** Frames and header blocks that are not complete are receive memory of the process like any other. */
export class InputCharge {
  readonly #budget: ReceiveBudget;
  readonly #countHeld: () => number;
  #chargedBytes = 0;

  constructor(budget: ReceiveBudget, countHeld: () => number) {
    this.#budget = budget;
    this.#countHeld = countHeld;
  }

  /** After each read turn, and at the end. */
  update(): void {
    const heldBytes = this.#countHeld();
    const more = heldBytes - this.#chargedBytes;
    if (more === 0) return;
    this.#chargedBytes = heldBytes;
    if (more > 0) this.#budget.charge(more);
    else this.#budget.release(-more);
  }
}
