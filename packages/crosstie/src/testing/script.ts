// SPDX-License-Identifier: Apache-2.0
// The words of a dialogue: `settings(…)`, `headers(1, …)`, `data(1, 'x')`. The same word is sent in `peer.sends(…)` and
// expected in `peer.receives(…)`. Sent, what is left out has its default; expected, what is left out is not looked at,
// except END_STREAM, which must be there if and only if it is named.

import type { FieldPair } from '../exchange/index.ts';
import { formatFields, formatSettings, formatText, type ReceivedFrame, settingsOf } from './received-frame.ts';
import {
  ACK,
  END_HEADERS,
  END_STREAM,
  ERROR_CODES,
  type ErrorCodeName,
  encodeFrameBytes,
  errorCodeName,
  FRAME_TYPES,
  type FrameBytes,
  type FrameTypeName,
  frameTypeName,
  PADDED,
  PREFACE_BYTES,
  PRIORITY_FLAG,
  SETTING_NAMES,
} from './wire-frame.ts';
import { encodeFields, type FieldForm } from './wire-hpack.ts';

/** One word of the dialogue. */
export interface Script {
  /** How it is printed, on one line. */
  readonly line: string;
  encode(): Uint8Array;
  matches(frame: ReceivedFrame): boolean;
}

/** Names and values in order; a record when no name comes twice. When expected, a value may be a pattern. */
export type ScriptFields = Readonly<Record<string, string | RegExp>> | readonly (readonly [string, string | RegExp])[];

/** By the name of RFC 9113 §6.5.2, or by number (`0xfc05`). */
export type ScriptSettings = Readonly<Partial<Record<Exclude<(typeof SETTING_NAMES)[number], '(0)' | '(7)'>, number>>> &
  Readonly<Record<number, number>>;

/** `END_STREAM`, or more than that. */
export type HeadersOptions =
  | number
  | {
      readonly flags?: number;
      /** False leaves END_HEADERS away: CONTINUATION is to follow. */
      readonly endHeaders?: boolean;
      readonly paddingBytes?: number;
      readonly priority?: { readonly dependsOn: number; readonly exclusive?: boolean; readonly weight?: number };
      readonly form?: FieldForm;
    };
export type DataOptions = number | { readonly flags?: number; readonly paddingBytes?: number };

/** The 24 bytes a client begins with. */
export const preface: Script = {
  line: 'PREFACE',
  encode: () => PREFACE_BYTES,
  matches: (frame) => frame.kind === 'preface',
};

/** Bytes as they are; they can only be sent. */
export function raw(bytes: Uint8Array | string): Script {
  const content = typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes;
  return { line: `${content.length} raw bytes`, encode: () => content, matches: () => false };
}

/** Any frame at all, also one that lies about its length. Expected, type, flags, stream and payload must be equal. */
export function frame(fields: Omit<FrameBytes, 'type'> & { readonly type: number | FrameTypeName }): Script {
  const type = typeof fields.type === 'number' ? fields.type : FRAME_TYPES.indexOf(fields.type);
  const { flags = 0, streamId = 0, payload = new Uint8Array(0) } = fields;
  return {
    line: `${frameTypeName(type)} stream=${streamId} flags=0x${flags.toString(16)} ${payload.length} bytes`,
    encode: () => encodeFrameBytes({ ...fields, type }),
    matches: ({ wire }) =>
      wire.type === type && wire.flags === flags && wire.streamId === streamId && wire.payload.equals(payload),
  };
}

export function data(streamId: number, payload?: string | Uint8Array | RegExp, options: DataOptions = 0): Script {
  const { flags = 0, paddingBytes } = typeof options === 'number' ? { flags: options } : options;
  const bytes = payload instanceof RegExp ? undefined : toBytes(payload ?? '');
  return script('DATA', `${streamId}${endStream(flags)} ${describePayload(payload)}`, {
    encode: () => {
      const padded = pad(sendable(bytes, 'DATA with a pattern'), paddingBytes);
      return { streamId, flags: flags | padded.flags, payload: padded.bytes };
    },
    matches: (frame) =>
      frame.wire.streamId === streamId &&
      sameEndStream(frame, flags) &&
      (payload === undefined || matchesBytes(frame.body, payload)),
  });
}

/** A header section: HEADERS and what CONTINUATION follows. `fields` may be a header block as bytes, to be sent. */
export function headers(streamId: number, fields: ScriptFields | Uint8Array = {}, options: HeadersOptions = 0): Script {
  const o = typeof options === 'number' ? { flags: options } : options;
  const flags = o.flags ?? 0;
  return script('HEADERS', `${streamId}${endStream(flags)} ${describeFields(fields)}`, {
    encode: () => {
      const block = fields instanceof Uint8Array ? fields : encodeFields(sendableFields(fields), o.form);
      const priority = o.priority === undefined ? Buffer.alloc(0) : encodePriority(o.priority);
      const padded = pad(Buffer.concat([priority, block]), o.paddingBytes);
      const end = o.endHeaders === false ? 0 : END_HEADERS;
      const prioritised = o.priority === undefined ? 0 : PRIORITY_FLAG;
      return { streamId, flags: flags | end | prioritised | padded.flags, payload: padded.bytes };
    },
    matches: (frame) =>
      frame.kind === 'headers' &&
      frame.wire.streamId === streamId &&
      sameEndStream(frame, flags) &&
      matchesFields(frame.fields, fields),
  });
}

/** The rest of a header block. Only to be sent: what is received arrives joined, as `headers`. */
export function continuation(streamId: number, block: ScriptFields | Uint8Array, options: HeadersOptions = 0): Script {
  const o = typeof options === 'number' ? { flags: options } : options;
  return script('CONTINUATION', `${streamId} ${describeFields(block)}`, {
    encode: () => ({
      streamId,
      flags: (o.flags ?? 0) | (o.endHeaders === false ? 0 : END_HEADERS),
      payload: block instanceof Uint8Array ? block : encodeFields(sendableFields(block), o.form),
    }),
    matches: () => false,
  });
}

export function settings(values: ScriptSettings = {}): Script {
  const pairs = Object.entries(values).map(([name, value]) => [settingId(name), value as number] as const);
  return script('SETTINGS', formatSettings(pairs), {
    encode: () => ({ payload: Buffer.concat(pairs.map(([id, value]) => encodeSetting(id, value))) }),
    matches: (frame) => {
      if ((frame.wire.flags & ACK) !== 0) return false;
      const received = settingsOf(frame.wire);
      return pairs.every(([id, value]) => received.some((pair) => pair[0] === id && pair[1] === value));
    },
  });
}

/** The acknowledgement of SETTINGS. */
export const ack: Script = script('SETTINGS', 'ACK', {
  encode: () => ({ flags: ACK }),
  matches: (frame) => (frame.wire.flags & ACK) !== 0,
});

/** `opaque`: eight bytes, as text in Latin-1. Expected without it, any will do. */
export function ping(opaque?: string): Script {
  return pingScript(opaque, 0);
}

/** PING with ACK: the answer. */
export function pong(opaque?: string): Script {
  return pingScript(opaque, ACK);
}

function pingScript(opaque: string | undefined, flags: number): Script {
  const payload = Buffer.from(opaque ?? '01234567', 'latin1');
  return script('PING', `${flags === ACK ? 'ACK ' : ''}${opaque === undefined ? '' : formatText(payload)}`, {
    encode: () => ({ flags, payload }),
    matches: ({ wire }) => (wire.flags & ACK) === flags && (opaque === undefined || wire.payload.equals(payload)),
  });
}

/** `debug` is compared with, or searched in, the additional debug data. */
export function goAway(code: ErrorCodeName, debug?: string | RegExp, lastStreamId?: number): Script {
  const id = lastStreamId === undefined ? '' : ` last=${lastStreamId}`;
  return script('GOAWAY', `${code}${id}${debug === undefined ? '' : ` ${debug}`}`, {
    encode: () => {
      const head = Buffer.alloc(8);
      head.writeUInt32BE(lastStreamId ?? 0, 0);
      head.writeUInt32BE(ERROR_CODES.indexOf(code), 4);
      return { payload: Buffer.concat([head, toBytes(sendableText(debug ?? ''))]) };
    },
    matches: ({ wire }) =>
      wire.payload.length >= 8 &&
      errorCodeName(wire.payload.readUInt32BE(4)) === code &&
      (lastStreamId === undefined || (wire.payload.readUInt32BE(0) & 0x7fff_ffff) === lastStreamId) &&
      (debug === undefined || matchesBytes(wire.payload.subarray(8), debug)),
  });
}

/** RST_STREAM. */
export function reset(streamId: number, code: ErrorCodeName): Script {
  return script('RST_STREAM', `${streamId} ${code}`, {
    encode: () => ({ streamId, payload: uint32(ERROR_CODES.indexOf(code)) }),
    matches: ({ wire }) =>
      wire.streamId === streamId && wire.payload.length === 4 && errorCodeName(wire.payload.readUInt32BE(0)) === code,
  });
}

/** Expected without an increment, any will do. All 32 bits of it are sent. */
export function windowUpdate(streamId: number, increment?: number): Script {
  return script('WINDOW_UPDATE', `${streamId}${increment === undefined ? '' : ` +${increment}`}`, {
    encode: () => ({ streamId, payload: uint32(increment ?? 0) }),
    matches: ({ wire }) =>
      wire.streamId === streamId &&
      wire.payload.length === 4 &&
      (increment === undefined || wire.payload.readUInt32BE(0) === increment),
  });
}

export function priority(streamId: number, dependsOn: number, weight = 16, exclusive = false): Script {
  const payload = encodePriority({ dependsOn, weight, exclusive });
  return script('PRIORITY', `${streamId} on ${dependsOn}`, {
    encode: () => ({ streamId, payload }),
    matches: ({ wire }) => wire.streamId === streamId && wire.payload.equals(payload),
  });
}

export function pushPromise(streamId: number, promisedId: number, fields: ScriptFields): Script {
  return script('PUSH_PROMISE', `${streamId} promises ${promisedId} ${describeFields(fields)}`, {
    encode: () => ({
      streamId,
      flags: END_HEADERS,
      payload: Buffer.concat([uint32(promisedId), encodeFields(sendableFields(fields))]),
    }),
    matches: ({ wire }) => wire.streamId === streamId && wire.payload.readUInt32BE(0) === promisedId,
  });
}

/** The usual request head; `fields` come after the pseudo-header fields, or replace them. */
export function request(method: string, path: string, fields: Readonly<Record<string, string>> = {}): ScriptFields {
  return { ':method': method, ':scheme': 'http', ':path': path, ':authority': 'localhost', ...fields };
}

interface ScriptParts {
  readonly encode: () => Omit<FrameBytes, 'type'>;
  readonly matches: (frame: ReceivedFrame) => boolean;
}

function script(name: FrameTypeName, rest: string, parts: ScriptParts): Script {
  const type = FRAME_TYPES.indexOf(name);
  return {
    line: `${name} ${rest}`.trimEnd(),
    encode: () => encodeFrameBytes({ type, ...parts.encode() }),
    matches: (frame) => frame.kind !== 'preface' && frame.wire.type === type && parts.matches(frame),
  };
}

function sameEndStream(frame: ReceivedFrame, flags: number): boolean {
  return (frame.wire.flags & END_STREAM) === (flags & END_STREAM);
}

function endStream(flags: number): string {
  return (flags & END_STREAM) !== 0 ? ' END_STREAM' : '';
}

function describePayload(payload: string | Uint8Array | RegExp | undefined): string {
  if (payload === undefined) return '';
  return payload instanceof RegExp ? String(payload) : formatText(toBytes(payload));
}

function describeFields(fields: ScriptFields | Uint8Array): string {
  return fields instanceof Uint8Array ? `block of ${fields.length} bytes` : formatFields(pairsOf(fields));
}

function pairsOf(fields: ScriptFields): readonly (readonly [string, string | RegExp])[] {
  return isPairs(fields) ? fields : Object.entries(fields);
}

function isPairs(fields: ScriptFields): fields is readonly (readonly [string, string | RegExp])[] {
  return Array.isArray(fields);
}

/** Every expected field is among those received; a name expected several times, with its values in that order. */
function matchesFields(received: readonly FieldPair[], expected: ScriptFields | Uint8Array): boolean {
  if (expected instanceof Uint8Array) throw new Error('a header block in bytes can be sent, not expected');
  let rest = received;
  const taken = new Map<string, number>();
  for (const [name, value] of pairsOf(expected)) {
    rest = received.slice(taken.get(name) ?? 0);
    const at = rest.findIndex((pair) => pair[0] === name && matchesText(pair[1], value));
    if (at === -1) return false;
    taken.set(name, (taken.get(name) ?? 0) + at + 1);
  }
  return true;
}

function matchesText(received: string, expected: string | RegExp): boolean {
  return expected instanceof RegExp ? expected.test(received) : received === expected;
}

function matchesBytes(received: Buffer, expected: string | Uint8Array | RegExp): boolean {
  return expected instanceof RegExp ? expected.test(received.toString('latin1')) : received.equals(toBytes(expected));
}

function sendableFields(fields: ScriptFields): FieldPair[] {
  return pairsOf(fields).map(([name, value]) => [name, sendableText(value)]);
}

function sendableText(value: string | RegExp): string {
  if (value instanceof RegExp) throw new Error(`${value} can be expected, not sent`);
  return value;
}

function sendable(bytes: Buffer | undefined, what: string): Buffer {
  if (bytes === undefined) throw new Error(`${what} can be expected, not sent`);
  return bytes;
}

/** Text is Latin-1: one character, one byte. */
function toBytes(payload: string | Uint8Array): Buffer {
  return typeof payload === 'string' ? Buffer.from(payload, 'latin1') : Buffer.from(payload);
}

/** RFC 9113 §6.1: the length of the padding before, the padding behind. */
function pad(bytes: Buffer, paddingBytes: number | undefined): { readonly bytes: Buffer; readonly flags: number } {
  if (paddingBytes === undefined) return { bytes, flags: 0 };
  return { bytes: Buffer.concat([Buffer.of(paddingBytes), bytes, Buffer.alloc(paddingBytes)]), flags: PADDED };
}

/** RFC 7540 §6.3 (RFC 9113 §6.3 keeps the form): exclusive bit and stream, then weight less one. */
function encodePriority(p: { dependsOn: number; exclusive?: boolean; weight?: number }): Buffer {
  const exclusive = p.exclusive === true ? 0x8000_0000 : 0;
  return Buffer.concat([uint32(exclusive + p.dependsOn), Buffer.of((p.weight ?? 16) - 1)]);
}

function settingId(name: string): number {
  const known = (SETTING_NAMES as readonly string[]).indexOf(name);
  return known === -1 ? Number(name) : known;
}

function encodeSetting(id: number, value: number): Buffer {
  const bytes = Buffer.alloc(6);
  bytes.writeUInt16BE(id, 0);
  bytes.writeUInt32BE(value, 2);
  return bytes;
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value >>> 0, 0);
  return bytes;
}
