// SPDX-License-Identifier: Apache-2.0
// Optional: finds windows that fit a long, fast link (bandwidth × delay). While data arrives, one PING at a time measures
// a round trip; if the bytes of that round trip nearly filled the window, the window was the limit and is doubled.
// Off by default: 1 MiB windows fill 1 Gbit/s up to 8 ms, and PINGs count as strikes with strict peers.

/** The window counts as filled from two thirds on (grpc-go's and hyper's ratio). */
const FILLED = 2 / 3;
/** No stream window grows beyond this. */
export const MAX_ESTIMATED_WINDOW_BYTES = 16 * 1024 * 1024;

export interface EstimatorHost {
  /** Sends a PING and calls back with its answer. */
  measureRoundTrip(onAnswer: () => void): void;
  /** Widens the stream and connection windows. */
  widen(streamWindowBytes: number): void;
}

export class BandwidthEstimator {
  readonly #host: EstimatorHost;
  #windowBytes: number;
  #sampleBytes = 0;
  #isSampling = false;

  constructor(host: EstimatorHost, windowBytes: number) {
    this.#host = host;
    this.#windowBytes = windowBytes;
  }

  receive(bytes: number): void {
    this.#sampleBytes += bytes;
    if (this.#isSampling || this.#windowBytes >= MAX_ESTIMATED_WINDOW_BYTES) return;
    this.#isSampling = true;
    this.#sampleBytes = bytes;
    this.#host.measureRoundTrip(() => this.#endSample());
  }

  #endSample(): void {
    this.#isSampling = false;
    if (this.#sampleBytes < this.#windowBytes * FILLED) return;
    this.#windowBytes = Math.min(MAX_ESTIMATED_WINDOW_BYTES, this.#windowBytes * 2);
    this.#host.widen(this.#windowBytes);
  }
}
