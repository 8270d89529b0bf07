// SPDX-License-Identifier: Apache-2.0
// RFC 9113 §5.1 as a table: every state, every event.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ErrorCode } from '../frame/index.ts';
import {
  ensureMayReceive,
  HALF_CLOSED_REMOTE,
  hasPeerEnded,
  hasSentEnd,
  OPEN,
  receiveEndStream,
  receiveReset,
  type StreamState,
  sendEndStream,
  sendReset,
} from './state.ts';

const HALF_CLOSED_LOCAL: StreamState = { kind: 'half-closed-local' };
const ENDED: StreamState = { kind: 'closed', cause: 'ended' };
const RESET_BY_US: StreamState = { kind: 'closed', cause: 'reset-by-us' };
const RESET_BY_PEER: StreamState = { kind: 'closed', cause: 'reset-by-peer' };

/** State, then what becomes of it: END_STREAM sent, received, RST_STREAM sent, received. */
const TRANSITIONS: readonly (readonly [
  from: StreamState,
  sentEnd: StreamState,
  receivedEnd: StreamState | 'STREAM_CLOSED',
  sentReset: StreamState,
  receivedReset: StreamState,
])[] = [
  [OPEN, HALF_CLOSED_LOCAL, HALF_CLOSED_REMOTE, RESET_BY_US, RESET_BY_PEER],
  [HALF_CLOSED_LOCAL, HALF_CLOSED_LOCAL, ENDED, RESET_BY_US, RESET_BY_PEER],
  [HALF_CLOSED_REMOTE, ENDED, 'STREAM_CLOSED', RESET_BY_US, RESET_BY_PEER],
  [ENDED, ENDED, ENDED, ENDED, ENDED],
  [RESET_BY_US, RESET_BY_US, RESET_BY_US, RESET_BY_US, RESET_BY_US],
  [RESET_BY_PEER, RESET_BY_PEER, RESET_BY_PEER, RESET_BY_PEER, RESET_BY_PEER],
];

const nameOf = (state: StreamState) => (state.kind === 'closed' ? `closed (${state.cause})` : state.kind);
const STREAM_CLOSED = { name: 'ConnectionError', code: ErrorCode.STREAM_CLOSED };

for (const [from, sentEnd, receivedEnd, sentReset, receivedReset] of TRANSITIONS) {
  test(`${nameOf(from)}: END_STREAM and RST_STREAM, sent and received`, () => {
    assert.deepEqual(sendEndStream(from), sentEnd);
    if (receivedEnd === 'STREAM_CLOSED') assert.throws(() => receiveEndStream(from), STREAM_CLOSED);
    else assert.deepEqual(receiveEndStream(from), receivedEnd);
    assert.deepEqual(sendReset(from), sentReset);
    assert.deepEqual(receiveReset(from), receivedReset);
  });
}

test('frames after END_STREAM are refused, before it and after a reset they are not', () => {
  // §5.1, half-closed (remote): "If an endpoint receives additional frames, other than WINDOW_UPDATE, PRIORITY, or
  // RST_STREAM, for a stream that is in this state, it MUST respond with a stream error of type STREAM_CLOSED."
  assert.throws(() => ensureMayReceive(HALF_CLOSED_REMOTE), STREAM_CLOSED);
  for (const state of [OPEN, HALF_CLOSED_LOCAL, RESET_BY_US]) assert.doesNotThrow(() => ensureMayReceive(state));
});

test('who has ended', () => {
  const ends = TRANSITIONS.map(([state]) => [nameOf(state), hasSentEnd(state), hasPeerEnded(state)]);
  assert.deepEqual(ends, [
    ['open', false, false],
    ['half-closed-local', true, false],
    ['half-closed-remote', false, true],
    ['closed (ended)', true, true],
    ['closed (reset-by-us)', true, true],
    ['closed (reset-by-peer)', true, true],
  ]);
});

test('a change of state allocates nothing', () => {
  assert.equal(sendEndStream(OPEN), sendEndStream(OPEN));
  assert.equal(sendReset(OPEN), sendReset(HALF_CLOSED_REMOTE));
});
