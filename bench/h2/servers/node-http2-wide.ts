// SPDX-License-Identifier: Apache-2.0
// Peer 2: Node's `http2` with the windows of Crosstie, for those who know to set them: large bodies then do not wait for
// WINDOW_UPDATE.

import { serveNodeEcho, WIDE_WINDOWS } from './node-http2-echo.ts';

serveNodeEcho(WIDE_WINDOWS);
