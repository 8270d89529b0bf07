// SPDX-License-Identifier: Apache-2.0
export { ClientConnection, type ClientConnectionOptions } from './client-connection.ts';
export type { ConnectionState } from './ending.ts';
export type { ConnectionFacts, GoAwayFact } from './facts.ts';
export { DEFAULT_LIMITS, type H2Limits, LIMIT_REASONS, type LimitName, resolveLimits } from './limits.ts';
export { type CloseReason, type ConnectionEvent, type ConnectionOptions, describeClose } from './options.ts';
export type { PeerSettings } from './peer-settings.ts';
export { ServerConnection, type ServerConnectionOptions } from './server-connection.ts';
