// SPDX-License-Identifier: Apache-2.0
// Reads a `.cpuprofile` (V8 Inspector protocol, type Profiler.Profile) into rows of self and total time.

import type { Profiler } from 'node:inspector';

export interface FunctionRow {
  readonly name: string;
  /** `file:line`, shortened to what follows the repository or `node_modules`; empty for V8's own entries. */
  readonly place: string;
  readonly selfUs: number;
  /** Self time and that of everything called from it; a recursive call counts once. */
  readonly totalUs: number;
}

export interface LineRow {
  readonly place: string;
  readonly functionName: string;
  readonly selfUs: number;
}

export interface ProfileSummary {
  /** Everything but `(idle)`. */
  readonly busyUs: number;
  readonly idleUs: number;
  readonly functions: readonly FunctionRow[];
  readonly lines: readonly LineRow[];
}

type ProfileNode = Profiler.ProfileNode;

/** Rows with the most self time first. */
export function summariseProfile(profile: Profiler.Profile, root = ''): ProfileSummary {
  const selfUs = readSelfTimes(profile);
  const functions = addUpFunctions(profile, selfUs, root);
  const lines = addUpLines(profile, selfUs, root);
  const idleUs = functions.find((row) => row.name === '(idle)')?.selfUs ?? 0;
  const allUs = functions.reduce((sum, row) => sum + row.selfUs, 0);
  const bySelf = (a: { selfUs: number }, b: { selfUs: number }) => b.selfUs - a.selfUs;
  return {
    busyUs: allUs - idleUs,
    idleUs,
    functions: functions.filter((row) => row.name !== '(idle)').sort(bySelf),
    lines: lines.sort(bySelf),
  };
}

/** Each sample stands for the time until the next one. */
function readSelfTimes(profile: Profiler.Profile): Map<number, number> {
  const samples = profile.samples ?? [];
  const deltas = profile.timeDeltas ?? [];
  const selfUs = new Map<number, number>();
  for (const [i, id] of samples.entries()) {
    // The last sample has no successor; its time is lost, not invented. V8 may write small negative deltas.
    const untilNext = Math.max(0, deltas[i + 1] ?? 0);
    selfUs.set(id, (selfUs.get(id) ?? 0) + untilNext);
  }
  return selfUs;
}

function addUpFunctions(profile: Profiler.Profile, selfUs: Map<number, number>, root: string): FunctionRow[] {
  const nodes = new Map(profile.nodes.map((node) => [node.id, node]));
  const rows = new Map<string, { name: string; place: string; selfUs: number; totalUs: number }>();
  const open = new Set<string>();

  const visit = (node: ProfileNode): number => {
    const key = keyOf(node);
    const outermost = !open.has(key);
    open.add(key);
    const self = selfUs.get(node.id) ?? 0;
    let total = self;
    for (const id of node.children ?? []) {
      const child = nodes.get(id);
      if (child !== undefined) total += visit(child);
    }
    if (outermost) open.delete(key);
    const row = rows.get(key) ?? { name: nameOf(node), place: placeOf(node, root), selfUs: 0, totalUs: 0 };
    row.selfUs += self;
    if (outermost) row.totalUs += total;
    rows.set(key, row);
    return total;
  };

  if (profile.nodes.length > 0) visit(profile.nodes[0]);
  return [...rows.values()];
}

/** V8 counts samples per line (`positionTicks`); a node's self time is shared out by them. */
function addUpLines(profile: Profiler.Profile, selfUs: Map<number, number>, root: string): LineRow[] {
  const rows = new Map<string, { place: string; functionName: string; selfUs: number }>();
  for (const node of profile.nodes) {
    // V8's own code has no file.
    if (node.callFrame.url === '') continue;
    const ticks = node.positionTicks ?? [];
    const allTicks = ticks.reduce((sum, tick) => sum + tick.ticks, 0);
    const self = selfUs.get(node.id) ?? 0;
    for (const tick of ticks) {
      const place = `${shortenUrl(node.callFrame.url, root)}:${tick.line}`;
      const row = rows.get(place) ?? { place, functionName: nameOf(node), selfUs: 0 };
      row.selfUs += (self * tick.ticks) / allTicks;
      rows.set(place, row);
    }
  }
  return [...rows.values()];
}

function keyOf(node: ProfileNode): string {
  const { functionName, url, lineNumber, columnNumber } = node.callFrame;
  return `${functionName}|${url}|${lineNumber}|${columnNumber}`;
}

function nameOf(node: ProfileNode): string {
  return node.callFrame.functionName || '(anonymous)';
}

function placeOf(node: ProfileNode, root: string): string {
  const { url, lineNumber } = node.callFrame;
  // Lines count from 0 in the protocol.
  return url === '' ? '' : `${shortenUrl(url, root)}:${lineNumber + 1}`;
}

function shortenUrl(url: string, root: string): string {
  const path = url.replace(/^file:\/\//, '');
  return root !== '' && path.startsWith(root) ? path.slice(root.length).replace(/^\//, '') : path;
}
