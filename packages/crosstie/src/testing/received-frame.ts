// SPDX-License-Identifier: Apache-2.0
// What the scripted peer has received, and how it is printed: one line per frame, in the words of the dialogue.

import type { FieldPair } from '../exchange/index.ts';
import {
  ACK,
  END_STREAM,
  errorCodeName,
  frameTypeName,
  PADDED,
  PRIORITY_FLAG,
  settingName,
  type WireFrame,
} from './wire-frame.ts';

/** A frame, or a header section joined from HEADERS and CONTINUATION, or a client's preface. */
export type ReceivedFrame = {
  /** The frame itself; of a header section the first, with the joined block as payload. */
  readonly wire: WireFrame;
  /** The payload without padding and priority. */
  readonly body: Buffer;
} & (
  | { readonly kind: 'preface' }
  | { readonly kind: 'frame' }
  | { readonly kind: 'headers'; readonly fields: readonly FieldPair[]; readonly frameCount: number }
);

/** The payload without what PADDED and PRIORITY add to it. */
export function bodyOf(wire: WireFrame): Buffer {
  let body = wire.payload;
  const type = frameTypeName(wire.type);
  if (type !== 'DATA' && type !== 'HEADERS') return body;
  if ((wire.flags & PADDED) !== 0) body = body.subarray(1, body.length - body[0]);
  if (type === 'HEADERS' && (wire.flags & PRIORITY_FLAG) !== 0) body = body.subarray(5);
  return body;
}

export function settingsOf(wire: WireFrame): [id: number, value: number][] {
  const pairs: [number, number][] = [];
  for (let at = 0; at + 6 <= wire.payload.length; at += 6) {
    pairs.push([wire.payload.readUInt16BE(at), wire.payload.readUInt32BE(at + 2)]);
  }
  return pairs;
}

export function formatFrame(frame: ReceivedFrame): string {
  if (frame.kind === 'preface') return 'PREFACE';
  const { wire, body } = frame;
  const name = frameTypeName(wire.type);
  const end = (wire.flags & END_STREAM) !== 0 ? ' END_STREAM' : '';
  switch (name) {
    case 'DATA':
      return `DATA ${wire.streamId}${end} ${formatText(body)}`;
    case 'HEADERS':
      return `HEADERS ${wire.streamId}${end} ${formatFields(frame.kind === 'headers' ? frame.fields : [])}`;
    case 'SETTINGS':
      return (wire.flags & ACK) !== 0 ? 'SETTINGS ACK' : `SETTINGS ${formatSettings(settingsOf(wire))}`;
    case 'PING':
      return `PING ${(wire.flags & ACK) !== 0 ? 'ACK ' : ''}${formatText(body)}`;
    case 'RST_STREAM':
      return `RST_STREAM ${wire.streamId} ${errorCodeName(uint32At(body, 0))}`;
    case 'WINDOW_UPDATE':
      return `WINDOW_UPDATE ${wire.streamId} +${uint32At(body, 0)}`;
    case 'GOAWAY':
      return `GOAWAY ${errorCodeName(uint32At(body, 4))} last=${uint32At(body, 0)} ${body.subarray(8).toString('latin1')}`;
    default:
      return `${name} ${wire.streamId} flags=0x${wire.flags.toString(16)} ${formatText(body)}`;
  }
}

export function formatSettings(pairs: readonly (readonly [id: number, value: number])[]): string {
  return pairs.map(([id, value]) => `${settingName(id)}=${value}`).join(' ');
}

export function formatFields(fields: readonly (readonly [string, string | RegExp])[]): string {
  return `{ ${fields.map(([name, value]) => `${name}: ${value}`).join(', ')} }`;
}

/** Longer payloads are cut in print; the tests compare all of them. */
const MAX_PRINTED_BYTES = 40;

/** Printable text in quotes, other bytes in hexadecimal, and always the length when it is cut. */
export function formatText(bytes: Uint8Array): string {
  const shown = Buffer.from(bytes.subarray(0, MAX_PRINTED_BYTES));
  const text = shown.toString('latin1');
  const printed = /^[\x20-\x7e]*$/.test(text) ? `'${text}'` : `0x${shown.toString('hex')}`;
  return bytes.length > MAX_PRINTED_BYTES ? `${printed}… (${bytes.length} bytes)` : printed;
}

function uint32At(bytes: Buffer, at: number): number {
  return bytes.length >= at + 4 ? bytes.readUInt32BE(at) : Number.NaN;
}
