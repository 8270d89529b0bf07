// SPDX-License-Identifier: Apache-2.0
// Peer 2 as client: Node's `http2` with the windows of Crosstie.

import { WIDE_WINDOWS } from '../servers/node-http2-echo.ts';
import type { ConnectEchoClient } from './echo-client.ts';
import { connectNodeClient } from './node-http2-client.ts';

export const connectEchoClient: ConnectEchoClient = (port, envelope) => connectNodeClient(port, envelope, WIDE_WINDOWS);
