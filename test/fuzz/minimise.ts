// SPDX-License-Identifier: Apache-2.0
// Cuts a failing program down while it fails in the same way.

import { execute } from './execute.ts';
import type { Program, Step } from './program.ts';

/** Enough for a program of forty steps; a bound, so that a slow failure cannot take an hour. */
const MAX_RUNS = 600;

/** The message of the failure, or undefined when the program holds. */
export async function failureOf(program: Program): Promise<string | undefined> {
  try {
    await execute(program);
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

export async function minimise(program: Program, failure: string): Promise<Program> {
  let runs = 0;
  const failsAlike = async (candidate: Program): Promise<boolean> => {
    if (++runs > MAX_RUNS) return false;
    const other = await failureOf(candidate);
    return other !== undefined && kindOf(other) === kindOf(failure);
  };
  const joined = await joinReads(program, failsAlike);
  const lawless = { ...joined, lawful: false };
  // What a lawful peer says is lawful only as a whole: where that matters, its reads stay as they are.
  if (!(await failsAlike(lawless))) return dropSteps(joined, failsAlike, (step) => step.do !== 'read');
  const fewer = await dropSteps(lawless, failsAlike, () => true);
  const shorter = await shortenReads(fewer, failsAlike);
  return dropSteps(shorter, failsAlike, () => true);
}

/** Failures are alike when they differ in figures only. */
function kindOf(message: string): string {
  return message.split('\n')[0].replace(/\d+/g, '#');
}

type Check = (candidate: Program) => Promise<boolean>;

/** Adjacent reads as one, where their boundaries do not matter. */
async function joinReads(program: Program, fails: Check): Promise<Program> {
  const steps: Step[] = [];
  for (const step of program.steps) {
    const last = steps.at(-1);
    if (step.do === 'read' && last?.do === 'read') steps[steps.length - 1] = { do: 'read', hex: last.hex + step.hex };
    else steps.push(step);
  }
  const joined = { ...program, steps };
  return (await fails(joined)) ? joined : program;
}

/** Removes runs of steps, long ones first. */
async function dropSteps(program: Program, fails: Check, mayDrop: (step: Step) => boolean): Promise<Program> {
  let steps = program.steps;
  for (let size = Math.ceil(steps.length / 2); size >= 1; size = Math.floor(size / 2)) {
    for (let at = 0; at < steps.length; ) {
      const run = steps.slice(at, at + size);
      const fewer = [...steps.slice(0, at), ...steps.slice(at + size)];
      if (run.every(mayDrop) && (await fails({ ...program, steps: fewer }))) steps = fewer;
      else at += size;
    }
  }
  return { ...program, steps };
}

/** Cuts the bytes of reads from behind. */
async function shortenReads(program: Program, fails: Check): Promise<Program> {
  let smallest = program;
  for (let at = 0; at < program.steps.length; at++) {
    const step = smallest.steps[at];
    if (step.do !== 'read') continue;
    for (let keep = step.hex.length / 2; keep >= 1; keep = Math.floor(keep / 2)) {
      const current = smallest.steps[at] as Step & { do: 'read' };
      const shorter: Step = { do: 'read', hex: current.hex.slice(0, Math.max(0, current.hex.length - 2 * keep)) };
      const candidate = { ...smallest, steps: smallest.steps.map((other, i) => (i === at ? shorter : other)) };
      if (await fails(candidate)) smallest = candidate;
    }
  }
  return smallest;
}
