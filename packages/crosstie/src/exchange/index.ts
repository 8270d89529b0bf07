// SPDX-License-Identifier: Apache-2.0
export type {
  BodyReceiver,
  Exchange,
  ExchangeClient,
  ExchangeFailure,
  ExchangeHandler,
  RequestHead,
  ResponseHead,
  ResponseReceiver,
  ServerExchange,
} from './exchange.ts';
export { HeaderFields } from './header-fields.ts';
export { createMemoryPair, MemoryPair, type MemoryPairOptions } from './memory-pair.ts';
export {
  type FieldPair,
  OutgoingHeaders,
  outgoingHeaders,
  PreparedHeaders,
  prepareHeaders,
} from './outgoing-headers.ts';
