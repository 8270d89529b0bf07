// SPDX-License-Identifier: Apache-2.0
// Memory that frames are encoded into, shared by the connections of the process. A slab is lent to one connection while
// it fills a batch, then its rest to the next one, while the socket still reads what the first has written: a peer that
// does not read pins the bytes it has not read, not a buffer of its own.

/** Large enough for a turn of a hundred small answers in one write; a kernel socket buffer takes it at once. */
export const SLAB_BYTES = 65_536;
/** Below this a slab is not lent again before all of it has been written. */
const MIN_LENDABLE_BYTES = 4_096;
/** Free slabs kept; more are left to the garbage collector. Chosen by us: 1 MiB. */
const MAX_FREE_SLABS = 16;

export interface Slab {
  readonly bytes: Buffer;
  /** Where the next lender begins. */
  position: number;
  /** Batches handed to a socket that still reads them. */
  inFlight: number;
  lent: boolean;
}

const free: Slab[] = [];

/** A slab with at least `minBytes` of room behind its position. */
export function borrowSlab(minBytes: number): Slab {
  const slab = free.pop();
  if (slab === undefined) return createSlab(minBytes);
  if (SLAB_BYTES - slab.position < minBytes) {
    // Its rest is too small for this batch; it comes back when all of it has been written.
    if (slab.inFlight === 0) free.push(slab);
    return createSlab(minBytes);
  }
  slab.lent = true;
  return slab;
}

/** The connection has filled the slab up to `position`. */
export function returnSlab(slab: Slab, position: number): void {
  slab.lent = false;
  slab.position = position;
  recycleSlab(slab);
}

/** A socket has finished with one batch of the slab. */
export function releaseSlab(slab: Slab): void {
  slab.inFlight--;
  if (slab.inFlight === 0 && !slab.lent) recycleSlab(slab);
}

function recycleSlab(slab: Slab): void {
  if (slab.bytes.length !== SLAB_BYTES) return;
  if (slab.inFlight === 0) slab.position = 0;
  else if (SLAB_BYTES - slab.position < MIN_LENDABLE_BYTES) return;
  if (free.length < MAX_FREE_SLABS && !free.includes(slab)) free.push(slab);
}

function createSlab(minBytes: number): Slab {
  return { bytes: Buffer.allocUnsafeSlow(Math.max(SLAB_BYTES, minBytes)), position: 0, inFlight: 0, lent: true };
}
