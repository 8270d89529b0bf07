// SPDX-License-Identifier: Apache-2.0
// Padding of DATA, HEADERS and PUSH_PROMISE (RFC 9113 §6.1, §6.2, §6.6).

import { ConnectionError } from './error.ts';
import { Flag, type FrameHead, type PayloadSpan } from './head.ts';

/**
 * Leaves in `span` the payload without its padding; `at` is where the payload begins. `fixedBytes`: fields of the frame
 * behind the pad length, which padding may not eat into.
 */
export function stripPadding(head: FrameHead, bytes: Uint8Array, at: number, span: PayloadSpan, fixedBytes = 0): void {
  span.start = at;
  span.end = at + head.length;
  if ((head.flags & Flag.PADDED) === 0) return;
  // §4.2: too small to contain mandatory frame data is a FRAME_SIZE_ERROR.
  if (head.length === 0) throw new ConnectionError('FRAME_SIZE_ERROR', 'padded frame without a pad length');
  const padding = bytes[at];
  // §6.1, §6.2: padding that exceeds what is left for data or field block is a connection error of type PROTOCOL_ERROR.
  if (padding > head.length - 1 - fixedBytes)
    throw new ConnectionError('PROTOCOL_ERROR', `padding of ${padding} in ${head.length} bytes`);
  span.start = at + 1;
  span.end -= padding;
}
