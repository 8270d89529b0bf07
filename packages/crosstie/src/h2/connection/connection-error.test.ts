// SPDX-License-Identifier: Apache-2.0

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HpackError, HpackListTooLargeError } from '../../hpack/index.ts';
import { ConnectionError, ErrorCode } from '../frame/index.ts';
import { limitOfOverflow, toConnectionError } from './connection-error.ts';

test('errors that peers can cause end the connection in its own words', () => {
  const own = new ConnectionError('PROTOCOL_ERROR', 'why');
  assert.equal(toConnectionError(own), own);
  const hpack = toConnectionError(new HpackError('bad index'));
  assert.deepEqual([hpack?.code, hpack?.message], [ErrorCode.COMPRESSION_ERROR, 'bad index']);
});

test('anything else is a bug of ours', () => {
  for (const error of [new Error('x'), new TypeError('x'), 'x', undefined])
    assert.equal(toConnectionError(error), undefined);
});

test('a header list far beyond its limit', () => {
  const error = toConnectionError(new HpackListTooLargeError('field-count', 'large'));
  assert.deepEqual([error?.code, error?.message], [ErrorCode.ENHANCE_YOUR_CALM, 'too_many_header_fields']);
  assert.deepEqual(
    [limitOfOverflow('list-bytes'), limitOfOverflow('field-count')],
    ['headerListBytes', 'headerFields'],
  );
});
