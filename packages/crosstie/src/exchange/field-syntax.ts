// SPDX-License-Identifier: Apache-2.0
// What we send must be a field by RFC 9113 §8.2.1, checked where a head is made, in the caller's own stack: later it
// could only become a broken frame.

/** A token in lower case, or one behind the colon of a pseudo-header field. */
const NAME = /^:?[!#$%&'*+\-.^_`|~0-9a-z]+$/;
/** Visible characters, spaces, tabs and obs-text (Latin-1); no NUL, CR, LF, no white space at the ends. */
const VALUE = /^(?:[\x21-\x7e\x80-\xff](?:[\t\x20-\x7e\x80-\xff]*[\x21-\x7e\x80-\xff])?)?$/;

/** Throws a TypeError that names the field. `flat`: name, value, name, value, … */
export function ensureSendable(flat: readonly string[]): void {
  for (let i = 0; i < flat.length; i += 2) {
    if (!NAME.test(flat[i])) throw new TypeError(`header name ${JSON.stringify(flat[i])}: use a lower-case token`);
    if (!VALUE.test(flat[i + 1])) {
      throw new TypeError(
        `header ${flat[i]}: its value may hold Latin-1 text only, no line breaks and no white space at its ends`,
      );
    }
  }
}
