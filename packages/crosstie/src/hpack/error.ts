// SPDX-License-Identifier: Apache-2.0

/**
 * A header block that breaks RFC 7541. Our table may differ from the peer's from here on, so RFC 9113 §4.3 makes it a
 * connection error of type COMPRESSION_ERROR.
 */
export class HpackError extends Error {
  override readonly name: string = 'HpackError';
}

/** A header list so far above the limit that decoding it to its end would only serve an attacker. */
export class HpackListTooLargeError extends Error {
  override readonly name: string = 'HpackListTooLargeError';
  /** Which of the two limits was passed. */
  readonly limit: 'list-bytes' | 'field-count';

  constructor(limit: 'list-bytes' | 'field-count', message: string) {
    super(message);
    this.limit = limit;
  }
}
