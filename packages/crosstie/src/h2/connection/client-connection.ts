// SPDX-License-Identifier: Apache-2.0
// The client's end: opens streams within the peer's limits and knows which of them are safe to send again.

import type { ByteChannel } from '../../core/index.ts';
import type {
  Exchange,
  ExchangeClient,
  ExchangeFailure,
  OutgoingHeaders,
  ResponseReceiver,
} from '../../exchange/index.ts';
import { isIndexedOnly } from '../../hpack/index.ts';
import { HeadMemo } from '../codec/index.ts';
import { ConnectionError, ErrorCode, errorCodeName, type GoAwayFrame, Setting, StreamError } from '../frame/index.ts';
import { type ParsedResponse, type ParsedTrailers, parseResponse, parseTrailers } from '../message/index.ts';
import { receiveEnd } from '../stream/index.ts';
import { ClientStream } from './client-stream.ts';
import { Connection } from './connection.ts';
import { LIMIT_REASONS } from './limits.ts';
import type { ConnectionOptions } from './options.ts';
import type { PeerSettings } from './peer-settings.ts';

export interface ClientConnectionOptions extends ConnectionOptions {
  /** Id of the first stream, odd. Default 1; for tests of what happens when ids run out. */
  readonly initialStreamId?: number;
  /** The server has sent GOAWAY: open streams elsewhere; those here go on if the server accepted them. */
  readonly onGoAway?: (frame: GoAwayFrame) => void;
}

const MAX_STREAM_ID = 0x7fffffff;

export class ClientConnection extends Connection<ClientStream> implements ExchangeClient {
  /** Resolves with the server's first SETTINGS, rejects when the connection is lost before. */
  readonly ready: Promise<void>;
  protected readonly role = 'client';
  protected slots = 0;
  readonly #onGoAway: ((frame: GoAwayFrame) => void) | undefined;
  readonly #responses = new HeadMemo<ParsedResponse>();
  readonly #trailers = new HeadMemo<ParsedTrailers>();
  #settleReady: { resolve: () => void; reject: (error: Error) => void } | undefined = undefined;
  #nextStreamId: number;

  constructor(channel: ByteChannel, options: ClientConnectionOptions) {
    const onClose = options.onClose;
    super(
      channel,
      {
        ...options,
        onClose: (reason) => {
          this.#settleReady?.reject(new Error(reason.message));
          onClose?.(reason);
        },
      },
      false,
    );
    this.#onGoAway = options.onGoAway;
    this.#nextStreamId = options.initialStreamId ?? 1;
    this.ready = new Promise((resolve, reject) => {
      this.#settleReady = { resolve, reject };
    });
    // Whoever does not wait for it has `onClose`.
    this.ready.catch(() => {});
    this.output.sendPreface();
    this.sendFirstSettings([[Setting.ENABLE_PUSH, 0]]);
  }

  /** Streams that could be opened now. */
  get availableStreams(): number {
    if (this.state !== 'open' || this.#nextStreamId > MAX_STREAM_ID) return 0;
    return Math.max(0, this.received.peerSettings.concurrentStreams - this.slots);
  }

  // ── ExchangeClient ──

  request(head: OutgoingHeaders, body: Uint8Array | undefined, receiver: ResponseReceiver): Exchange {
    return this.#openStream(head, receiver, body);
  }

  open(head: OutgoingHeaders, receiver: ResponseReceiver): Exchange {
    return this.#openStream(head, receiver, 'follows');
  }

  #openStream(head: OutgoingHeaders, receiver: ResponseReceiver, body: Uint8Array | undefined | 'follows'): Exchange {
    const refusal = this.#refusalOf(head);
    const isHeadRequest = head.method === 'HEAD';
    if (refusal !== undefined) {
      // The caller is told as for any failure: later, not from inside its own call.
      const refused = new ClientStream(0, this, { receiver, isHeadRequest });
      this.slots++;
      refused.fail(refusal);
      return refused;
    }
    const stream = new ClientStream(this.#nextStreamId, this, { receiver, isHeadRequest });
    this.lastStreamId = this.#nextStreamId;
    this.#nextStreamId += 2;
    this.slots++;
    this.streams.add(stream);
    stream.begin(head, body);
    return stream;
  }

  /** Why no stream can be opened now; always safe to try elsewhere. */
  #refusalOf(head: OutgoingHeaders): ExchangeFailure | undefined {
    if (this.state !== 'open') {
      return refusal(`the connection takes no new streams: ${this.received.goAway?.debug || this.state}`);
    }
    // RFC 9113 §5.1.1: ids are not used twice; a connection whose ids are used up is replaced.
    if (this.#nextStreamId > MAX_STREAM_ID) return refusal('stream ids of this connection are used up: open another');
    // §5.1.2: endpoints MUST NOT exceed the limit set by their peer.
    const { concurrentStreams, headerListBytes } = this.received.peerSettings;
    if (this.slots >= concurrentStreams)
      return refusal(`the peer allows ${concurrentStreams} concurrent streams: open another connection`);
    // §6.5.2: advisory, but what the peer says it will refuse is not worth sending.
    if (headerListBytes !== Infinity && head.listBytes > headerListBytes) {
      return refusal(`header list of ${head.listBytes} bytes, the peer accepts ${headerListBytes}: send less metadata`);
    }
    return undefined;
  }

  // ── frames in ──

  receiveHeaderBlock(streamId: number, endStream: boolean, block: Buffer, start: number, end: number): void {
    const stream = this.streams.get(streamId);
    if (stream === undefined) {
      this.#receiveStray(streamId, block, start, end);
      return;
    }
    if (stream.hasHead) this.#receiveTrailers(stream, endStream, block, start, end);
    else this.#receiveHead(stream, endStream, block, start, end);
    this.queueDelivery(stream);
  }

  #receiveStray(streamId: number, block: Buffer, start: number, end: number): void {
    this.decoder.decode(block, start, end);
    // RFC 9113 §5.1: HEADERS on an idle stream of ours are a connection error of type PROTOCOL_ERROR.
    if (this.isIdle(streamId)) throw new ConnectionError('PROTOCOL_ERROR', `HEADERS on idle stream ${streamId}`);
    this.budgets.glitch();
  }

  #receiveHead(stream: ClientStream, endStream: boolean, block: Buffer, start: number, end: number): void {
    const response = this.#decodeResponse(stream.id, block, start, end);
    if (response.head.status < 200) {
      this.#receiveInformation(stream, response, endStream);
      return;
    }
    stream.receiveHead(response);
    stream.hold(response.listBytes);
    if (!endStream) return;
    // A Trailers-Only answer, or one without a body; a length is checked like any other.
    receiveEnd(stream, undefined);
  }

  #receiveInformation(stream: ClientStream, response: ParsedResponse, endStream: boolean): void {
    // §8.1: an informational response with END_STREAM is malformed.
    if (endStream) throw new StreamError(stream.id, 'PROTOCOL_ERROR', `status ${response.head.status} with END_STREAM`);
    stream.receiveInformation(response.head);
    if (stream.informationHeads <= this.limits.informationHeads) return;
    this.budgets.note('informationHeads');
    throw new StreamError(stream.id, 'ENHANCE_YOUR_CALM', LIMIT_REASONS.informationHeads);
  }

  #decodeResponse(streamId: number, block: Buffer, start: number, end: number): ParsedResponse {
    const known = this.#responses.find(this.decoder.generation, block, start, end);
    if (known !== undefined) return known;
    const fields = this.decoder.decode(block, start, end);
    if (fields.overflow !== 'none') throw this.tooLarge(streamId, fields.overflow);
    const response = parseResponse(fields);
    // §8.1.1: a malformed response is a stream error of type PROTOCOL_ERROR.
    if (response.kind === 'malformed') throw new StreamError(streamId, 'PROTOCOL_ERROR', response.reason);
    if (isIndexedOnly(block, start, end))
      this.#responses.store(this.decoder.generation, block.subarray(start, end), response);
    return response;
  }

  #receiveTrailers(stream: ClientStream, endStream: boolean, block: Buffer, start: number, end: number): void {
    const trailers = this.#decodeTrailers(stream.id, block, start, end);
    if (stream.state.kind === 'half-closed-remote') {
      throw new ConnectionError('STREAM_CLOSED', `HEADERS after END_STREAM on stream ${stream.id}`);
    }
    // §8.1: HEADERS after the final head and without END_STREAM make the message malformed.
    if (!endStream) throw new StreamError(stream.id, 'PROTOCOL_ERROR', 'trailers without END_STREAM');
    receiveEnd(stream, trailers.fields);
  }

  #decodeTrailers(streamId: number, block: Buffer, start: number, end: number): ParsedTrailers {
    const known = this.#trailers.find(this.decoder.generation, block, start, end);
    if (known !== undefined) return known;
    const fields = this.decoder.decode(block, start, end);
    if (fields.overflow !== 'none') throw this.tooLarge(streamId, fields.overflow);
    const trailers = parseTrailers(fields);
    if (trailers.kind === 'malformed') throw new StreamError(streamId, 'PROTOCOL_ERROR', trailers.reason);
    if (isIndexedOnly(block, start, end))
      this.#trailers.store(this.decoder.generation, block.subarray(start, end), trailers);
    return trailers;
  }

  isIdle(streamId: number): boolean {
    return streamId % 2 === 0 || streamId >= this.#nextStreamId;
  }

  /** A server's late DATA; our resets are remembered only so long, so it is an oddity and no error. */
  receiveDataOnClosed(_streamId: number): void {}

  onPeerSettings(settings: PeerSettings, isFirst: boolean): void {
    // §6.5.2: a client MUST treat ENABLE_PUSH of 1 from a server as a connection error of type PROTOCOL_ERROR.
    if (settings.enablePush) throw new ConnectionError('PROTOCOL_ERROR', 'SETTINGS_ENABLE_PUSH of 1 from a server');
    this.#refuseUnsent(settings.concurrentStreams);
    if (isFirst) this.#settleReady?.resolve();
  }

  /** §5.1.2: a limit that was lowered holds for streams whose HEADERS still wait for the socket, too. */
  #refuseUnsent(concurrentStreams: number): void {
    if (this.slots <= concurrentStreams) return;
    for (const stream of this.streams.all().reverse()) {
      if (this.slots <= concurrentStreams) return;
      if (stream.outHead === undefined) continue;
      stream.fail(refusal(`the peer allows ${concurrentStreams} concurrent streams: open another connection`));
    }
  }

  onGoAway(frame: GoAwayFrame): void {
    if (this.state === 'open') this.ending.state = 'draining';
    const message = `the server went away: ${errorCodeName(frame.code)}${frame.debug === '' ? '' : ` (${frame.debug})`}`;
    // §6.8: streams above the last one were not processed: safe to send again elsewhere.
    for (const stream of this.streams.all()) {
      if (stream.id > frame.lastStreamId)
        stream.fail({ origin: 'peer', code: ErrorCode.REFUSED_STREAM, unprocessed: true, message });
    }
    this.#onGoAway?.(frame);
    if (this.streams.size === 0) this.ending.closeDrained();
  }

  /** A server that sends FIN answers no more. */
  protected onPeerEnd(): void {
    this.channel.destroy();
  }

  onSlotFreed(): void {
    this.slots--;
  }

  /** Opens no more streams; closes when those that are open have ended, at the latest after `graceMs`. */
  drain(graceMs: number): void {
    if (this.state !== 'open') return;
    this.ending.state = 'draining';
    if (this.streams.size === 0) {
      this.ending.closeDrained();
      return;
    }
    this.deadlines.set('drain', graceMs);
  }

  protected onRoleDeadline(): void {
    this.budgets.note('drainMs');
    this.close(ErrorCode.CANCEL, LIMIT_REASONS.drainMs);
  }
}

function refusal(message: string): ExchangeFailure {
  return { origin: 'local', code: ErrorCode.REFUSED_STREAM, unprocessed: true, message };
}
