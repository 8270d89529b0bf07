// SPDX-License-Identifier: Apache-2.0
// The clock port on Node's monotonic clock and event loop.

import type { Clock, Timer } from '../../core/index.ts';

/** Time of this process. Its timers are unref'd: an idle connection's keepalive never holds the process open. */
export const nodeClock: Clock = {
  now: () => performance.now(),
  setTimer: (callback, delayMs): Timer => setTimeout(callback, delayMs).unref(),
  clearTimer: (timer) => clearTimeout(timer as NodeJS.Timeout),
  // Not unref'd: what is deferred is work already begun, such as the rest of a read.
  defer: (callback) => {
    setImmediate(callback);
  },
};
