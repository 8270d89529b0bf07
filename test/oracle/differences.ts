// SPDX-License-Identifier: Apache-2.0
// Where the engine deliberately differs from Node's http2, and why. A rule names one cause, as narrowly as it can be
// told from the frame at which the two part; one that no input needs any more is an error of its own.

import type { DifferenceRule } from './difference-rule.ts';
import { FIELD_DIFFERENCES } from './field-differences.ts';
import { FRAME_DIFFERENCES } from './frame-differences.ts';

/** The rules that concern the Node that runs, by its nghttp2 (161 for 1.61). */
export function rulesFor(nghttp2Version: number): readonly DifferenceRule[] {
  return [...FRAME_DIFFERENCES, ...FIELD_DIFFERENCES].filter(
    ({ from = 0, below = Number.POSITIVE_INFINITY }) => nghttp2Version >= from && nghttp2Version < below,
  );
}
