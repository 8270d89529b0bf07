// SPDX-License-Identifier: Apache-2.0
// The layers composed with Node, for the entries that need a network.

export { type ConnectOptions, type ConnectTls, connect } from './connect.ts';
export {
  type Listening,
  type ListeningFacts,
  type ListenOptions,
  type ListenTls,
  listen,
  type RefusalReason,
  type ServerEvent,
} from './listen.ts';
export { processBudget } from './process-budget.ts';
