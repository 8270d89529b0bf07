// SPDX-License-Identifier: Apache-2.0
// The grammar of valid sessions: what a client may lawfully send, with every freedom that RFC 9113 and RFC 7541 leave
// it used at random.

import type { Random } from './random.ts';
import { Flag, type Frame, frame, pad, Setting, settingsPayload, Type, uint32 } from './wire.ts';
import { type Field, HpackWriter, type Representation } from './wire-hpack.ts';

/** Writes a client's half of a connection; keeps the HPACK state and the stream ids. */
export class SessionWriter {
  readonly random: Random;
  readonly hpack = new HpackWriter();
  #nextStreamId = 1;

  constructor(random: Random) {
    this.random = random;
  }

  newStreamId(): number {
    const id = this.#nextStreamId;
    // §5.1.1: ids only have to increase; a gap leaves streams unused.
    this.#nextStreamId += this.random.chance(15) ? 4 : 2;
    return id;
  }

  /** A header block in one HEADERS frame or in several, padded or not, with or without the old priority fields. */
  headers(streamId: number, fields: readonly Field[], endStream: boolean): Frame[] {
    return this.headerFrames(
      streamId,
      this.hpack.block(fields, () => this.#representation()),
      endStream,
    );
  }

  headerFrames(streamId: number, block: Buffer, endStream: boolean): Frame[] {
    const pieces = this.random.chance(25) ? this.#cut(block, this.random.integer(2, 4)) : [block];
    const last = pieces.length - 1;
    let first = frame(Type.HEADERS, endStream ? Flag.END_STREAM : 0, streamId, pieces[0]);
    if (this.random.chance(15)) first = withPriority(first, this.random);
    if (this.random.chance(15)) first = pad(first, this.random.integer(0, 20));
    const frames = [first, ...pieces.slice(1).map((piece) => frame(Type.CONTINUATION, 0, streamId, piece))];
    frames[last] = { ...frames[last], flags: frames[last].flags | Flag.END_HEADERS };
    return frames;
  }

  data(streamId: number, bytes: Buffer, endStream: boolean): Frame {
    const plain = frame(Type.DATA, endStream ? Flag.END_STREAM : 0, streamId, bytes);
    return this.random.chance(15) ? pad(plain, this.random.integer(0, 255)) : plain;
  }

  #representation(): Representation {
    return {
      kind: this.random.pick(['indexed', 'incremental', 'plain', 'never'] as const),
      huffmanName: this.random.chance(50),
      huffmanValue: this.random.chance(50),
      nameIndex: this.random.chance(70),
    };
  }

  #cut(bytes: Buffer, count: number): Buffer[] {
    const cuts = Array.from({ length: count - 1 }, () => this.random.integer(1, bytes.length));
    const ends = [...cuts.sort((a, b) => a - b), bytes.length];
    // No empty piece: a CONTINUATION frame of no bytes is counted as an attack, see broken.ts for that one.
    return ends.map((end, i) => bytes.subarray(i === 0 ? 0 : ends[i - 1], end)).filter((piece) => piece.length > 0);
  }
}

/** RFC 7540 §5.3: exclusive bit and parent, weight. Ignored since RFC 9113 but still sent. */
function withPriority(headers: Frame, random: Random): Frame {
  const fields = Buffer.concat([uint32(headers.streamId + 2), Buffer.from([random.integer(0, 255)])]);
  return { ...headers, flags: headers.flags | Flag.PRIORITY, payload: Buffer.concat([fields, headers.payload]) };
}

/** The frames of one whole client connection, without the preface. */
export function generateSession(random: Random): Frame[] {
  const writer = new SessionWriter(random);
  const frames = [frame(Type.SETTINGS, 0, 0, settingsPayload(randomSettings(random)))];
  if (random.chance(60)) frames.push(frame(Type.SETTINGS, Flag.ACK, 0));
  if (random.chance(40)) frames.push(frame(Type.WINDOW_UPDATE, 0, 0, uint32(random.integer(1, 2 ** 20))));
  const streams = Array.from({ length: random.integer(1, 4) }, () => streamFrames(writer));
  while (streams.length > 0) {
    if (random.chance(20)) frames.push(connectionFrame(random));
    const at = random.integer(0, streams.length - 1);
    const next = streams[at].next();
    if (next.done === true) streams.splice(at, 1);
    else frames.push(...next.value);
  }
  if (random.chance(10)) frames.push(frame(Type.GOAWAY, 0, 0, Buffer.concat([uint32(0), uint32(0)])));
  return frames;
}

export function randomSettings(random: Random): [id: number, value: number][] {
  const entries: [number, number][] = [
    [Setting.HEADER_TABLE_SIZE, random.pick([0, 100, 4096, 65_536])],
    [Setting.ENABLE_PUSH, random.integer(0, 1)],
    [Setting.MAX_CONCURRENT_STREAMS, random.pick([0, 1, 100, 2 ** 32 - 1])],
    [Setting.INITIAL_WINDOW_SIZE, random.pick([0, 1, 65_535, 2 ** 20, 2 ** 30])],
    [Setting.MAX_FRAME_SIZE, random.pick([16_384, 20_000, 2 ** 24 - 1])],
    [Setting.MAX_HEADER_LIST_SIZE, random.pick([4096, 16_384, 2 ** 32 - 1])],
    [0xfc05, random.uint32()], // §6.5.2: unknown settings are ignored
  ];
  return entries.filter(() => random.chance(35));
}

/** One frame that a client may send between any two others. */
function connectionFrame(random: Random): Frame {
  switch (random.integer(0, 4)) {
    case 0:
      return frame(Type.PING, 0, 0, random.bytes(8));
    case 1:
      return frame(Type.SETTINGS, 0, 0, settingsPayload(randomSettings(random)));
    case 2:
      return frame(Type.WINDOW_UPDATE, 0, 0, uint32(random.integer(1, 1000)));
    case 3:
      return frame(Type.PRIORITY, 0, 99, Buffer.concat([uint32(0), Buffer.from([15])]));
    default: // §4.1: unknown types are ignored, whatever their flags and stream
      return frame(random.integer(0x40, 0xff), random.integer(0, 255), random.integer(0, 9), random.bytes(5));
  }
}

/** One stream, unit by unit; a unit may not be interrupted by another stream's frames. */
function* streamFrames(writer: SessionWriter): Generator<Frame[]> {
  const { random } = writer;
  const id = writer.newStreamId();
  const body = random.chance(60) ? random.bytes(random.pick([0, 1, 7, 100, 951, 5000])) : undefined;
  const trailers = body !== undefined && random.chance(30);
  yield writer.headers(id, requestFields(random, body), body === undefined);
  if (body === undefined) return;
  if (random.chance(10)) {
    yield [frame(Type.RST_STREAM, 0, id, uint32(random.pick([0, 8, 2, 99])))];
    return;
  }
  if (random.chance(15)) yield [frame(Type.WINDOW_UPDATE, 0, id, uint32(random.integer(1, 2 ** 16)))];
  // At most eight frames: a long run of tiny ones would be a flood, which is another test's affair.
  const frameBytes = Math.max(random.pick([1, 50, 1000, 5000]), Math.ceil(body.length / 8));
  for (let at = 0; at < body.length; at += frameBytes) {
    const isLast = at + frameBytes >= body.length && !trailers;
    yield [writer.data(id, body.subarray(at, at + frameBytes), isLast)];
  }
  if (trailers) yield writer.headers(id, trailerFields(random), true);
  else if (body.length === 0) yield [writer.data(id, body, true)];
}

export function requestFields(random: Random, body: Buffer | undefined): Field[] {
  const fields: Field[] = [
    [':method', body === undefined ? random.pick(['GET', 'HEAD', 'DELETE', 'QUERY']) : random.pick(['POST', 'PUT'])],
    [':scheme', random.pick(['http', 'https'])],
    [':path', random.pick(['/', '/crosstie.echo.v1.EchoService/Echo', '/a?b=c&d', "/%20!$&'()*+,;=:@-._~"])],
    [':authority', random.pick(['localhost', 'example.test:8080', '[::1]:1', '127.0.0.1'])],
  ];
  const pseudo = fields.length;
  if (random.chance(30)) shuffle(fields, random); // §8.3: pseudo-header fields come first, in any order
  if (body !== undefined && random.chance(40)) fields.push(['content-length', String(body.length)]);
  if (random.chance(30)) fields.push(['te', 'trailers']);
  if (random.chance(30)) fields.push(['content-type', 'application/grpc']);
  if (random.chance(20)) fields.push(['host', fields.find(([name]) => name === ':authority')?.[1] ?? '']);
  for (let crumbs = random.chance(20) ? random.integer(1, 4) : 0; crumbs > 0; crumbs--)
    fields.push(['cookie', `c${crumbs}=${random.integer(0, 9)}`]);
  for (let more = random.integer(0, 5); more > 0; more--) fields.push(regularField(random));
  const regular = fields.splice(pseudo);
  if (random.chance(30)) shuffle(regular, random);
  return [...fields, ...regular];
}

function trailerFields(random: Random): Field[] {
  return Array.from({ length: random.integer(1, 3) }, () => regularField(random));
}

const TOKEN_CHARACTERS = "abcdefghijklmnopqrstuvwxyz0123456789!#$%&'*+-.^_`|~";
const ALL_VALUE_CHARACTERS = Array.from({ length: 256 }, (_, code) => code)
  .filter((code) => code > 0x20 && code !== 0x7f)
  .map((code) => String.fromCharCode(code));

function regularField(random: Random): Field {
  const name = `x-${Array.from({ length: random.integer(1, 12) }, () => random.pick([...TOKEN_CHARACTERS])).join('')}`;
  const length = random.pick([0, 1, 5, 30, 200]);
  return [name, Array.from({ length }, () => random.pick(ALL_VALUE_CHARACTERS)).join('')];
}

function shuffle<T>(items: T[], random: Random): void {
  for (let i = items.length - 1; i > 0; i--) {
    const j = random.integer(0, i);
    [items[i], items[j]] = [items[j], items[i]];
  }
}
