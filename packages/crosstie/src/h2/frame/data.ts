// SPDX-License-Identifier: Apache-2.0
/** DATA: a piece of a body (RFC 9113 §6.1). Read in place: the span is all that is made of it. */

import { ConnectionError } from './error.ts';
import { encodeFrameHead, Flag, type FrameHead, FrameType, type PayloadSpan, typeAndFlags } from './head.ts';
import { stripPadding } from './padding.ts';

const DATA = typeAndFlags(FrameType.DATA, 0);
const DATA_END = typeAndFlags(FrameType.DATA, Flag.END_STREAM);

export function parseData(head: FrameHead, bytes: Uint8Array, at: number, span: PayloadSpan): void {
  // §6.1: on stream 0x00, a connection error of type PROTOCOL_ERROR.
  if (head.streamId === 0) throw new ConnectionError('PROTOCOL_ERROR', 'DATA on stream 0');
  stripPadding(head, bytes, at, span);
}

/** The head alone: the payload of `length` bytes is copied or chained behind it. */
export function encodeDataHead(
  out: Uint8Array,
  at: number,
  streamId: number,
  length: number,
  endStream: boolean,
): number {
  return encodeFrameHead(out, at, length, endStream ? DATA_END : DATA, streamId);
}
