// SPDX-License-Identifier: Apache-2.0
// Everything a connection sends: frames go into one batch, the batch into one write per turn. Knows when the socket takes
// no more, and how many control replies wait because of that.

import type { ByteChannel } from '../../core/index.ts';
import type { OutgoingHeaders } from '../../exchange/index.ts';
import { HeaderWriter, OutputBatch } from '../codec/index.ts';
import {
  encodeGoAway,
  encodePing,
  encodeRstStream,
  encodeSettings,
  encodeSettingsAck,
  encodeWindowUpdate,
  FRAME_HEAD_BYTES,
  type GoAwayFrame,
  MAX_GO_AWAY_BYTES,
  type SettingPair,
  WINDOW_UPDATE_FRAME_BYTES,
} from '../frame/index.ts';
import { type SendHost, SendScheduler } from '../stream/index.ts';

const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'latin1');
/** PING and RST_STREAM with their heads are no longer than this. */
const CONTROL_FRAME_BYTES = 17;

export class Output {
  readonly headers: HeaderWriter;
  readonly sender: SendScheduler;
  /** Control replies since the socket last took everything. */
  controlReplies = 0;
  bytesSent = 0;
  readonly #batch = new OutputBatch();
  readonly #channel: ByteChannel;
  readonly #host: SendHost;

  constructor(channel: ByteChannel, headerTableBytes: number, host: SendHost) {
    this.#channel = channel;
    this.#host = host;
    this.headers = new HeaderWriter(headerTableBytes);
    this.sender = new SendScheduler(this.#batch, this.headers, host);
  }

  get hasBatch(): boolean {
    return this.#batch.byteLength > 0;
  }

  sendPreface(): void {
    this.#batch.reserve(PREFACE.length);
    PREFACE.copy(this.#batch.bytes, this.#batch.position);
    this.#batch.position += PREFACE.length;
    this.#host.queueFlush();
  }

  sendSettings(pairs: readonly SettingPair[]): void {
    this.#batch.reserve(FRAME_HEAD_BYTES + pairs.length * 6);
    this.#batch.position = encodeSettings(this.#batch.bytes, this.#batch.position, pairs);
    this.#host.queueFlush();
  }

  sendSettingsAck(): void {
    this.#reserveReply();
    this.#batch.position = encodeSettingsAck(this.#batch.bytes, this.#batch.position);
  }

  /** An answer to the peer's PING, or a question of ours. */
  sendPing(ping: { readonly ack: boolean; readonly opaque: Uint8Array; readonly from: number }): void {
    this.#reserveReply();
    this.#batch.position = encodePing(this.#batch.bytes, this.#batch.position, ping);
  }

  sendHeaders(streamId: number, head: OutgoingHeaders, endStream: boolean): void {
    this.headers.write(this.#batch, streamId, head, endStream);
    this.#host.queueFlush();
  }

  sendReset(streamId: number, code: number): void {
    this.#reserveReply();
    this.#batch.position = encodeRstStream(this.#batch.bytes, this.#batch.position, streamId, code);
  }

  sendWindowUpdate(streamId: number, increment: number): void {
    this.#batch.reserve(WINDOW_UPDATE_FRAME_BYTES);
    this.#batch.position = encodeWindowUpdate(this.#batch.bytes, this.#batch.position, streamId, increment);
    if (this.sender.isBlocked) this.controlReplies++;
    this.#host.queueFlush();
  }

  sendGoAway(frame: GoAwayFrame): void {
    this.#batch.reserve(MAX_GO_AWAY_BYTES);
    this.#batch.position = encodeGoAway(this.#batch.bytes, this.#batch.position, frame);
    this.#host.queueFlush();
  }

  /** Writes the batch, unless the socket has asked to wait. */
  flush(): void {
    if (this.sender.isBlocked) return;
    this.flushNow();
  }

  /** Writes the batch whatever the socket says: for the last words of a connection. */
  flushNow(): void {
    if (!this.hasBatch) return;
    this.bytesSent += this.#batch.byteLength;
    const { segments, release } = this.#batch.take();
    if (this.#channel.write(segments, release)) this.controlReplies = 0;
    else this.sender.isBlocked = true;
  }

  /** The socket takes bytes again. */
  onWritable(): void {
    this.sender.isBlocked = false;
    this.controlReplies = 0;
    this.#host.queueFlush();
  }

  clear(): void {
    this.sender.clear();
    this.#batch.clear();
  }

  #reserveReply(): void {
    this.controlReplies++;
    this.#batch.reserve(CONTROL_FRAME_BYTES);
    this.#host.queueFlush();
  }
}
