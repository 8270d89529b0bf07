// SPDX-License-Identifier: Apache-2.0
// Which protocol a new channel speaks, and who serves it. Over TLS the handshake has said so (ALPN) and nothing is
// guessed; in cleartext the first bytes say so.

import type { ByteChannel, ByteReceiver, Clock, Timer } from '../core/index.ts';
import { FirstBytes, type FirstBytesFault, type FirstBytesOutcome } from './first-bytes.ts';
import type { Http1Port } from './http1-port.ts';
import { findTlsFault, INADEQUATE_SECURITY_BYTES } from './tls-requirements.ts';

/** The server side of an HTTP/2 connection, as far as its owner needs to know it. */
export interface Http2Served extends ByteReceiver {
  drain(graceMs: number): void;
}

/** Why a connection was ended before any protocol could speak for itself. */
export type DispatchRefusal = FirstBytesFault | 'first_bytes_timeout' | 'inadequate_security';

export interface DispatchOptions<H2 extends Http2Served> {
  readonly clock: Clock;
  readonly http1: Http1Port;
  /** Makes the server side of an HTTP/2 connection; it is fed by the dispatcher. */
  readonly acceptHttp2: (channel: ByteChannel) => H2;
  /** From the accepted channel to the byte that settles the protocol. */
  readonly firstBytesTimeoutMs: number;
  readonly onRefused: (reason: DispatchRefusal, message: string) => void;
}

const NOTHING = new Uint8Array(0);

const FAULT_TEXT: Readonly<Record<FirstBytesFault, string>> = {
  bad_preface: 'a PRI request that is not the preface of HTTP/2',
  not_http: 'the first bytes are no HTTP request; a TLS client on a cleartext port?',
  closed_before_request: 'the connection ended before a request',
};

/** One accepted channel, from its first byte on. */
export class ServedChannel<H2 extends Http2Served> implements FirstBytesOutcome {
  readonly channel: ByteChannel;
  readonly #options: DispatchOptions<H2>;
  #protocol: 'undecided' | 'http/1.1' | 'h2' | 'refused' = 'undecided';
  #http2: H2 | undefined;
  #timer: Timer | undefined;

  constructor(channel: ByteChannel, options: DispatchOptions<H2>) {
    this.channel = channel;
    this.#options = options;
  }

  get protocol(): 'undecided' | 'http/1.1' | 'h2' | 'refused' {
    return this.#protocol;
  }

  /** Present when the protocol is `h2`. */
  get http2(): H2 | undefined {
    return this.#http2;
  }

  open(): void {
    const { channel } = this;
    const { tls } = channel.peer;
    if (tls === undefined) {
      const { clock, firstBytesTimeoutMs } = this.#options;
      this.#timer = clock.setTimer(() => this.#onFirstBytesTimeout(), firstBytesTimeoutMs);
      channel.open(new FirstBytes(this));
      return;
    }
    // RFC 9113 §3.2: `h2` is spoken over TLS when ALPN chose it, and only then. Without ALPN it is HTTP/1.1 (RFC 7301
    // §3.2: the server ignores what it was not offered).
    if (tls.alpn !== 'h2') {
      this.onHttp1(NOTHING);
      return;
    }
    const fault = findTlsFault(tls);
    if (fault === undefined) channel.open(this.onHttp2());
    else this.#refuseInsecure(fault);
  }

  /** Lets what was begun be finished. A connection that has not asked for anything is closed. */
  drain(graceMs: number): void {
    if (this.#http2 !== undefined) this.#http2.drain(graceMs);
    else if (this.#protocol === 'undecided') {
      this.#settle('refused');
      this.channel.destroy();
    }
  }

  // ── what the first bytes said ──────────────────────────────────────────────────────────────────────────────────────

  onHttp2(): H2 {
    this.#settle('h2');
    const http2 = this.#options.acceptHttp2(this.channel);
    this.#http2 = http2;
    return http2;
  }

  onHttp1(unread: Uint8Array): void {
    this.#settle('http/1.1');
    this.#options.http1.accept(this.channel, unread);
  }

  onNeither(fault: FirstBytesFault): void {
    // The end of a channel that we have ended ourselves.
    if (this.#protocol !== 'refused') this.#refuse(fault, FAULT_TEXT[fault]);
  }

  // ── inside ─────────────────────────────────────────────────────────────────────────────────────────────────────────

  #settle(protocol: 'http/1.1' | 'h2' | 'refused'): void {
    this.#protocol = protocol;
    if (this.#timer === undefined) return;
    this.#options.clock.clearTimer(this.#timer);
    this.#timer = undefined;
  }

  #onFirstBytesTimeout(): void {
    this.#refuse('first_bytes_timeout', `no request within ${this.#options.firstBytesTimeoutMs} ms of the connection`);
  }

  #refuse(reason: DispatchRefusal, message: string): void {
    this.#settle('refused');
    this.channel.destroy();
    this.#options.onRefused(reason, message);
  }

  /** RFC 9113 §9.2.2: a connection error of type INADEQUATE_SECURITY. */
  #refuseInsecure(fault: string): void {
    this.#settle('refused');
    const { channel } = this;
    this.#timer = this.#options.clock.setTimer(() => channel.destroy(), this.#options.firstBytesTimeoutMs);
    const onClose = (): void => this.#settle('refused');
    channel.open({ onBytes() {}, onWritable() {}, onEnd: () => channel.destroy(), onClose });
    channel.write([INADEQUATE_SECURITY_BYTES], () => {});
    channel.end();
    this.#options.onRefused('inadequate_security', fault);
  }
}
