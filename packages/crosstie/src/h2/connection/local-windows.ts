// SPDX-License-Identifier: Apache-2.0
// How wide our own windows are: opened at the beginning, widened if the bandwidth estimator says so.

import { Setting } from '../frame/index.ts';
import { DEFAULT_WINDOW_BYTES, type ReceiveFlow, type StreamRecord, type StreamTable } from '../stream/index.ts';
import type { Output } from './output.ts';
import type { ReceivedFrames } from './received-frames.ts';

const MAX_WINDOW = 0x7fffffff;
/** A connection's window in windows of its streams, as in the defaults. */
const STREAMS_PER_CONNECTION = 4;

export class LocalWindows {
  readonly #flow: ReceiveFlow;
  readonly #streams: StreamTable<StreamRecord>;
  readonly #output: Output;
  readonly #received: ReceivedFrames;

  constructor(parts: {
    flow: ReceiveFlow;
    streams: StreamTable<StreamRecord>;
    output: Output;
    received: ReceivedFrames;
  }) {
    this.#flow = parts.flow;
    this.#streams = parts.streams;
    this.#output = parts.output;
    this.#received = parts.received;
  }

  /** RFC 9113 §6.9.2: a connection begins with 65,535; only WINDOW_UPDATE makes that more. */
  openConnection(): void {
    this.#widenConnection(this.#flow.connectionWindowBytes - DEFAULT_WINDOW_BYTES);
  }

  /** New streams get the wider window by SETTINGS, the connection by WINDOW_UPDATE. */
  widen(streamWindowBytes: number): void {
    const flow = this.#flow;
    const streamMore = streamWindowBytes - flow.streamWindowBytes;
    const connectionBytes = Math.min(streamWindowBytes * STREAMS_PER_CONNECTION, MAX_WINDOW);
    const connectionMore = connectionBytes - flow.connectionWindowBytes;
    flow.streamWindowBytes = streamWindowBytes;
    for (const stream of this.#streams.all()) {
      stream.receiveWindow += streamMore;
      if (stream.isPromised) flow.budget.promise(streamMore);
    }
    this.#output.sendSettings([[Setting.INITIAL_WINDOW_SIZE, streamWindowBytes]]);
    this.#received.expectSettingsAck();
    if (connectionMore > 0) flow.connectionWindowBytes = connectionBytes;
    this.#widenConnection(connectionMore);
  }

  #widenConnection(more: number): void {
    if (more <= 0) return;
    this.#flow.availableBytes += more;
    this.#output.sendWindowUpdate(0, more);
  }
}
