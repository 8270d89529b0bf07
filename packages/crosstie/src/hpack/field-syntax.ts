// SPDX-License-Identifier: Apache-2.0
// Which octets may stand in a field's name and value (RFC 9113 §8.2.1, RFC 9110 §5.1 and §5.5). The checks run once
// over the bytes of a literal and return what is wrong as a sentence for the log; the message is then malformed.

import { latin1Text } from './latin1-text.ts';

const COLON = 0x3a;
const SPACE = 0x20;
const TAB = 0x09;
const DELETE = 0x7f;

/** How much of a name a sentence quotes. Chosen by us: longer than any name in the IANA registry. */
const MAX_QUOTED = 64;

/** [octet]: 1 for the characters of a token (RFC 9110 §5.6.2), upper case left out. */
const IS_NAME_CHAR = markNameChars();

/** What is wrong with a field name, if anything. */
export function findNameFault(bytes: Buffer, start: number, end: number): string | undefined {
  // RFC 9113 §8.3: pseudo-header field names begin with a colon. §8.2.1: no other name contains one.
  const first = start < end && bytes[start] === COLON ? start + 1 : start;
  if (first === end) return first > start ? 'a field name is a colon alone' : 'a field name is empty';
  for (let i = first; i < end; i++) {
    if (IS_NAME_CHAR[bytes[i]] === 0) return nameFault(bytes, start, end, bytes[i]);
  }
  return undefined;
}

/** What is wrong with the value of the field `name`, if anything. An empty value is right. */
export function findValueFault(name: string, bytes: Buffer, start: number, end: number): string | undefined {
  if (start === end) return undefined;
  // RFC 9113 §8.2.1: a field value MUST NOT start or end with an ASCII whitespace character.
  if (isBlank(bytes[start]) || isBlank(bytes[end - 1])) {
    return `value of field ${quote(name)} begins or ends with white space`;
  }
  let i = start;
  // Four visible ASCII octets at a step: a difference below zero shows in the sign. Half the time of the loop below.
  for (; i + 4 <= end; i += 4) {
    const a = bytes[i];
    const b = bytes[i + 1];
    const c = bytes[i + 2];
    const d = bytes[i + 3];
    if (((a - 0x20) | (0x7e - a) | (b - 0x20) | (0x7e - b) | (c - 0x20) | (0x7e - c) | (d - 0x20) | (0x7e - d)) < 0)
      break;
  }
  for (; i < end; i++) {
    const octet = bytes[i];
    if ((octet < SPACE && octet !== TAB) || octet === DELETE) return valueFault(name, octet, i - start);
  }
  return undefined;
}

function isBlank(octet: number): boolean {
  return octet === SPACE || octet === TAB;
}

function nameFault(bytes: Buffer, start: number, end: number, octet: number): string {
  const name = quote(latin1Text(bytes, start, end));
  // RFC 9113 §8.2.1: a field name MUST NOT contain 0x00-0x20, 0x41-0x5a or 0x7f-0xff.
  if (octet >= 0x41 && octet <= 0x5a) return `field name ${name} has an upper-case letter`;
  // RFC 9113 §8.2.1: apart from pseudo-header fields, a name MUST NOT contain a colon.
  if (octet === COLON) return `field name ${name} has a colon inside`;
  return `field name ${name} has the character ${hex(octet)}`;
}

function valueFault(name: string, octet: number, position: number): string {
  // RFC 9113 §8.2.1: a field value MUST NOT contain NUL, LF or CR at any position. The other control characters are
  // invalid by RFC 9110 §5.5, which lets a recipient keep them; we are strict, as nghttp2 is.
  return `value of field ${quote(name)} has the control character ${hex(octet)} at ${position}`;
}

/** Quoted, shortened, and with nothing in it that a terminal or a log could take for its own. */
function quote(text: string): string {
  const shown = text.length > MAX_QUOTED ? `${text.slice(0, MAX_QUOTED)}...` : text;
  return `"${shown.replace(/[^\x20-\x7e]|["\\]/g, (char) => `\\${hex(char.charCodeAt(0)).slice(1)}`)}"`;
}

function hex(octet: number): string {
  return `0x${octet.toString(16).padStart(2, '0')}`;
}

function markNameChars(): Uint8Array {
  const marks = new Uint8Array(256);
  for (const char of "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyz") marks[char.charCodeAt(0)] = 1;
  return marks;
}
