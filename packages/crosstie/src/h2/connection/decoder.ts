// SPDX-License-Identifier: Apache-2.0

import { HpackDecoder } from '../../hpack/index.ts';
import type { H2Limits } from './limits.ts';

/** A list beyond its limit is answered, one beyond four times the limit ends the connection. */
const ABORT_FACTOR = 4;

export function createDecoder(limits: H2Limits): HpackDecoder {
  return new HpackDecoder({
    maxTableBytes: limits.headerTableBytes,
    maxListBytes: limits.headerListBytes,
    maxFields: limits.headerFields,
    abortListBytes: limits.headerListBytes * ABORT_FACTOR,
    abortFields: limits.headerFields * ABORT_FACTOR,
  });
}
