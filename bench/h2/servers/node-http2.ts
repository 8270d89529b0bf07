// SPDX-License-Identifier: Apache-2.0
// Peer 1: Node's `http2` as it ships.

import { serveNodeEcho } from './node-http2-echo.ts';

serveNodeEcho();
