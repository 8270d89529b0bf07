// SPDX-License-Identifier: Apache-2.0
// Medians and how far they can be trusted, without assuming any distribution.

export interface Estimate {
  readonly median: number;
  readonly min: number;
  readonly max: number;
  /** Holds the true median with `confidence`. */
  readonly low: number;
  readonly high: number;
  readonly confidence: number;
}

/** Linear interpolation between the neighbours; `q` from 0 to 1. */
export function quantile(values: readonly number[], q: number): number {
  if (values.length === 0) throw new Error('no values');
  const sorted = values.toSorted((a, b) => a - b);
  const position = (sorted.length - 1) * q;
  const below = Math.floor(position);
  const above = Math.min(below + 1, sorted.length - 1);
  return sorted[below] + (sorted[above] - sorted[below]) * (position - below);
}

export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

/** 5 rounds reach 93.75 % from smallest to largest, so this asks for no more than five can give. */
const WANTED_CONFIDENCE = 0.93;

/**
 * Median with the narrowest interval between two of the values that holds the true median with 93 %: each value lies below it
 * with probability 1/2, so the number of values below is binomial. With fewer than five values the whole spread is
 * returned, with the smaller confidence it has.
 */
export function estimateMedian(values: readonly number[]): Estimate {
  const sorted = values.toSorted((a, b) => a - b);
  const count = sorted.length;
  let cut = 0;
  while (2 * (cut + 1) < count && intervalConfidence(count, cut + 1) >= WANTED_CONFIDENCE) cut++;
  return {
    median: median(sorted),
    min: sorted[0],
    max: sorted[count - 1],
    low: sorted[cut],
    high: sorted[count - 1 - cut],
    confidence: intervalConfidence(count, cut),
  };
}

/** P(the true median lies between the values left after `cut` were taken from each end). */
export function intervalConfidence(count: number, cut: number): number {
  let tail = 0;
  let binomial = 1;
  for (let k = 0; k <= cut; k++) {
    tail += binomial;
    binomial = (binomial * (count - k)) / (k + 1);
  }
  return 1 - (2 * tail) / 2 ** count;
}
