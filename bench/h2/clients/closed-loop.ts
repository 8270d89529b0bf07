// SPDX-License-Identifier: Apache-2.0
// So many calls always in flight, each answer checked, until the time is up and the last one is back.

import type { EchoClient } from './echo-client.ts';

export interface LoopResult {
  readonly calls: number;
  readonly seconds: number;
}

/** Comparing 1 MiB costs a good part of echoing it: above this size every 8th answer is compared whole, the others by length. */
const COMPARE_EACH_BELOW_BYTES = 64 * 1024;
const COMPARE_EVERY = 8;

/** Rejects with the first wrong answer. */
export function runClosedLoop(client: EchoClient, inFlight: number, seconds: number): Promise<LoopResult> {
  const { expected } = client;
  const compareEvery = expected.length < COMPARE_EACH_BELOW_BYTES ? 1 : COMPARE_EVERY;
  const startedAt = performance.now();
  const endAt = startedAt + seconds * 1000;
  return new Promise((resolve, reject) => {
    let calls = 0;
    let open = 0;

    const startNext = (): void => {
      open++;
      client.call(onDone);
    };
    const onDone = (outcome: Uint8Array | Error): void => {
      open--;
      const fault = findAnswerFault(outcome, expected, calls % compareEvery === 0);
      calls++;
      const now = performance.now();
      if (fault !== undefined) reject(fault);
      else if (now < endAt) startNext();
      else if (open === 0) resolve({ calls, seconds: (now - startedAt) / 1000 });
    };

    for (let i = 0; i < inFlight; i++) startNext();
  });
}

function findAnswerFault(outcome: Uint8Array | Error, expected: Buffer, compareBytes: boolean): Error | undefined {
  if (outcome instanceof Error) return outcome;
  if (outcome.length !== expected.length)
    return new Error(`an answer of ${outcome.length} bytes, ${expected.length} expected`);
  if (compareBytes && !expected.equals(outcome))
    return new Error('an answer with the right length and the wrong bytes');
  return undefined;
}
