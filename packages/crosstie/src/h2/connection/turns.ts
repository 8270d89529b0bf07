// SPDX-License-Identifier: Apache-2.0
// When things happen on a connection: readers are called after the parser, output leaves after the readers, once per
// turn of the event loop.

import type { Clock } from '../../core/index.ts';
import { deliver, type StreamRecord } from '../stream/index.ts';

export interface TurnHost {
  /** Everybody has been called: sends what there is to send. */
  endTurn(): void;
  onReaderThrew(stream: StreamRecord, error: unknown): void;
}

export class Turns {
  readonly #clock: Clock;
  readonly #host: TurnHost;
  /** Streams with something for their readers. */
  readonly #deliveries: StreamRecord[] = [];
  #isReading = false;
  #isQueued = false;
  #isDeferred = false;
  // One closure per connection, not one per turn.
  readonly #run = (): void => {
    this.#isQueued = false;
    this.dispatch();
    this.#host.endTurn();
  };

  constructor(clock: Clock, host: TurnHost) {
    this.#clock = clock;
    this.#host = host;
  }

  /** A read has begun: its end dispatches, and nobody is called before. */
  beginRead(): void {
    this.#isReading = true;
  }

  endRead(): void {
    this.#isReading = false;
  }

  queueDelivery(stream: StreamRecord): void {
    if (stream.isQueued) return;
    stream.isQueued = true;
    this.#deliveries.push(stream);
    if (!this.#isReading) this.queue();
  }

  /** One microtask per turn: handlers that answer in theirs are in the batch before it runs. */
  queue(): void {
    if (this.#isQueued) return;
    this.#isQueued = true;
    queueMicrotask(this.#run);
  }

  /** Ends another turn after the event loop has served others. */
  defer(): void {
    if (this.#isDeferred) return;
    this.#isDeferred = true;
    this.#clock.defer(() => {
      this.#isDeferred = false;
      this.#run();
    });
  }

  /** Calls the readers. What they queue meanwhile is served in the same loop. */
  dispatch(): void {
    const queue = this.#deliveries;
    if (queue.length === 0) return;
    for (let i = 0; i < queue.length; i++) {
      const stream = queue[i];
      try {
        deliver(stream);
      } catch (error) {
        this.#host.onReaderThrew(stream, error);
      }
    }
    queue.length = 0;
  }
}
