// SPDX-License-Identifier: Apache-2.0
// Every wait for a peer is bounded, and a wait that was in vain says for what.

/** A peer on this machine answers within milliseconds; two busy cores may make that a second. Chosen by us. */
const DEFAULT_LIMIT_MS = 5_000;

/** The promise's value, or after so long an error that names what did not happen. */
export async function within<T>(what: string, promise: Promise<T>, limitMs = DEFAULT_LIMIT_MS): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not within ${limitMs} ms: ${what}`)), limitMs);
  });
  try {
    return await Promise.race([promise, timeout]);
  } finally {
    clearTimeout(timer);
  }
}

export interface Signal<T> {
  readonly promise: Promise<T>;
  /** The first call counts. */
  readonly fire: (value: T) => void;
}

/** Something that will happen once, in a callback, and that a test waits for. */
export function createSignal<T = void>(): Signal<T> {
  let fire: (value: T) => void = () => {};
  const promise = new Promise<T>((resolve) => {
    fire = resolve;
  });
  return { promise, fire };
}
