// SPDX-License-Identifier: Apache-2.0
// What `npm test` prints: each failure in full where it happens, each skipped test with its reason, the slowest files,
// and Node's closing lines. Passing tests are counted, not listed.

import { relative } from 'node:path';
import type { TestEvent } from 'node:test/reporters';
import { inspect } from 'node:util';

/** How many of the slowest files are named at the end. */
const SLOWEST_SHOWN = 3;
/** Files quicker than this are not worth a line. */
const SLOW_MS = 1_000;

type Result = Extract<TestEvent, { type: 'test:pass' | 'test:fail' }>['data'];
type Failure = Extract<TestEvent, { type: 'test:fail' }>['data'];

export default async function* report(source: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  const msPerFile = new Map<string, number>();
  for await (const event of source) {
    switch (event.type) {
      case 'test:pass':
      case 'test:fail':
        if (event.data.nesting === 0) addDuration(msPerFile, event.data);
        if (event.type === 'test:fail') yield formatFailure(event.data);
        else if (isSkipped(event.data))
          yield `- skipped: ${event.data.name} (${whereOf(event.data)}): ${event.data.skip}\n`;
        break;
      case 'test:stdout':
      case 'test:stderr':
        yield event.data.message;
        break;
      case 'test:diagnostic':
        if (event.data.nesting === 0) yield `# ${event.data.message}\n`;
        break;
      default: // Starts, plans and per-file summaries say nothing that the closing lines do not.
    }
  }
  yield formatSlowest(msPerFile);
}

function isSkipped(data: Result): boolean {
  return data.skip !== undefined && data.skip !== false;
}

function addDuration(msPerFile: Map<string, number>, data: Result): void {
  const file = whereOf(data).replace(/:\d+$/, '');
  msPerFile.set(file, (msPerFile.get(file) ?? 0) + data.details.duration_ms);
}

function whereOf(data: { readonly file?: string; readonly line?: number }): string {
  const path = data.file === undefined ? '?' : relative(process.cwd(), data.file);
  return data.line === undefined ? path : `${path}:${data.line}`;
}

/** A test that failed only because its subtests did has nothing to add to what they said. */
function formatFailure(data: Failure): string {
  const { error } = data.details;
  if ('failureType' in error && error.failureType === 'subtestsFailed') return '';
  const problem = error.cause ?? error;
  const text = problem instanceof Error ? (problem.stack ?? problem.message) : inspect(problem);
  return `✖ ${data.name} (${whereOf(data)})\n${text.replace(/^/gm, '    ')}\n`;
}

function formatSlowest(msPerFile: ReadonlyMap<string, number>): string {
  return [...msPerFile]
    .filter(([, ms]) => ms >= SLOW_MS)
    .sort((a, b) => b[1] - a[1])
    .slice(0, SLOWEST_SHOWN)
    .map(([file, ms]) => `# slow: ${file} ${(ms / 1000).toFixed(1)} s\n`)
    .join('');
}
