// SPDX-License-Identifier: Apache-2.0
// Peer 1 as client: Node's `http2` as it ships.

import type { ConnectEchoClient } from './echo-client.ts';
import { connectNodeClient } from './node-http2-client.ts';

export const connectEchoClient: ConnectEchoClient = (port, envelope) => connectNodeClient(port, envelope);
