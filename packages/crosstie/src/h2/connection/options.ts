// SPDX-License-Identifier: Apache-2.0

import type { Clock } from '../../core/index.ts';
import { errorCodeName } from '../frame/index.ts';
import type { ReceiveBudget } from '../stream/index.ts';
import type { H2Limits, LimitName } from './limits.ts';

/** Why a connection is no more. */
export interface CloseReason {
  /** `local`: we ended it; `peer`: GOAWAY or FIN; `transport`: the socket failed. */
  readonly origin: 'local' | 'peer' | 'transport';
  /** HTTP/2 error code; NO_ERROR for an end in good order. */
  readonly code: number;
  readonly message: string;
}

/** For log lines: `ENHANCE_YOUR_CALM (too_many_resets)`. */
export function describeClose(reason: CloseReason): string {
  return `${errorCodeName(reason.code)} (${reason.message})`;
}

/** Something an operator may want to know, with the sentence that explains it. */
export type ConnectionEvent =
  | { readonly kind: 'limit'; readonly limit: LimitName; readonly reason: string }
  | {
      readonly kind: 'protocol-error';
      readonly code: number;
      readonly message: string;
      readonly streamId: number | undefined;
    }
  | { readonly kind: 'handler-threw'; readonly streamId: number; readonly error: unknown }
  | { readonly kind: 'internal-error'; readonly error: unknown }
  | {
      readonly kind: 'go-away-received';
      readonly code: number;
      readonly message: string;
      readonly lastStreamId: number;
    };

export interface ConnectionOptions {
  readonly clock: Clock;
  /** Shared by all connections of the process. */
  readonly budget: ReceiveBudget;
  readonly limits: H2Limits;
  /** Doubles the windows of a link that they slow down, up to 16 MiB. Default false. */
  readonly bandwidthEstimator?: boolean;
  /** 0 ≤ x < 1, for the jitter of ages. Default Math.random; tests bring their own. */
  readonly random?: () => number;
  /** Called once, last. */
  readonly onClose?: (reason: CloseReason) => void;
  /** Called for each event, never inside the parser's loop of another connection. */
  readonly onEvent?: (event: ConnectionEvent) => void;
}
