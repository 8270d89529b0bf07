// SPDX-License-Identifier: Apache-2.0
// Deliberate differences at the frame layer: RFC 9113 §3 to §6.

import type { FrameHead, Step } from './client-model.ts';
import { complains, type DifferenceRule, endsConnection, givesUp, OLD_NODE, only, resets } from './difference-rule.ts';
import { Flag, readSettings, Type } from './wire.ts';

/** What both servers accept: RFC 9113 §4.2's initial value. */
const MAX_FRAME_SIZE = 16_384;

const ENABLE_CONNECT_PROTOCOL = 8;
const NO_RFC7540_PRIORITIES = 9;

/** Payload lengths that a type must have (§6). */
const FIXED_LENGTHS: ReadonlyMap<number, number> = new Map([
  [Type.PRIORITY, 5],
  [Type.RST_STREAM, 4],
  [Type.PING, 8],
  [Type.WINDOW_UPDATE, 4],
]);

function hasWrongLength({ type, flags, length }: FrameHead): boolean {
  const fixed = FIXED_LENGTHS.get(type);
  if (length > MAX_FRAME_SIZE || (fixed !== undefined && length !== fixed)) return true;
  if (type === Type.SETTINGS) return length % 6 !== 0 || (length > 0 && (flags & Flag.ACK) !== 0);
  return (type === Type.GOAWAY && length < 8) || (type === Type.PUSH_PROMISE && length < 4);
}

const CONNECTION_TYPES: readonly number[] = [Type.SETTINGS, Type.PING, Type.GOAWAY];
const STREAM_TYPES: readonly number[] = [Type.DATA, Type.HEADERS, Type.PRIORITY, Type.RST_STREAM, Type.CONTINUATION];

function isOutOfPlace(step: Step, { type, streamId }: FrameHead): boolean {
  if (type === Type.PUSH_PROMISE) return true; // never a client's
  const isOnWrongStream = streamId === 0 ? STREAM_TYPES.includes(type) : CONNECTION_TYPES.includes(type);
  const mayBeginThere = type === Type.HEADERS || type === Type.PRIORITY || streamId === 0;
  return (
    isOnWrongStream || (type === Type.CONTINUATION) !== step.insideBlock || (step.phase === 'idle' && !mayBeginThere)
  );
}

export const FRAME_DIFFERENCES: readonly DifferenceRule[] = [
  {
    name: 'bad preface: PROTOCOL_ERROR',
    reason: 'Node says INTERNAL_ERROR for whatever nghttp2 gives up on',
    clause: 'RFC 9113 §3.4',
    afterwards: 'stop',
    matches: ({ step, node, engine }) =>
      step.isFirst && endsConnection(node, 'INTERNAL_ERROR') && endsConnection(engine, 'PROTOCOL_ERROR'),
  },
  {
    name: 'errors of the connection have their own code',
    reason: 'older Node ends the session itself and says INTERNAL_ERROR, whatever nghttp2 found',
    clause: 'RFC 9113 §7',
    afterwards: 'stop',
    below: OLD_NODE,
    matches: ({ step, node, engine }) =>
      !step.isFirst &&
      (endsConnection(node, 'INTERNAL_ERROR') || node.some(({ kind }) => kind === 'closed')) &&
      engine.length > 0 &&
      only(engine, 'goaway'),
  },
  {
    name: 'PING ACK unasked for is ignored',
    reason: 'it harms nobody, and may be late for a PING we gave up; counted as a glitch. Node ends the connection',
    clause: 'RFC 9113 §6.7 names no error for it',
    afterwards: 'stop',
    matches: ({ step, node, engine }) =>
      step.frame?.type === Type.PING &&
      (step.frame.flags & Flag.ACK) !== 0 &&
      endsConnection(node, 'INTERNAL_ERROR') &&
      engine.length === 0,
  },
  {
    name: 'SETTINGS ACK too many is ignored',
    reason: 'as with PING; Node ends the connection',
    clause: 'RFC 9113 §6.5.3 names no error for it',
    afterwards: 'stop',
    matches: ({ step, node, engine }) =>
      step.frame?.type === Type.SETTINGS &&
      (step.frame.flags & Flag.ACK) !== 0 &&
      step.ordinal > 1 &&
      givesUp(node) &&
      engine.length === 0,
  },
  {
    name: 'settings of extensions we do not speak are not looked at',
    reason: 'extended CONNECT (8) and the end of priorities (9) are not implemented, so they are unknown settings',
    clause: 'RFC 9113 §6.5.2: an unknown setting MUST be ignored',
    afterwards: 'stop',
    matches: ({ step, node, engine }) =>
      step.frame?.type === Type.SETTINGS &&
      readSettings(step.frame.payload).some(([id]) => id === ENABLE_CONNECT_PROTOCOL || id === NO_RFC7540_PRIORITIES) &&
      givesUp(node) &&
      only(engine, 'settings-ack'),
  },
  {
    name: 'DATA or HEADERS on a closed stream end the connection',
    reason: 'a peer must not be able to make us reset streams at its pleasure (CVE-2025-8671); nghttp2 drops the frame',
    clause: 'RFC 9113 §5.1 (closed), §5.1.1, raised as §5.4.1 allows',
    afterwards: 'stop',
    matches: ({ step, node, engine }) =>
      (step.head?.type === Type.DATA || step.head?.type === Type.HEADERS || step.frame?.type === Type.CONTINUATION) &&
      ['skipped', 'reset', 'done'].includes(step.phase) &&
      !complains(node) &&
      (endsConnection(engine, 'STREAM_CLOSED') || endsConnection(engine, 'PROTOCOL_ERROR')),
  },
  {
    name: 'DATA too large resets its stream',
    reason: 'the frame can be skipped without losing the state of the connection; nghttp2 ends the connection',
    clause: 'RFC 9113 §4.2',
    afterwards: 'stop',
    matches: ({ step, node, engine }) =>
      step.head?.type === Type.DATA &&
      step.head.length > MAX_FRAME_SIZE &&
      endsConnection(node, 'FRAME_SIZE_ERROR') &&
      resets(engine, step.head.streamId, 'FRAME_SIZE_ERROR'),
  },
  {
    name: 'DATA too large and wrong besides',
    reason: 'on an idle stream, or beyond the window of the connection: two errors in one frame, either may be named',
    clause: 'RFC 9113 §5.1, §6.9.1',
    afterwards: 'stop',
    matches: ({ step, node, engine }) =>
      step.head?.type === Type.DATA &&
      step.head.length > MAX_FRAME_SIZE &&
      endsConnection(node, 'FRAME_SIZE_ERROR') &&
      (endsConnection(engine, 'FLOW_CONTROL_ERROR') || endsConnection(engine, 'PROTOCOL_ERROR')),
  },
  {
    name: 'a field block frame too large: FRAME_SIZE_ERROR',
    reason: 'nghttp2 decodes the fragment before it looks at the size of the frame',
    clause: 'RFC 9113 §4.2',
    afterwards: 'stop',
    matches: ({ step, node, engine }) =>
      (step.head?.type === Type.HEADERS || step.head?.type === Type.CONTINUATION) &&
      step.head.length > MAX_FRAME_SIZE &&
      complains(node) &&
      endsConnection(engine, 'FRAME_SIZE_ERROR'),
  },
  {
    name: 'a bad field block on a bad stream: either code',
    reason: 'two errors of the connection in one frame; the engine decodes first, for the sake of the table',
    clause: 'RFC 9113 §4.3, §5.1.1',
    afterwards: 'stop',
    from: OLD_NODE,
    matches: ({ step, node, engine }) =>
      step.head?.type === Type.HEADERS &&
      (step.head.streamId % 2 === 0 || step.phase === 'skipped') &&
      step.fields === undefined &&
      endsConnection(node, 'PROTOCOL_ERROR') &&
      endsConnection(engine, 'COMPRESSION_ERROR'),
  },
  {
    name: 'overflow of a stream window resets the stream',
    reason: 'nghttp2 ends the connection, as it may',
    clause: 'RFC 9113 §6.9.1',
    afterwards: 'stop',
    matches: ({ step, node, engine }) =>
      step.frame?.type === Type.WINDOW_UPDATE &&
      step.frame.streamId !== 0 &&
      givesUp(node) &&
      (resets(engine, step.frame.streamId, 'FLOW_CONTROL_ERROR') || engine.length === 0),
  },
  {
    name: 'overflow of a stream window by SETTINGS ends the connection',
    reason: 'older nghttp2 resets the stream',
    clause: 'RFC 9113 §6.9.2',
    afterwards: 'stop',
    below: OLD_NODE,
    matches: ({ step, node, engine }) =>
      step.frame?.type === Type.SETTINGS &&
      node.some(({ kind }) => kind === 'reset') &&
      endsConnection(engine, 'FLOW_CONTROL_ERROR'),
  },
  {
    name: 'wrong length and wrong place: either code',
    reason: "one frame breaks two rules; which is looked at first is nobody's business",
    clause: 'RFC 9113 §4.2, §5.1, §6',
    afterwards: 'stop',
    matches: ({ step, node, engine }) =>
      step.head !== undefined &&
      hasWrongLength(step.head) &&
      isOutOfPlace(step, step.head) &&
      [node, engine].some((facts) => endsConnection(facts, 'FRAME_SIZE_ERROR')) &&
      [node, engine].some((facts) => endsConnection(facts, 'PROTOCOL_ERROR')),
  },
  {
    name: 'no room for the pad length: FRAME_SIZE_ERROR',
    reason: 'the frame is too small to contain mandatory data; nghttp2 says PROTOCOL_ERROR',
    clause: 'RFC 9113 §4.2',
    afterwards: 'stop',
    matches: ({ step, node, engine }) =>
      step.frame !== undefined &&
      (step.frame.flags & Flag.PADDED) !== 0 &&
      step.frame.payload.length === 0 &&
      endsConnection(node, 'PROTOCOL_ERROR') &&
      endsConnection(engine, 'FRAME_SIZE_ERROR'),
  },
  {
    name: 'PRIORITY on stream 0 is an error',
    reason: 'nghttp2 no longer looks at PRIORITY',
    clause: 'RFC 9113 §6.3',
    afterwards: 'stop',
    from: OLD_NODE,
    matches: ({ step, node, engine }) =>
      step.frame?.type === Type.PRIORITY &&
      step.frame.streamId === 0 &&
      node.length === 0 &&
      endsConnection(engine, 'PROTOCOL_ERROR'),
  },
  {
    name: 'a stream that depends on itself is an error',
    reason: 'h2spec asks for it, and it ends the connection, so that it is no way to have streams reset',
    clause: 'RFC 7540 §5.3.1, raised as RFC 9113 §5.4.1 allows',
    afterwards: 'stop',
    from: OLD_NODE,
    matches: ({ step, node, engine }) =>
      step.frame?.type === Type.PRIORITY &&
      step.frame.payload.length === 5 &&
      (step.frame.payload.readUInt32BE(0) & 0x7fffffff) === step.frame.streamId &&
      !complains(node) &&
      endsConnection(engine, 'PROTOCOL_ERROR'),
  },
  {
    name: 'GOAWAY with an error does not end our side',
    reason: 'what is running may still be answered; the client ends the connection itself',
    clause: 'RFC 9113 §6.8',
    afterwards: 'stop',
    matches: ({ step, node, engine }) =>
      step.frame?.type === Type.GOAWAY &&
      step.frame.payload.length >= 8 &&
      step.frame.payload.readUInt32BE(4) !== 0 &&
      only(node, 'closed', 'failed', 'reset') &&
      engine.length === 0,
  },
  {
    name: 'frames after GOAWAY are read as before',
    reason: "a client's GOAWAY is about streams of ours, not of its own; Node stops reading",
    clause: 'RFC 9113 §6.8',
    afterwards: 'stop',
    matches: ({ step, node, engine }) => step.afterGoAway && node.length === 0 && engine.length > 0,
  },
  {
    name: 'field blocks are judged when they are complete',
    reason: 'nghttp2 decodes each fragment as it comes, and so finds an error sooner',
    clause: 'RFC 9113 §4.3',
    afterwards: 'stop',
    matches: ({ step, node, engine }) =>
      (step.head?.type === Type.HEADERS || step.head?.type === Type.CONTINUATION) &&
      (step.frame === undefined || (step.head.flags & Flag.END_HEADERS) === 0) &&
      complains(node) &&
      engine.length === 0,
  },
  {
    name: 'DATA is handed up by whole frames',
    reason: 'nghttp2 hands up what has arrived of a frame; the rest of this one never comes',
    clause: 'RFC 9113 §4.1',
    afterwards: 'continue',
    matches: ({ step, node, engine }) =>
      step.frame === undefined && step.head?.type === Type.DATA && only(node, 'body') && engine.length === 0,
  },
  {
    name: 'a frame is judged when it is complete',
    reason: 'nghttp2 already finds fault with the nine bytes of its head; the rest of this one never comes',
    clause: 'RFC 9113 §4.1',
    afterwards: 'stop',
    matches: ({ step, node, engine }) =>
      step.frame === undefined && step.head !== undefined && complains(node) && engine.length === 0,
  },
];
