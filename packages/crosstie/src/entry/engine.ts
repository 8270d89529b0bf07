// SPDX-License-Identifier: Apache-2.0
// `crosstie/engine`: the transport alone. A listener that hands requests to a handler and a connection that sends them,
// over HTTP/2 and HTTP/1.1, without RPC. For protocols of one's own, for benchmarks and for judges.

export { BytesPool } from '../core/index.ts';
export {
  type BodyReceiver,
  type Exchange,
  type ExchangeClient,
  type ExchangeFailure,
  type ExchangeHandler,
  type FieldPair,
  HeaderFields,
  OutgoingHeaders,
  outgoingHeaders,
  prepareHeaders,
  type RequestHead,
  type ResponseHead,
  type ResponseReceiver,
  type ServerExchange,
} from '../exchange/index.ts';
export {
  ClientConnection,
  type CloseReason,
  type ConnectionEvent,
  type ConnectionFacts,
  ErrorCode,
  errorCodeName,
  type H2Limits,
  type LimitName,
  ReceiveBudget,
} from '../h2/index.ts';
// For other front ends of ours: the name that was probably meant.
export { nearestName } from '../http/index.ts';
export {
  ConnectError,
  type ConnectPhase,
  type PemOrFile,
  SetupError,
  type SetupErrorCode,
} from '../platform/node/index.ts';
export {
  type ConnectOptions,
  type ConnectTls,
  connect,
  type Listening,
  type ListeningFacts,
  type ListenOptions,
  type ListenTls,
  listen,
  type RefusalReason,
  type ServerEvent,
} from './node/index.ts';
