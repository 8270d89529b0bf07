// SPDX-License-Identifier: Apache-2.0
// The receive side of a stream. The parser only notes what arrived; readers are called after the read turn, by
// `deliver`, in the order head, data, end. User code never runs inside the parser.

import type { ExchangeFailure, HeaderFields } from '../../exchange/index.ts';
import { errorCodeName, StreamError } from '../frame/index.ts';
import type { StreamRecord } from './record.ts';
import { ensureMayReceive, receiveEndStream } from './state.ts';

/** Notes a DATA frame of `frameBytes` (padding included) whose data lie between `start` and `end`. */
export function receiveData(stream: StreamRecord, bytes: Buffer, start: number, end: number, frameBytes: number): void {
  ensureMayReceive(stream.state);
  // RFC 9113 §8.1: a response begins with a header section; content before it is malformed.
  if (!stream.hasHead) throw new StreamError(stream.id, 'PROTOCOL_ERROR', 'DATA before the head of the response');
  // RFC 9113 §6.9.1: more than the stream's window allows is a FLOW_CONTROL_ERROR.
  if (frameBytes > stream.receiveWindow) {
    throw new StreamError(
      stream.id,
      'FLOW_CONTROL_ERROR',
      `DATA of ${frameBytes} bytes, stream window ${stream.receiveWindow}`,
    );
  }
  stream.receiveWindow -= frameBytes;
  if (stream.isPromised) stream.keepPromise(frameBytes);
  const length = end - start;
  // §6.9.1: padding counts; nobody holds it, so it is due back at once.
  stream.dueBytes += frameBytes - length;
  if (length === 0) return;
  stream.bodyBytes += length;
  // §8.1.1: a content-length that the DATA exceed makes the message malformed.
  if (stream.contentLength >= 0 && stream.bodyBytes > stream.contentLength) throw contentLengthError(stream);
  stream.hold(length);
  const piece = bytes.subarray(start, end);
  if (stream.inData === undefined) stream.inData = piece;
  else if (stream.inMoreData === undefined) stream.inMoreData = [piece];
  else stream.inMoreData.push(piece);
}

/** Notes END_STREAM, with trailers or without. */
export function receiveEnd(stream: StreamRecord, trailers: HeaderFields | undefined): void {
  // §8.1.1: a content-length unlike the sum of the DATA makes the message malformed.
  if (stream.contentLength >= 0 && stream.bodyBytes !== stream.contentLength) throw contentLengthError(stream);
  stream.state = receiveEndStream(stream.state);
  stream.inEnd = true;
  stream.inTrailers = trailers;
  stream.endPromise();
  if (stream.state.kind === 'closed') stream.close();
}

function contentLengthError(stream: StreamRecord): StreamError {
  return new StreamError(
    stream.id,
    'PROTOCOL_ERROR',
    `content-length ${stream.contentLength}, DATA ${stream.bodyBytes}`,
  );
}

/** Calls the reader with everything noted. Whatever the reader does meanwhile (reply, reset, close) is respected. */
export function deliver(stream: StreamRecord): void {
  stream.isQueued = false;
  stream.deliverHead();
  const receiver = stream.receiver;
  if (receiver === undefined) {
    keepData(stream);
    return;
  }
  if (stream.inData !== undefined) deliverData(stream);
  if (stream.inEnd) {
    stream.inEnd = false;
    if (stream.state.kind === 'closed') stream.releaseAll();
    receiver.onEnd(stream.inTrailers);
    return;
  }
  if (stream.failure !== undefined) {
    const failure = stream.failure;
    stream.failure = undefined;
    stream.releaseAll();
    stream.onFailureSeen(receiver.onFailure(failure) ?? undefined);
    return;
  }
  if (stream.isWritableDue) {
    stream.isWritableDue = false;
    receiver.onWritable();
  }
}

/** Nobody reads yet: what lies in the read buffer is copied before the turn is over. */
function keepData(stream: StreamRecord): void {
  const { inData, inMoreData } = stream;
  if (inData === undefined) return;
  stream.inData = Buffer.concat(inMoreData === undefined ? [inData] : [inData, ...inMoreData]);
  stream.inMoreData = undefined;
}

function deliverData(stream: StreamRecord): void {
  const first = stream.inData;
  const more = stream.inMoreData;
  stream.inData = undefined;
  stream.inMoreData = undefined;
  const { receiver } = stream;
  if (receiver === undefined || first === undefined) return;
  receiver.onData(first);
  if (more === undefined) return;
  for (const piece of more) {
    // The reader has reset the stream meanwhile.
    if (stream.receiver === undefined) return;
    receiver.onData(piece);
  }
}

/** What the reader is told when the peer resets the stream (RFC 9113 §6.4, §8.7). */
export function failureOfReset(code: number, unprocessed: boolean): ExchangeFailure {
  return { origin: 'peer', code, unprocessed, message: `the peer reset the stream: ${errorCodeName(code)}` };
}
