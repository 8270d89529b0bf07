// SPDX-License-Identifier: Apache-2.0
// What a stream needs of its connection. Owned by the streams, implemented by the connection.

import type { ChannelPeer } from '../../core/index.ts';
import type { OutgoingHeaders } from '../../exchange/index.ts';
import type { ReceiveFlow } from './receive-flow.ts';
import type { StreamRecord } from './record.ts';

/** The send side of the connection, as its streams see it. */
export interface StreamSender {
  /** The peer's SETTINGS_INITIAL_WINDOW_SIZE. */
  readonly initialWindow: number;
  /** The stream has something new to send. */
  submit(stream: StreamRecord): void;
  /** The stream has room again: its reader is to be told as soon as the socket takes more. */
  noteRoom(stream: StreamRecord): void;
  /** Calls back when everything written so far has left memory. */
  onReleased(callback: () => void): void;
  /** The stream sends no more. */
  remove(stream: StreamRecord): void;
}

export interface StreamHost {
  readonly peer: ChannelPeer;
  readonly flow: ReceiveFlow;
  readonly sender: StreamSender;
  /** The stream has something for its reader; delivered after the read turn, never inside the parser. */
  queueDelivery(stream: StreamRecord): void;
  /** Ends the connection for the sake of memory. */
  evict(reason: string): void;
  /** Returns to the connection's window what memory allows. */
  sendConnectionCredit(): void;
  sendWindowUpdate(streamId: number, increment: number): void;
  /** HEADERS ahead of the stream's queued output: 1xx, and answers to streams that never came to be. */
  sendHeadNow(streamId: number, head: OutgoingHeaders, endStream?: boolean): void;
  sendReset(streamId: number, code: number): void;
  /** Both sides are closed: the stream leaves the table; late frames are judged by `stream.state`. */
  onStreamClosed(stream: StreamRecord): void;
  /** Closed and its handler has ended: the concurrency slot is free. */
  onSlotFreed(): void;
}
