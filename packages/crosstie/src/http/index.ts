// SPDX-License-Identifier: Apache-2.0
export { type DispatchOptions, type DispatchRefusal, type Http2Served, ServedChannel } from './dispatch.ts';
export { type Http1ExchangeOptions, openHttp1Exchange } from './http1-exchange.ts';
export type { Http1Call, Http1CallReceiver, Http1Port } from './http1-port.ts';
export {
  DEFAULT_HANDSHAKE_TIMEOUT_MS,
  DEFAULT_HTTP1_TIMEOUTS,
  DEFAULT_LISTEN_LIMITS,
  type Http1Timeouts,
  type ListenLimits,
  resolveNumbers,
} from './listen-options.ts';
export { findTlsFault } from './tls-requirements.ts';
export { ensureKnownOptions, nearestName } from './unknown-option.ts';
