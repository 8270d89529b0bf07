// SPDX-License-Identifier: Apache-2.0
// The oracle: Node's own http2 server on an in-memory socket. Its verdicts are those of the nghttp2 it is built with.

import http2 from 'node:http2';
import { Duplex } from 'node:stream';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Replies } from './cases.ts';
import { canonicalFields, type Fact, ServerOutput } from './facts.ts';
import { RESPONSE_BODY, type ServerUnderTest } from './server-under-test.ts';
import type { Field } from './wire-hpack.ts';

/** Version of nghttp2 as a number, 1.61.0 → 161, so that rules can say which they concern. */
export const NGHTTP2_VERSION = readVersion(process.versions.nghttp2);

function readVersion(text: string | undefined): number {
  const [major = 0, minor = 0] = (text ?? '').split('.').map(Number);
  return major * 100 + minor;
}

/** The limits of our engine's defaults, as far as Node has the knob. */
const SETTINGS: http2.Settings = { maxConcurrentStreams: 256, initialWindowSize: 2 ** 20, maxHeaderListSize: 16_384 };

class MemorySocket extends Duplex {
  readonly written: Buffer[] = [];

  override _read(): void {}

  override _write(chunk: Buffer, _encoding: string, callback: () => void): void {
    this.written.push(chunk);
    callback();
  }

  override _final(callback: () => void): void {
    callback();
  }
}

/** Turns without output after which Node is taken to be quiet: JSStreamSocket writes a turn later than it is told. */
const QUIET_TURNS = 3;

export class NodeServer implements ServerUnderTest {
  readonly #socket = new MemorySocket();
  readonly #session: http2.ServerHttp2Session;
  readonly #output = new ServerOutput();
  readonly #waiting = new Set<() => void>();
  #facts: Fact[] = [];
  #requests = 0;
  #held: boolean;

  constructor(replies: Replies) {
    this.#held = replies === 'held';
    this.#session = http2.performServerHandshake(this.#socket, { settings: SETTINGS });
    this.#session.setLocalWindowSize(2 ** 22);
    this.#session.on('error', () => {}); // reported by GOAWAY or by the end of the socket
    this.#session.on('close', () => this.#facts.push({ kind: 'closed' }));
    this.#session.on('stream', (stream, _headers, _flags, ...[raw]: unknown[]) => this.#serve(stream, raw as string[]));
  }

  feed(bytes: Uint8Array): void {
    if (!this.#socket.destroyed) this.#socket.push(Buffer.from(bytes));
  }

  async settle(): Promise<void> {
    let seen = -1;
    for (let quiet = 0; quiet < QUIET_TURNS; ) {
      await nextTurn();
      const now = this.#socket.written.length + this.#facts.length;
      quiet = now === seen ? quiet + 1 : 0;
      seen = now;
    }
  }

  answer(): void {
    this.#held = false;
    for (const reply of this.#waiting) reply();
    this.#waiting.clear();
  }

  takeFacts(): Fact[] {
    const written = Buffer.concat(this.#socket.written.splice(0));
    return [...this.#output.push(written), ...this.#facts.splice(0)];
  }

  async close(): Promise<void> {
    this.#session.destroy();
    this.#socket.destroy();
    await this.settle();
  }

  #serve(stream: http2.ServerHttp2Stream, raw: readonly string[]): void {
    const request = ++this.#requests;
    const fields = pairs(raw);
    let answered = false;
    this.#facts.push({ kind: 'request', request, fields: canonicalFields(fields) });
    const reply = () => {
      answered = true;
      if (stream.destroyed) return;
      stream.respond({ ':status': 200 });
      if (fields.some(([name, value]) => name === ':method' && value === 'HEAD')) stream.end();
      else stream.end(RESPONSE_BODY);
    };
    let trailers: Field[] = [];
    stream.on('trailers', (...[, , flat]: unknown[]) => {
      trailers = pairs(flat as string[]);
    });
    stream.on('data', (chunk: Buffer) => this.#facts.push({ kind: 'body', request, hex: chunk.toString('hex') }));
    stream.on('end', () => {
      // Node ends the readable side of a stream that was reset too; `aborted` tells the two apart.
      if (stream.aborted || stream.rstCode !== 0) return;
      this.#facts.push({ kind: 'end', request, trailers });
      if (this.#held) this.#waiting.add(reply);
      else reply();
    });
    stream.on('error', () => {}); // `close` follows
    stream.on('close', () => {
      this.#waiting.delete(reply);
      if (!answered) this.#facts.push({ kind: 'failed', request });
    });
  }
}

function pairs(flat: readonly string[]): Field[] {
  return Array.from({ length: flat.length / 2 }, (_, i): Field => [flat[2 * i], flat[2 * i + 1]]);
}
