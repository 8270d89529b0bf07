// SPDX-License-Identifier: Apache-2.0
// What a deliberate difference from Node's http2 is, and words to tell its cause.

import type { Step } from './client-model.ts';
import type { Fact } from './facts.ts';
import { ERROR_NAMES } from './wire.ts';
import type { Field } from './wire-hpack.ts';

/** What one frame made the two servers do differently. */
export interface Difference {
  readonly step: Step;
  /** Facts of Node that the engine has not. */
  readonly node: readonly Fact[];
  /** Facts of the engine that Node has not. */
  readonly engine: readonly Fact[];
}

export interface DifferenceRule {
  readonly name: string;
  /** Why the engine does otherwise. */
  readonly reason: string;
  /** The clause that allows or asks for it. */
  readonly clause: string;
  /** What comes after the difference: still comparable, or not. */
  readonly afterwards: 'continue' | 'stop';
  /** The rule concerns nghttp2 from this version on, 161 for 1.61; and below the other. */
  readonly from?: number;
  readonly below?: number;
  matches(difference: Difference): boolean;
}

/** Node before June 2026, with nghttp2 up to 1.68: seen with 1.61. */
export const OLD_NODE = 169;

type ErrorName = (typeof ERROR_NAMES)[number];

export function endsConnection(facts: readonly Fact[], name: ErrorName): boolean {
  return facts.some((fact) => fact.kind === 'goaway' && ERROR_NAMES[fact.code] === name);
}

export function resets(facts: readonly Fact[], streamId: number | undefined, name: ErrorName): boolean {
  return facts.some((fact) => fact.kind === 'reset' && fact.streamId === streamId && ERROR_NAMES[fact.code] === name);
}

/** Ends the connection, with a reason or without. */
export function givesUp(facts: readonly Fact[]): boolean {
  return facts.some(({ kind }) => kind === 'goaway' || kind === 'closed');
}

/** A verdict of any kind. */
export function complains(facts: readonly Fact[]): boolean {
  return facts.some(({ kind }) => kind === 'goaway' || kind === 'reset' || kind === 'closed');
}

export function only(facts: readonly Fact[], ...kinds: Fact['kind'][]): boolean {
  return facts.every(({ kind }) => kinds.includes(kind));
}

export function requestFields(facts: readonly Fact[]): readonly Field[] | undefined {
  return facts.find((fact) => fact.kind === 'request')?.fields;
}

export function statusOf(facts: readonly Fact[]): string | undefined {
  const response = facts.find((fact) => fact.kind === 'response');
  return response?.fields.find(([name]) => name === ':status')?.[1];
}

export function valuesOf(step: Step, name: string): string[] {
  return (step.fields ?? []).filter((field) => field[0] === name).map(([, value]) => value);
}
