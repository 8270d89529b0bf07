// SPDX-License-Identifier: Apache-2.0
// Who holds the memory: V8's sampling heap profile (objects still alive, by the function that made them) as rows.

import type { HeapProfiler } from 'node:inspector';
import { formatColumns } from './table.ts';

export interface HeapRow {
  readonly name: string;
  readonly place: string;
  /** Still alive when the profile was taken. Contents of ArrayBuffers lie outside the heap and are not in it. */
  readonly selfBytes: number;
}

/** Largest first. */
export function summariseHeap(profile: HeapProfiler.SamplingHeapProfile, root: string): HeapRow[] {
  const rows = new Map<string, { name: string; place: string; selfBytes: number }>();
  const visit = (node: HeapProfiler.SamplingHeapProfileNode): void => {
    const { functionName, url, lineNumber } = node.callFrame;
    const path = url.replace(/^file:\/\//, '').replace(root, '');
    const place = url === '' ? '' : `${path}:${lineNumber + 1}`;
    const key = `${functionName}|${place}`;
    const row = rows.get(key) ?? { name: functionName || '(anonymous)', place, selfBytes: 0 };
    row.selfBytes += node.selfSize;
    rows.set(key, row);
    for (const child of node.children) visit(child);
  };
  visit(profile.head);
  return [...rows.values()].sort((a, b) => b.selfBytes - a.selfBytes);
}

export function formatHeap(rows: readonly HeapRow[], top: number, connections: number): string {
  const all = rows.reduce((sum, row) => sum + row.selfBytes, 0);
  const cells = rows
    .slice(0, top)
    .map((row) => [
      `${((100 * row.selfBytes) / all).toFixed(1)}%`,
      (row.selfBytes / connections).toFixed(0),
      row.name,
      row.place,
    ]);
  const head = `${Math.round(all / 1024)} KiB of heap made and still held since the first of ${connections} connections`;
  return [head, '', formatColumns([['share', 'bytes/connection', 'made in', 'place'], ...cells])].join('\n');
}
