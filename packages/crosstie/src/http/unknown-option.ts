// SPDX-License-Identifier: Apache-2.0
// An option nobody reads is a mistake that nobody notices; so it is an error, with the name that was probably meant.

/** Throws a TypeError for the first key of `given` that is not among `known`. `where`: `listen`, `listen tls`. */
export function ensureKnownOptions(where: string, given: object, known: readonly string[]): void {
  for (const name of Object.keys(given)) {
    if (known.includes(name)) continue;
    const near = nearestName(name, known);
    const remedy = near === undefined ? `known are ${known.join(', ')}` : `did you mean ${near}?`;
    throw new TypeError(`unknown option ${name} of ${where}: ${remedy}`);
  }
}

/** The known name that a slip of the pen would turn into `name`; undefined when none is near. */
export function nearestName(name: string, known: readonly string[]): string | undefined {
  const wanted = name.toLowerCase();
  let nearest: string | undefined;
  // A third of the letters may be wrong: `prot` is `port`, `size` is nothing.
  let best = Math.max(1, Math.floor(name.length / 3)) + 1;
  for (const candidate of known) {
    const distance = editDistance(wanted, candidate.toLowerCase());
    if (distance < best) [nearest, best] = [candidate, distance];
  }
  // Or the rest was forgotten: `--vers`.
  return nearest ?? known.find((candidate) => name.length > 2 && candidate.toLowerCase().startsWith(wanted));
}

/** Insertions, deletions, substitutions and swaps of neighbours (optimal string alignment). */
function editDistance(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const substituted = last[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1);
      const isSwap = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      row.push(Math.min(last[j] + 1, row[j - 1] + 1, substituted, isSwap ? beforeLast[j - 2] + 1 : Infinity));
    }
    [beforeLast, last] = [last, row];
  }
  return last[b.length];
}
