// SPDX-License-Identifier: Apache-2.0
// What HTTP/2 asks of every field section, requests, responses and trailers alike (RFC 9113 §8.2). Characters are checked
// where they are decoded, in hpack; here are the rules about names.

/**
 * The reason why this regular field makes the message malformed, or undefined. Every field of every message that is not
 * remembered comes by: the length alone clears nearly all of them.
 */
export function faultOfField(name: string, value: string): string | undefined {
  switch (name.length) {
    case 2:
      // §8.2.2: TE MUST NOT contain any value other than "trailers".
      return name !== 'te' || value === 'trailers' || value.toLowerCase() === 'trailers'
        ? undefined
        : 'te other than trailers';
    case 7:
      return name === 'upgrade' ? connectionSpecific(name) : undefined;
    case 10:
      return name === 'connection' || name === 'keep-alive' ? connectionSpecific(name) : undefined;
    case 16:
      return name === 'proxy-connection' ? connectionSpecific(name) : undefined;
    case 17:
      return name === 'transfer-encoding' ? connectionSpecific(name) : undefined;
    default:
      return undefined;
  }
}

/** §8.2.2: connection-specific fields make a message malformed. */
function connectionSpecific(name: string): string {
  return `connection-specific field ${name}`;
}

/** A content-length no larger than this compares exactly as a number; the RFC sets no bound. */
const MAX_CONTENT_LENGTH = Number.MAX_SAFE_INTEGER;
const DIGITS = /^[0-9]{1,16}$/;

/** The announced length, or -1 when the value is not one (RFC 9110 §8.6). */
export function parseContentLength(value: string): number {
  if (!DIGITS.test(value)) return -1;
  const length = Number(value);
  return length <= MAX_CONTENT_LENGTH ? length : -1;
}

/** RFC 9113 §8.2.3: cookie crumbs are joined with "; " before anything else sees them; they were counted one by one. */
export function joinCookies(flat: string[]): string[] {
  const joined: string[] = [];
  const crumbs: string[] = [];
  let at = -1;
  for (let i = 0; i < flat.length; i += 2) {
    if (flat[i] !== 'cookie') {
      joined.push(flat[i], flat[i + 1]);
      continue;
    }
    if (at < 0) {
      at = joined.length + 1;
      joined.push('cookie', '');
    }
    crumbs.push(flat[i + 1]);
  }
  joined[at] = crumbs.join('; ');
  return joined;
}
