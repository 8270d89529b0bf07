// SPDX-License-Identifier: Apache-2.0

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encodeContinuationHead } from './continuation.ts';
import { Flag, FrameType, parseFrameHead } from './head.ts';

test('the head of CONTINUATION comes back as it was encoded', () => {
  for (const flags of [0, Flag.END_HEADERS]) {
    const out = Buffer.alloc(9);
    assert.equal(encodeContinuationHead(out, 0, 3, 16_384, flags), 9);
    const head = { length: 0, type: 0, flags: 0, streamId: 0 };
    parseFrameHead(out, 0, head);
    assert.deepEqual(head, { length: 16_384, type: FrameType.CONTINUATION, flags, streamId: 3 });
  }
});
