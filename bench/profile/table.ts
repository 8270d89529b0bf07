// SPDX-License-Identifier: Apache-2.0
// A profile as text: where the time went, function by function and line by line.

import type { ProfileSummary } from './cpu-profile.ts';

/** `calls`: how many were answered meanwhile; adds microseconds per call to each row. */
export function formatProfile(summary: ProfileSummary, rows: number, calls?: number): string {
  const perCall = calls === undefined || calls === 0 ? undefined : (us: number) => (us / calls).toFixed(3);
  const share = (us: number) => `${((100 * us) / Math.max(1, summary.busyUs)).toFixed(1)}%`;
  const callColumn = (us: number) => (perCall === undefined ? [] : [perCall(us)]);
  const callTitle = perCall === undefined ? [] : ['us/call'];
  const functions = summary.functions
    .slice(0, rows)
    .map((row) => [share(row.selfUs), share(row.totalUs), ...callColumn(row.selfUs), row.name, row.place]);
  const lines = summary.lines
    .slice(0, rows)
    .map((row) => [share(row.selfUs), ...callColumn(row.selfUs), row.place, row.functionName]);
  const header = `busy ${formatMs(summary.busyUs)}, idle ${formatMs(summary.idleUs)}; shares are of busy time`;
  const total = perCall === undefined ? '' : `; ${calls} calls, ${perCall(summary.busyUs)} us each`;
  return [
    header + total,
    '',
    formatColumns([['self', 'total', ...callTitle, 'function', 'place'], ...functions]),
    '',
    formatColumns([['self', ...callTitle, 'line', 'function'], ...lines]),
  ].join('\n');
}

function formatMs(us: number): string {
  return `${Math.round(us / 1000)} ms`;
}

/** Numbers to the right; the last two columns are words and stay left. */
export function formatColumns(rows: readonly (readonly string[])[]): string {
  const columns = rows[0]?.length ?? 0;
  const widths = Array.from({ length: columns }, (_, c) => Math.max(...rows.map((row) => row[c].length)));
  return rows
    .map((row) => row.map((cell, c) => (c < columns - 2 ? cell.padStart(widths[c]) : cell.padEnd(widths[c]))))
    .map((row) => row.join('  ').trimEnd())
    .join('\n');
}
