// SPDX-License-Identifier: Apache-2.0
// Ways to damage a session. Each takes frames and gives bytes; what it hits is chosen by the generator it is given.

import type { Random } from './random.ts';
import { encodeFrames, Flag, type Frame, Type } from './wire.ts';
import { encodeInteger } from './wire-hpack.ts';

export interface Mutation {
  readonly name: string;
  apply(frames: readonly Frame[], random: Random): Buffer;
}

/** A mutation of the list of frames. */
function ofFrames(name: string, change: (frames: Frame[], random: Random) => void): Mutation {
  const apply = (frames: readonly Frame[], random: Random) => {
    const changed = [...frames];
    change(changed, random);
    return encodeFrames(changed);
  };
  return { name, apply };
}

/** A mutation of one frame. */
function ofOne(
  name: string,
  choose: (frame: Frame) => boolean,
  change: (frame: Frame, random: Random) => Frame,
): Mutation {
  return ofFrames(name, (frames, random) => {
    const candidates = frames.flatMap((frame, at) => (choose(frame) ? [at] : []));
    if (candidates.length === 0) return;
    const at = random.pick(candidates);
    frames[at] = change(frames[at], random);
  });
}

const any = () => true;
const isHeaderBlock = (frame: Frame) => frame.type === Type.HEADERS || frame.type === Type.CONTINUATION;

function withByte(bytes: Buffer, at: number, change: (byte: number) => number): Buffer {
  const changed = Buffer.from(bytes);
  if (changed.length > 0) changed[at] = change(changed[at]) & 0xff;
  return changed;
}

const flipBits: Mutation = {
  name: 'flip bits',
  apply(frames, random) {
    const bytes = encodeFrames(frames);
    for (let flips = random.integer(1, 4); flips > 0; flips--)
      bytes[random.integer(0, bytes.length - 1)] ^= 1 << random.integer(0, 7);
    return bytes;
  },
};

const truncate: Mutation = {
  name: 'cut the end off',
  apply(frames, random) {
    const bytes = encodeFrames(frames);
    return bytes.subarray(0, random.integer(0, bytes.length - 1));
  },
};

const insertBytes: Mutation = {
  name: 'insert bytes',
  apply(frames, random) {
    const bytes = encodeFrames(frames);
    const at = random.integer(0, bytes.length);
    return Buffer.concat([bytes.subarray(0, at), random.bytes(random.integer(1, 12)), bytes.subarray(at)]);
  },
};

const removeBytes: Mutation = {
  name: 'remove bytes',
  apply(frames, random) {
    const bytes = encodeFrames(frames);
    const at = random.integer(0, bytes.length - 1);
    return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + random.integer(1, 12))]);
  },
};

export const MUTATIONS: readonly Mutation[] = [
  flipBits,
  truncate,
  insertBytes,
  removeBytes,
  ofFrames('swap two frames', (frames, random) => {
    const from = random.integer(0, frames.length - 1);
    const to = random.integer(0, frames.length - 1);
    [frames[from], frames[to]] = [frames[to], frames[from]];
  }),
  ofFrames('duplicate a frame', (frames, random) => {
    const at = random.integer(0, frames.length - 1);
    frames.splice(random.integer(at, frames.length), 0, frames[at]);
  }),
  ofFrames('delete a frame', (frames, random) => {
    frames.splice(random.integer(0, frames.length - 1), 1);
  }),
  ofOne('length lie', any, (frame, random) => {
    const lie = random.pick([-frame.payload.length, -1, 1, 2, 100, 16_385, 2 ** 24 - 1]);
    return { ...frame, claimedLength: Math.max(0, frame.payload.length + lie) };
  }),
  ofOne('another type', any, (frame, random) => ({ ...frame, type: random.integer(0, 12) })),
  ofOne('another flag', any, (frame, random) => ({
    ...frame,
    flags: frame.flags ^ random.pick([Flag.END_STREAM, Flag.END_HEADERS, Flag.PADDED, Flag.PRIORITY]),
  })),
  ofOne('another stream', any, (frame, random) => ({ ...frame, streamId: random.integer(0, 9) })),
  ofOne('HPACK: one byte', isHeaderBlock, (frame, random) => {
    const at = random.integer(0, frame.payload.length - 1);
    return { ...frame, payload: withByte(frame.payload, at, () => random.integer(0, 255)) };
  }),
  ofOne('HPACK: one representation more', isHeaderBlock, (frame, random) => {
    const extra = random.pick([
      encodeInteger(random.integer(0, 80), 7, 0x80),
      encodeInteger(random.integer(0, 5000), 5, 0x20),
      Buffer.from([0x40, 0x01, random.integer(0x60, 0x7f), 0x01, random.integer(0, 255)]),
    ]);
    const inFront = random.chance(50);
    return { ...frame, payload: Buffer.concat(inFront ? [extra, frame.payload] : [frame.payload, extra]) };
  }),
  ofOne('HPACK: cut', isHeaderBlock, (frame, random) => ({
    ...frame,
    payload: frame.payload.subarray(0, random.integer(0, frame.payload.length)),
  })),
];
