// SPDX-License-Identifier: Apache-2.0
/** HEADERS: opens a stream, or carries its response head or trailers (RFC 9113 §6.2). Read in place. */

import { ConnectionError } from './error.ts';
import { encodeFrameHead, Flag, type FrameHead, FrameType, type PayloadSpan, typeAndFlags } from './head.ts';
import { stripPadding } from './padding.ts';
import { ensureNotSelfDependent, PRIORITY_BYTES } from './priority.ts';

const HEADERS = typeAndFlags(FrameType.HEADERS, 0);

/** Leaves in `span` the field block fragment. */
export function parseHeaders(head: FrameHead, bytes: Uint8Array, at: number, span: PayloadSpan): void {
  // §6.2: on stream 0x00, a connection error of type PROTOCOL_ERROR.
  if (head.streamId === 0) throw new ConnectionError('PROTOCOL_ERROR', 'HEADERS on stream 0');
  const hasPriority = (head.flags & Flag.PRIORITY) !== 0;
  const padLengthBytes = (head.flags & Flag.PADDED) !== 0 ? 1 : 0;
  // §4.2: too small to contain mandatory frame data is a connection FRAME_SIZE_ERROR, HEADERS changing shared state.
  if (hasPriority && head.length < PRIORITY_BYTES + padLengthBytes) {
    throw new ConnectionError('FRAME_SIZE_ERROR', 'HEADERS too short for its priority');
  }
  stripPadding(head, bytes, at, span, hasPriority ? PRIORITY_BYTES : 0);
  if (!hasPriority) return;
  ensureNotSelfDependent(head.streamId, bytes, span.start);
  span.start += PRIORITY_BYTES;
}

/** The head alone; the field block of `length` bytes stands behind it. `flags`: END_STREAM, END_HEADERS. */
export function encodeHeadersHead(
  out: Uint8Array,
  at: number,
  streamId: number,
  length: number,
  flags: number,
): number {
  return encodeFrameHead(out, at, length, HEADERS | flags, streamId);
}
