// SPDX-License-Identifier: Apache-2.0

/** Ranges kept; the oldest is forgotten first. A peer skips ids by mistake, not as a habit. */
const MAX_RANGES = 16;

/**
 * Ids that the peer has jumped over. RFC 9113 §5.1.1: the first use of an id closes all lower ones that were never used;
 * coming back to one of those is an unexpected stream identifier, unlike a late frame on a stream that was.
 */
export class SkippedIds {
  #ranges: { readonly from: number; readonly to: number }[] | undefined = undefined;

  /** The peer went from `last` to `next`. */
  note(last: number, next: number): void {
    const from = last === 0 ? 1 : last + 2;
    if (from === next) return;
    this.#ranges ??= [];
    this.#ranges.push({ from, to: next - 2 });
    if (this.#ranges.length > MAX_RANGES) this.#ranges.shift();
  }

  has(id: number): boolean {
    return this.#ranges?.some(({ from, to }) => id >= from && id <= to) === true;
  }
}
