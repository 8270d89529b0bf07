// SPDX-License-Identifier: Apache-2.0
// Programs from one seed until the time is up or one fails; a failure comes back cut down and ready to paste.

import { createHash } from 'node:crypto';
import { Random } from '../oracle/random.ts';
import { generateProgram } from './generate.ts';
import { failureOf, minimise } from './minimise.ts';
import type { Program } from './program.ts';
import { Watchdog } from './watchdog.ts';

export interface FuzzResult {
  readonly programs: number;
  /** What to print; undefined when all properties held. */
  readonly failure: string | undefined;
}

/** Real time bounds the run, never its outcome: the programs are the same, only their number differs. */
export async function fuzz(seed: number, milliseconds: number): Promise<FuzzResult> {
  const random = new Random(seed);
  const end = Date.now() + milliseconds;
  const watchdog = new Watchdog();
  try {
    for (let programs = 1; ; programs++) {
      const programSeed = random.uint32();
      watchdog.note(programSeed);
      const failure = await failureOf(programOf(programSeed));
      if (failure !== undefined) return { programs, failure: await report(programSeed, failure, watchdog) };
      if (Date.now() >= end) return { programs, failure: undefined };
    }
  } finally {
    await watchdog.stop();
  }
}

export function programOf(programSeed: number): Program {
  return generateProgram(new Random(programSeed));
}

async function report(programSeed: number, failure: string, watchdog: Watchdog): Promise<string> {
  await watchdog.stop(); // cutting a program down takes as long as it takes
  const smallest = await minimise(programOf(programSeed), failure);
  const json = JSON.stringify({ failure: failure.split('\n')[0], program: smallest });
  const file = `${createHash('sha256').update(json).digest('hex').slice(0, 12)}.json`;
  return [
    `${failure}`,
    `Again: npm run fuzz -- --program ${programSeed}`,
    `The smallest input that fails alike; as test/fuzz/found/${file} it is replayed by every test run:`,
    json,
    'As a test:',
    `test(${JSON.stringify(failure.split('\n')[0])}, async () => {`,
    `  await execute(${JSON.stringify(smallest)});`,
    '});',
  ].join('\n');
}
