// SPDX-License-Identifier: Apache-2.0
import type { Fact } from './facts.ts';

/** A server with one connection and the oracle's application in it, which answers `200` and `ok`. */
export interface ServerUnderTest {
  /** Bytes from the client, as one read. */
  feed(bytes: Uint8Array): void;
  /** Resolves when nothing more happens by itself. */
  settle(): Promise<void>;
  /** Answers the complete requests that wait, and from now on each as it completes. */
  answer(): void;
  /** Facts since the last call. */
  takeFacts(): Fact[];
  /** Ends the connection; throws when something was kept. */
  close(): Promise<void>;
}

export const RESPONSE_BODY = Buffer.from('ok');
