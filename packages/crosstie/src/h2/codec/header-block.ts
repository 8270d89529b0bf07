// SPDX-License-Identifier: Apache-2.0
// A field block that needs CONTINUATION (RFC 9113 §4.3, §6.10): HEADERS and CONTINUATION frames must follow each other
// without another frame between, so there is at most one per connection, and what it may cost is counted here.

import { ConnectionError } from '../frame/index.ts';

export interface HeaderBlockLimits {
  /** CONTINUATION frames in one block. */
  readonly continuationFrames: number;
  /** Bytes of all fragments together. */
  readonly blockBytes: number;
}

/** Zero-length CONTINUATION frames that do not end the block (CVE-2026-33871). */
const MAX_EMPTY_CONTINUATIONS = 1;

export class PartialHeaderBlock {
  readonly streamId: number;
  /** END_STREAM of the HEADERS frame. */
  readonly endStream: boolean;
  readonly #limits: HeaderBlockLimits;
  readonly #fragments: Buffer[] = [];
  #bytes = 0;
  #frames = 0;
  #emptyFrames = 0;

  constructor(streamId: number, endStream: boolean, limits: HeaderBlockLimits) {
    this.streamId = streamId;
    this.endStream = endStream;
    this.#limits = limits;
  }

  get heldBytes(): number {
    return this.#bytes;
  }

  /** Copies the fragment of HEADERS. */
  begin(bytes: Buffer, start: number, end: number): void {
    this.#append(bytes, start, end);
  }

  /** Copies the fragment of a CONTINUATION. Throws ENHANCE_YOUR_CALM beyond a limit: the table could not be kept right. */
  continue(bytes: Buffer, start: number, end: number, isLast: boolean): void {
    if (++this.#frames > this.#limits.continuationFrames) {
      throw new ConnectionError('ENHANCE_YOUR_CALM', 'too_many_continuations');
    }
    if (start === end && !isLast && ++this.#emptyFrames > MAX_EMPTY_CONTINUATIONS) {
      throw new ConnectionError('ENHANCE_YOUR_CALM', 'too_many_continuations');
    }
    this.#append(bytes, start, end);
  }

  join(): Buffer {
    return Buffer.concat(this.#fragments);
  }

  #append(bytes: Buffer, start: number, end: number): void {
    this.#bytes += end - start;
    if (this.#bytes > this.#limits.blockBytes) throw new ConnectionError('ENHANCE_YOUR_CALM', 'header_list_too_large');
    this.#fragments.push(Buffer.from(bytes.subarray(start, end)));
  }
}
