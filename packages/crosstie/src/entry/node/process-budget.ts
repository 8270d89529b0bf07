// SPDX-License-Identifier: Apache-2.0

import { ReceiveBudget } from '../../h2/index.ts';
import { nodeClock } from '../../platform/node/index.ts';

/** Bytes received and held by all connections of the process together. */
const RECEIVE_BUDGET_BYTES = 256 * 1024 * 1024;
/** With memory short, a stream with credit that sends nothing for so long loses its connection. As long as a send stall. */
const STALL_MS = 30_000;

let shared: ReceiveBudget | undefined;

/** The one budget of listeners and connections that bring none of their own. */
export function processBudget(): ReceiveBudget {
  shared ??= new ReceiveBudget({ clock: nodeClock, limitBytes: RECEIVE_BUDGET_BYTES, stallMs: STALL_MS });
  return shared;
}
