// SPDX-License-Identifier: Apache-2.0
// What a stream needs of its connection. Owned by the streams, implemented by the connection.

import type { ChannelPeer } from '../../core/index.ts';
import type { OutgoingHeaders } from '../../exchange/index.ts';
import type { ReceiveFlow } from './receive-flow.ts';
import type { SendScheduler } from './send-scheduler.ts';
import type { H2Stream } from './stream.ts';

export interface StreamHost {
  readonly peer: ChannelPeer;
  readonly flow: ReceiveFlow;
  readonly sender: SendScheduler;
  /** The stream has something for its reader; delivered after the read turn, never inside the parser. */
  queueDelivery(stream: H2Stream): void;
  sendWindowUpdate(streamId: number, increment: number): void;
  /** HEADERS ahead of the stream's queued output: 1xx, and answers to streams that never came to be. */
  sendHeadNow(streamId: number, head: OutgoingHeaders, endStream?: boolean): void;
  sendReset(streamId: number, code: number): void;
  /** Both sides are closed: the stream leaves the table; late frames are judged by `stream.state`. */
  onStreamClosed(stream: H2Stream): void;
  /** Closed and its handler has ended: the concurrency slot is free. */
  onSlotFreed(): void;
}
