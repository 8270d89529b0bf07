// SPDX-License-Identifier: Apache-2.0
// What the receive side, the send side and the connection know of a stream. One record per stream, `H2Stream`; this is
// its face inside the engine, so that its parts need not know each other.

import type { BodyReceiver, ExchangeFailure, HeaderFields, OutgoingHeaders } from '../../exchange/index.ts';
import type { CreditRequest } from './receive-budget.ts';
import type { StreamState } from './state.ts';

/** Received and not delivered yet: written by `receive.ts`, emptied by its `deliver`. */
export interface Inbound {
  receiver: BodyReceiver | undefined;
  /** Waits in the connection's queue of deliveries. */
  isQueued: boolean;
  inData: Uint8Array | undefined;
  /** Pieces after `inData`, in order. */
  inMoreData: Uint8Array[] | undefined;
  inEnd: boolean;
  inTrailers: HeaderFields | undefined;
  failure: ExchangeFailure | undefined;
  /** The reader is to be told that there is room to send again. */
  isWritableDue: boolean;
  /** The head has been received: a body may follow. */
  hasHead: boolean;
  /** -1 when not announced. */
  contentLength: number;
  bodyBytes: number;
  /** What the peer may still send. */
  receiveWindow: number;
  /** Credit owed to the peer, not sent yet. */
  dueBytes: number;
  /** The body is under way: its window counts as promised. */
  isPromised: boolean;
}

/** To be sent: filled by the exchange's calls, emptied by the scheduler. */
export interface Outbound {
  /** Waits for its turn in the scheduler's queue. */
  isReady: boolean;
  /** May be negative (RFC 9113 §6.9.2). */
  sendWindow: number;
  outHead: OutgoingHeaders | undefined;
  outData: Uint8Array | undefined;
  /** Bytes of `outData` that have been sent. */
  outOffset: number;
  readonly hasMoreOutData: boolean;
  outTrailers: OutgoingHeaders | undefined;
  /** END_STREAM is to be sent after all that stands above. */
  outEnd: boolean;
  readonly hasOutput: boolean;
  /** Bytes sent since the last look for stalled streams, and for how long it has been too few. */
  sentBytes: number;
  stalledMs: number;
  onDataSent(bytes: number, pieceDone: boolean): void;
  onEndSent(): void;
}

export interface StreamRecord extends Inbound, Outbound, CreditRequest {
  readonly id: number;
  state: StreamState;
  /** Hands the head to the reader, and learns who the reader is. */
  deliverHead(): void;
  /** Counts bytes as held until the stream ends or its reader releases them. */
  hold(bytes: number): void;
  /** No more is held. */
  releaseAll(): void;
  /** Tops up the peer's window as far as memory allows. */
  sendCredit(): void;
  /** The window of a body that begins counts as promised. */
  beginPromise(): void;
  /** The peer has sent bytes that were promised to fit. */
  keepPromise(bytes: number): void;
  /** The body has ended: no more credit, no more promise. */
  endPromise(): void;
  /** The state is closed: frees what the stream holds. Events not delivered yet still are. */
  close(): void;
  /** RST_STREAM from the peer. */
  receiveReset(failure: ExchangeFailure): void;
  /** Ends the stream and tells the reader. */
  fail(failure: ExchangeFailure): void;
  /** The same, and the peer is told by RST_STREAM. */
  failWithReset(code: number, message: string): void;
  /** The reader has been told of the failure; `work`: what his handler still does, if anything. */
  onFailureSeen(work: Promise<unknown> | undefined): void;
  /** The reader threw: nobody is left to read or answer. */
  onReaderThrew(): void;
}
