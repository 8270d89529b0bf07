// SPDX-License-Identifier: Apache-2.0

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ConnectionError, ErrorCode, type ErrorCodeName, errorCodeName, StreamError } from './error.ts';

/** RFC 9113 §7, in the order of their codes. */
const REGISTERED: readonly ErrorCodeName[] = [
  'NO_ERROR',
  'PROTOCOL_ERROR',
  'INTERNAL_ERROR',
  'FLOW_CONTROL_ERROR',
  'SETTINGS_TIMEOUT',
  'STREAM_CLOSED',
  'FRAME_SIZE_ERROR',
  'REFUSED_STREAM',
  'CANCEL',
  'COMPRESSION_ERROR',
  'CONNECT_ERROR',
  'ENHANCE_YOUR_CALM',
  'INADEQUATE_SECURITY',
  'HTTP_1_1_REQUIRED',
];

test('codes and names are those of the registry', () => {
  assert.deepEqual(Object.keys(ErrorCode), REGISTERED);
  for (const [code, name] of REGISTERED.entries()) {
    assert.equal(ErrorCode[name], code);
    assert.equal(errorCodeName(code), name);
  }
  assert.equal(errorCodeName(0xfee1), '0xfee1');
});

test('an error knows its scope', () => {
  const connection = new ConnectionError('CANCEL', 'why');
  assert.deepEqual([connection.name, connection.code, connection.message], ['ConnectionError', 8, 'why']);
  const stream = new StreamError(5, 'CANCEL', 'why');
  assert.deepEqual([stream.name, stream.streamId, stream.code, stream.message], ['StreamError', 5, 8, 'why']);
});
