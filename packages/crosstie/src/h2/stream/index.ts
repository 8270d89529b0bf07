// SPDX-License-Identifier: Apache-2.0
export type { StreamHost } from './host.ts';
export { deliver, failureOfReset, receiveData, receiveEnd } from './receive.ts';
export { type BudgetHolder, ReceiveBudget } from './receive-budget.ts';
export { DEFAULT_WINDOW_BYTES, ReceiveFlow } from './receive-flow.ts';
export type { StreamRecord } from './record.ts';
export { type SendHost, SendScheduler } from './send-scheduler.ts';
export { SkippedIds } from './skipped-ids.ts';
export { ensureMayReceive, HALF_CLOSED_REMOTE, hasPeerEnded, hasSentEnd, OPEN, type StreamState } from './state.ts';
export { H2Stream } from './stream.ts';
export { StreamTable } from './table.ts';
