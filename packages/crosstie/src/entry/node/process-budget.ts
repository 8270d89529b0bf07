// SPDX-License-Identifier: Apache-2.0

import { ReceiveBudget } from '../../h2/index.ts';
import { nodeClock } from '../../platform/node/index.ts';

/** DESIGN §6.1, `limits.receiveBudgetBytes`: bytes received and held by all connections of the process together. */
const RECEIVE_BUDGET_BYTES = 256 * 1024 * 1024;
/** With memory short and nothing consumed for so long, the largest holder goes. Chosen by us: the send stall's 30 s. */
const STALL_MS = 30_000;

let shared: ReceiveBudget | undefined;

/** The one budget of listeners and connections that bring none of their own. */
export function processBudget(): ReceiveBudget {
  shared ??= new ReceiveBudget({ clock: nodeClock, limitBytes: RECEIVE_BUDGET_BYTES, stallMs: STALL_MS });
  return shared;
}
