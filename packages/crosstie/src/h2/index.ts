// SPDX-License-Identifier: Apache-2.0
// HTTP/2 (RFC 9113) on a ByteChannel and a Clock.

export {
  ClientConnection,
  type ClientConnectionOptions,
  type CloseReason,
  type ConnectionEvent,
  type ConnectionFacts,
  type ConnectionOptions,
  type ConnectionState,
  DEFAULT_LIMITS,
  describeClose,
  type GoAwayFact,
  type H2Limits,
  LIMIT_REASONS,
  type LimitName,
  type PeerSettings,
  resolveLimits,
  ServerConnection,
  type ServerConnectionOptions,
} from './connection/index.ts';
export { ErrorCode, errorCodeName } from './frame/index.ts';
export { ReceiveBudget } from './stream/index.ts';
