// SPDX-License-Identifier: Apache-2.0
// How a connection ends. Once, whoever begins it:
//
//   open ──► draining ──► closing ──► closed
//     │                      ▲           ▲
//     └──── error, close ────┘           │
//     └──── socket lost ─────────────────┘
//
// draining: no new streams. closing: the last words are written and nothing more is read. closed: the socket is gone.

import type { ByteChannel } from '../../core/index.ts';
import type { ExchangeFailure } from '../../exchange/index.ts';
import { ErrorCode } from '../frame/index.ts';
import type { StreamRecord, StreamTable } from '../stream/index.ts';
import type { Deadlines } from './deadlines.ts';
import type { GoAwayFact } from './facts.ts';
import type { FrameReceiver } from './frame-receiver.ts';
import type { Input } from './input.ts';
import type { H2Limits } from './limits.ts';
import type { CloseReason } from './options.ts';
import type { Output } from './output.ts';
import type { Turns } from './turns.ts';

export type ConnectionState = 'open' | 'draining' | 'closing' | 'closed';

export interface EndingParts {
  readonly channel: ByteChannel;
  readonly limits: H2Limits;
  readonly streams: StreamTable<StreamRecord>;
  readonly input: Input;
  readonly frames: FrameReceiver;
  readonly output: Output;
  readonly turns: Turns;
  readonly deadlines: Deadlines;
}

export class Ending {
  state: ConnectionState = 'open';
  /** The last GOAWAY we have sent. */
  goAway: GoAwayFact | undefined = undefined;
  reason: CloseReason | undefined = undefined;
  readonly #parts: EndingParts;

  constructor(parts: EndingParts) {
    this.#parts = parts;
  }

  /** Nothing more is read, and nothing written but what has been already. */
  get isEnding(): boolean {
    return this.state === 'closing' || this.state === 'closed';
  }

  sendGoAway(goAway: GoAwayFact): void {
    this.goAway = goAway;
    this.#parts.output.sendGoAway(goAway);
  }

  /** Last words: open streams fail, GOAWAY leaves, then the socket has `goAwayFlushMs` to take them. */
  closeWith(goAway: GoAwayFact): void {
    const { code, debug } = goAway;
    this.state = 'closing';
    this.#stopReading();
    this.#failStreams({ origin: 'local', code, unprocessed: false, message: `connection closed: ${debug}` });
    this.sendGoAway(goAway);
    this.#parts.output.flushNow();
    this.#end({ origin: 'local', code, message: debug });
  }

  /** In good order, everything said. */
  closeDrained(): void {
    if (this.isEnding) return;
    this.#parts.output.flush();
    this.state = 'closing';
    this.#stopReading();
    this.#end({ origin: 'local', code: ErrorCode.NO_ERROR, message: 'drained' });
  }

  /** The socket takes bytes again, while closing. */
  continue(): void {
    const { output, channel } = this.#parts;
    if (output.sender.isBlocked) return;
    output.flushNow();
    channel.end();
  }

  /** The socket is gone. Returns the reason to tell, once. */
  finish(reason: CloseReason): CloseReason | undefined {
    if (this.state === 'closed') return undefined;
    const told = this.reason ?? reason;
    this.reason = told;
    this.state = 'closed';
    this.#stopReading();
    this.#parts.deadlines.clearAll();
    this.#failStreams({ origin: 'transport', code: ErrorCode.CANCEL, unprocessed: false, message: reason.message });
    this.#parts.turns.dispatch();
    this.#parts.output.clear();
    return told;
  }

  #end(reason: CloseReason): void {
    const { deadlines, limits } = this.#parts;
    this.reason = reason;
    deadlines.clearAll();
    deadlines.set('go-away-flush', limits.goAwayFlushMs);
    this.continue();
  }

  #stopReading(): void {
    this.#parts.input.stop();
    this.#parts.frames.clear();
  }

  #failStreams(failure: ExchangeFailure): void {
    for (const stream of this.#parts.streams.all()) stream.fail(failure);
  }
}
