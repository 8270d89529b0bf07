// SPDX-License-Identifier: Apache-2.0
// The inputs of the oracle: generated, the same for one seed everywhere.

import { FIELDS_CASES, type FieldsCase } from './broken-fields.ts';
import { FRAMES_CASES } from './broken-frames.ts';
import { MUTATIONS } from './mutations.ts';
import { Random } from './random.ts';
import { RECORDINGS } from './recordings.ts';
import { generateSession } from './sessions.ts';
import { encodeFrames, Flag, type Frame, FrameReader, frame, PREFACE, Type } from './wire.ts';
import { HpackWriter } from './wire-hpack.ts';

/** When the application answers a request: as soon as it is complete, or after all input. */
export type Replies = 'at-once' | 'held';

export interface OracleCase {
  readonly name: string;
  /** All that the client sends, its preface included. */
  readonly bytes: Buffer;
  readonly replies: Replies;
}

export const DEFAULT_SEED = 20_261_122;

const VALID_SESSIONS = 120;
const MUTATED_SESSIONS = 140;
const MUTATIONS_PER_RECORDING = 40;

const SETTINGS = frame(Type.SETTINGS, 0, 0);
const PING = frame(Type.PING, 0, 0, Buffer.from('the end.'));

export function generateCases(seed: number): OracleCase[] {
  const random = new Random(seed);
  return [
    ...prefaceCases(),
    ...times(VALID_SESSIONS, (i) => validSession(i, random.fork())),
    ...FRAMES_CASES.flatMap(({ name, frames }) => both(`frames: ${name}`, [SETTINGS, ...frames])),
    ...FIELDS_CASES.map((fieldsCase) => brokenFields(fieldsCase)),
    ...times(MUTATED_SESSIONS, (i) => mutated('session', i, generateSession(random.fork()), random.fork())),
    ...[...RECORDINGS].flatMap(([client, bytes]) => recorded(client, bytes, random.fork())),
  ];
}

function times<T>(count: number, make: (index: number) => T): T[] {
  return Array.from({ length: count }, (_, index) => make(index));
}

function session(frames: readonly Frame[]): Buffer {
  return Buffer.concat([PREFACE, encodeFrames(frames)]);
}

function both(name: string, frames: readonly Frame[]): OracleCase[] {
  const bytes = session(frames);
  return [
    { name: `${name} (at once)`, bytes, replies: 'at-once' },
    { name: `${name} (held)`, bytes, replies: 'held' },
  ];
}

function alternate(index: number): Replies {
  return index % 2 === 0 ? 'at-once' : 'held';
}

/** RFC 9113 §3.4. */
function prefaceCases(): OracleCase[] {
  const make = (name: string, bytes: Buffer): OracleCase => ({ name: `preface: ${name}`, bytes, replies: 'held' });
  return [
    make('alone', PREFACE),
    make('cut', PREFACE.subarray(0, 20)),
    make('wrong at its first byte', Buffer.from('GET / HTTP/1.1\r\nhost: a\r\n\r\n')),
    make(
      'wrong at its last byte',
      Buffer.concat([PREFACE.subarray(0, 23), Buffer.from('x'), encodeFrames([SETTINGS])]),
    ),
    make('PING before SETTINGS', session([PING, SETTINGS])),
    make('SETTINGS ACK before SETTINGS', session([frame(Type.SETTINGS, Flag.ACK, 0), SETTINGS])),
    make('twice', Buffer.concat([PREFACE, PREFACE])),
    make('no preface, SETTINGS at once', encodeFrames([SETTINGS, PING])),
  ];
}

function validSession(index: number, random: Random): OracleCase {
  return { name: `session ${index}`, bytes: session(generateSession(random)), replies: alternate(index) };
}

function brokenFields(fieldsCase: FieldsCase): OracleCase {
  const hpack = new HpackWriter();
  const { fields, body, trailers, openTrailers } = fieldsCase;
  const frames = [SETTINGS, ...headerFrames(hpack.block(fields), body === undefined)];
  if (body !== undefined)
    frames.push(frame(Type.DATA, trailers === undefined ? Flag.END_STREAM : 0, 1, Buffer.from(body)));
  if (trailers !== undefined) frames.push(...headerFrames(hpack.block(trailers), openTrailers !== true));
  return { name: `fields: ${fieldsCase.name}`, bytes: session([...frames, PING]), replies: 'at-once' };
}

const MAX_FRAME_SIZE = 16_384;

function headerFrames(block: Buffer, endStream: boolean): Frame[] {
  const endFlag = endStream ? Flag.END_STREAM : 0;
  if (block.length <= MAX_FRAME_SIZE) return [frame(Type.HEADERS, Flag.END_HEADERS | endFlag, 1, block)];
  const frames = [frame(Type.HEADERS, endFlag, 1, block.subarray(0, MAX_FRAME_SIZE))];
  for (let at = MAX_FRAME_SIZE; at < block.length; at += MAX_FRAME_SIZE)
    frames.push(frame(Type.CONTINUATION, 0, 1, block.subarray(at, at + MAX_FRAME_SIZE)));
  const last = frames.length - 1;
  frames[last] = { ...frames[last], flags: frames[last].flags | Flag.END_HEADERS };
  return frames;
}

function mutated(what: string, index: number, frames: readonly Frame[], random: Random): OracleCase {
  const mutation = MUTATIONS[index % MUTATIONS.length];
  const bytes = Buffer.concat([PREFACE, mutation.apply(frames, random)]);
  return { name: `${what} ${index}, ${mutation.name}`, bytes, replies: random.chance(50) ? 'at-once' : 'held' };
}

function recorded(client: string, bytes: Buffer, random: Random): OracleCase[] {
  const frames = new FrameReader().push(bytes.subarray(PREFACE.length));
  return [
    { name: `recording ${client} (at once)`, bytes, replies: 'at-once' },
    { name: `recording ${client} (held)`, bytes, replies: 'held' },
    ...times(MUTATIONS_PER_RECORDING, (i) => mutated(`recording ${client}`, i, frames, random.fork())),
  ];
}
