// SPDX-License-Identifier: Apache-2.0
// npm run fuzz -- [--seconds 30] [--seed n] [--program n]

import { parseArgs } from 'node:util';
import { fuzz, programOf } from './fuzz.ts';
import { failureOf, minimise } from './minimise.ts';

const { values } = parseArgs({
  options: { seconds: { type: 'string' }, seed: { type: 'string' }, program: { type: 'string' } },
});

if (values.program === undefined) {
  const seconds = numberOf('seconds', values.seconds ?? '30');
  // A new seed each time, printed: repeating one run for ever finds nothing new.
  const seed = numberOf('seed', values.seed ?? String(Date.now() % 2 ** 32));
  console.log(`fuzz: ${seconds} s, seed ${seed}`);
  const { programs, failure } = await fuzz(seed, seconds * 1000);
  finish(`${programs} programs`, failure);
} else {
  const program = programOf(numberOf('program', values.program));
  const failure = await failureOf(program);
  const smallest = failure === undefined ? '' : `\n${JSON.stringify(await minimise(program, failure))}`;
  finish('1 program', failure === undefined ? undefined : failure + smallest);
}

function numberOf(name: string, text: string): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= 0) return value;
  console.error(`fuzz: --${name} ${text} is no whole number`);
  process.exit(1);
}

function finish(what: string, failure: string | undefined): void {
  if (failure === undefined) {
    console.log(`fuzz: ${what}, all properties hold`);
    return;
  }
  console.error(`fuzz: after ${what}: ${failure}`);
  process.exitCode = 1;
}
