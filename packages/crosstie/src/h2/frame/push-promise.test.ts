// SPDX-License-Identifier: Apache-2.0

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ErrorCode } from './error.ts';
import { Flag, FrameType, parseFrameHead } from './head.ts';
import { encodePushPromiseHead, parsePushPromise } from './push-promise.ts';

test('PUSH_PROMISE is refused whatever it says', () => {
  const out = Buffer.alloc(13);
  assert.equal(encodePushPromiseHead(out, 0, 1, { streamId: 2, blockBytes: 3 }), 13);
  const head = { length: 0, type: 0, flags: 0, streamId: 0 };
  parseFrameHead(out, 0, head);
  assert.deepEqual(head, { length: 7, type: FrameType.PUSH_PROMISE, flags: Flag.END_HEADERS, streamId: 1 });
  assert.equal(out.readUInt32BE(9), 2);
  // §8.4: "A client cannot push. Thus, servers MUST treat the receipt of a PUSH_PROMISE frame as a connection error of type
  // PROTOCOL_ERROR."
  assert.throws(() => parsePushPromise(head), { name: 'ConnectionError', code: ErrorCode.PROTOCOL_ERROR });
});
