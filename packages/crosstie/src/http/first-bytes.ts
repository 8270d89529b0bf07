// SPDX-License-Identifier: Apache-2.0
// One cleartext port, two protocols: HTTP/2 with prior knowledge begins with a fixed preface of 24 bytes (RFC 9113
// §3.4), made so that no HTTP/1.1 server takes it for a request. Everything else is HTTP/1.1; `Upgrade: h2c` is not
// looked at (RFC 9113 §3.1 made it obsolete, and it is a known way to smuggle requests past a proxy).

import type { ByteReceiver } from '../core/index.ts';

/** RFC 9113 §3.4. */
export const CLIENT_PREFACE: Uint8Array = new TextEncoder().encode('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');

/** The method reserved for the preface (RFC 9113 §11.6), with the space that ends it. */
const PRI_REQUEST_BYTES = 4;

/** Why neither protocol is spoken here. */
export type FirstBytesFault = 'bad_preface' | 'not_http' | 'closed_before_request';

export interface FirstBytesOutcome {
  /** The preface is complete. Returns who reads from here on; it is given the preface first. */
  onHttp2(): ByteReceiver;
  /** What may be the beginning of an HTTP/1.1 request. `unread` holds all that came. The receiver hears nothing more. */
  onHttp1(unread: Uint8Array): void;
  /** Neither: `PRI` with something else behind it, no request line, or the end of the connection. */
  onNeither(fault: FirstBytesFault): void;
}

/**
 * Reads until the protocol is known, then passes everything on. Nothing is buffered: bytes that matched the preface are
 * known without having been kept.
 */
export class FirstBytes implements ByteReceiver {
  readonly #outcome: FirstBytesOutcome;
  #matched = 0;
  #next: ByteReceiver | undefined;
  #isDecided = false;

  constructor(outcome: FirstBytesOutcome) {
    this.#outcome = outcome;
  }

  onBytes(bytes: Uint8Array): void {
    if (this.#next !== undefined) this.#next.onBytes(bytes);
    else if (!this.#isDecided) this.#compare(bytes);
  }

  onWritable(): void {
    this.#next?.onWritable();
  }

  onEnd(): void {
    if (this.#next !== undefined) this.#next.onEnd();
    else this.#giveUp('closed_before_request');
  }

  onClose(error: Error | undefined): void {
    if (this.#next !== undefined) this.#next.onClose(error);
    else this.#giveUp('closed_before_request');
  }

  #compare(bytes: Uint8Array): void {
    const before = this.#matched;
    const length = Math.min(bytes.length, CLIENT_PREFACE.length - before);
    let i = 0;
    while (i < length && bytes[i] === CLIENT_PREFACE[before + i]) i++;
    this.#matched = before + i;
    if (this.#matched === CLIENT_PREFACE.length) this.#decideHttp2(bytes, before);
    else if (i < length) this.#decideHttp1(bytes, before);
  }

  #decideHttp2(bytes: Uint8Array, before: number): void {
    this.#isDecided = true;
    const next = this.#outcome.onHttp2();
    this.#next = next;
    if (before > 0) next.onBytes(CLIENT_PREFACE.slice(0, before));
    next.onBytes(bytes);
  }

  #decideHttp1(bytes: Uint8Array, before: number): void {
    // RFC 9113 §3.4: an invalid preface is a connection error; no HTTP/1.1 server gets to see a PRI request.
    if (this.#matched >= PRI_REQUEST_BYTES) {
      this.#giveUp('bad_preface');
      return;
    }
    const unread = new Uint8Array(before + bytes.length);
    unread.set(CLIENT_PREFACE.subarray(0, before));
    unread.set(bytes, before);
    if (!mayBeginRequest(unread)) {
      this.#giveUp('not_http');
      return;
    }
    this.#isDecided = true;
    this.#outcome.onHttp1(unread);
  }

  #giveUp(fault: FirstBytesFault): void {
    if (this.#isDecided) return;
    this.#isDecided = true;
    this.#outcome.onNeither(fault);
  }
}

/** RFC 9112 §2.2: empty lines before a request are ignored. Then a method (§3.1), a space, and a target (§3.2). */
const REQUEST_BEGIN = /^[\r\n]*(?:CONNECT .*|[!#$%&'*+\-.^_`|~0-9A-Za-z]+(?: (?:[/*hH].*)?)?)?$/s;
/** Enough for any registered method and the beginning of its target. */
const LOOK_AT_BYTES = 64;

/**
 * False when no more bytes can make it an HTTP/1.1 request. TLS on a cleartext port and a misspelt preface end here; an
 * answer in HTTP/1.1 would be noise to them.
 */
function mayBeginRequest(bytes: Uint8Array): boolean {
  return REQUEST_BEGIN.test(String.fromCharCode(...bytes.subarray(0, LOOK_AT_BYTES)));
}
