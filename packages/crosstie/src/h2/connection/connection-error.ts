// SPDX-License-Identifier: Apache-2.0
// What ends a connection, whoever threw it, in the connection's own words.

import { HpackError, HpackListTooLargeError } from '../../hpack/index.ts';
import { ConnectionError } from '../frame/index.ts';
import { LIMIT_REASONS } from './limits.ts';

/** Undefined: none of the errors that peers can cause, so a bug of ours. */
export function toConnectionError(error: unknown): ConnectionError | undefined {
  if (error instanceof ConnectionError) return error;
  // RFC 7541 §2.2, RFC 9113 §4.3: a decoding error is a connection error of type COMPRESSION_ERROR.
  if (error instanceof HpackError) return new ConnectionError('COMPRESSION_ERROR', error.message);
  if (error instanceof HpackListTooLargeError) {
    return new ConnectionError('ENHANCE_YOUR_CALM', LIMIT_REASONS[limitOfOverflow(error.limit)]);
  }
  return undefined;
}

/** The limit that a header list has passed. */
export function limitOfOverflow(overflow: 'list-bytes' | 'field-count'): 'headerListBytes' | 'headerFields' {
  return overflow === 'list-bytes' ? 'headerListBytes' : 'headerFields';
}
