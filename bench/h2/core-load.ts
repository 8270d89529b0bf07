// SPDX-License-Identifier: Apache-2.0
// How busy a core was, all processes together, from Linux' /proc/stat: shows whether the measured side or the driver was
// the limit, and whether somebody else worked on the measured core.

import { readFileSync } from 'node:fs';

export interface CoreTime {
  /** In the kernel's ticks; only shares of differences mean anything. */
  readonly busy: number;
  readonly all: number;
}

export function readCoreTime(core: number): CoreTime {
  return parseCoreTime(readFileSync('/proc/stat', 'utf8'), core);
}

export function parseCoreTime(stat: string, core: number): CoreTime {
  const line = stat.split('\n').find((candidate) => candidate.startsWith(`cpu${core} `));
  if (line === undefined) throw new Error(`no core ${core} in /proc/stat`);
  const ticks = line.split(/\s+/).slice(1, 9).map(Number);
  const all = ticks.reduce((sum, value) => sum + value, 0);
  // proc_stat(5): user nice system idle iowait irq softirq steal
  return { busy: all - ticks[3] - ticks[4], all };
}

export function busyShare(before: CoreTime, after: CoreTime): number {
  return after.all === before.all ? 0 : (after.busy - before.busy) / (after.all - before.all);
}
