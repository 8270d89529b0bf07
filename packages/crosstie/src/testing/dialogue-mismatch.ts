// SPDX-License-Identifier: Apache-2.0
// What a failed `receives` prints: expected and received side by side, one line per frame, the first difference marked.

import { formatFrame, type ReceivedFrame } from './received-frame.ts';

export interface Expectation {
  readonly line: string;
  matches(frame: ReceivedFrame): boolean;
}

/** The text of the mismatch, or undefined when every frame is as expected. `state` is that of the connection. */
export function compareDialogue(
  expected: readonly Expectation[],
  received: readonly ReceivedFrame[],
  state: string,
): string | undefined {
  const rows: string[] = [];
  let firstWrong = -1;
  for (let i = 0; i < Math.max(expected.length, received.length); i++) {
    const isRight = i < expected.length && i < received.length && expected[i].matches(received[i]);
    if (!isRight && firstWrong === -1) firstWrong = i;
    rows.push(...formatRow(expected[i], received[i], isRight, state));
  }
  if (firstWrong === -1) return undefined;
  return [formatTitle(firstWrong, expected.length, received.length), ...rows].join('\n');
}

function formatTitle(firstWrong: number, expected: number, received: number): string {
  if (expected === 0) return `nothing was expected, but ${received === 1 ? 'a frame' : `${received} frames`} came`;
  const missing = received < expected && firstWrong === received;
  return `frame ${firstWrong + 1} of ${expected} ${missing ? 'has not come' : 'is not the one expected'}`;
}

function formatRow(
  expected: Expectation | undefined,
  received: ReceivedFrame | undefined,
  isRight: boolean,
  state: string,
): string[] {
  const actual = received === undefined ? `nothing (the connection is ${state})` : formatFrame(received);
  if (isRight) return [`  as expected  ${actual}`];
  return [`> expected     ${expected?.line ?? 'nothing'}`, `  received     ${actual}`];
}
