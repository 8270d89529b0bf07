// SPDX-License-Identifier: Apache-2.0
// The least HTTP/2 client there is (RFC 9113): opens a connection, answers SETTINGS and PING, makes one call, stays.
// 10,000 of these fit a process; it shares no code with anything it measures.

import net from 'node:net';
import { ECHO_PATH } from '../envelope.ts';

const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
const FRAME_HEAD_BYTES = 9;
const DATA = 0;
const HEADERS = 1;
const SETTINGS = 4;
const PING = 6;
const ACK = 1;
const END_STREAM = 1;
const END_HEADERS = 4;

export class RawConnection {
  readonly #socket: net.Socket;
  #unread: Buffer = Buffer.alloc(0);
  #body: Buffer[] = [];
  #settled: (() => void) | undefined;
  #answered: ((body: Buffer) => void) | undefined;
  #failed: ((error: Error) => void) | undefined;

  constructor(port: number, localAddress: string) {
    this.#socket = net.connect({ port, host: '127.0.0.1', localAddress, noDelay: true });
    this.#socket.on('data', (bytes: Buffer) => this.#receive(bytes));
    this.#socket.on('error', (error) => this.#failed?.(error));
    this.#socket.on('close', () => this.#failed?.(new Error('the server closed an idle connection')));
  }

  get isOpen(): boolean {
    return this.#socket.readyState === 'open';
  }

  /** Resolves when both sides' SETTINGS are exchanged and ours are acknowledged. */
  open(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#settled = resolve;
      this.#failed = reject;
      this.#socket.write(Buffer.concat([PREFACE, createFrame(SETTINGS, 0, 0)]));
    });
  }

  /** One call on stream 1; resolves with the answer's body when the server has ended the stream. */
  call(envelope: Buffer): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      this.#answered = resolve;
      this.#failed = reject;
      const head = createFrame(HEADERS, END_HEADERS, 1, REQUEST_BLOCK);
      this.#socket.write(Buffer.concat([head, createFrame(DATA, END_STREAM, 1, envelope)]));
    });
  }

  #receive(bytes: Buffer): void {
    let rest = this.#unread.length === 0 ? bytes : Buffer.concat([this.#unread, bytes]);
    while (rest.length >= FRAME_HEAD_BYTES) {
      const end = FRAME_HEAD_BYTES + rest.readUIntBE(0, 3);
      if (rest.length < end) break;
      this.#onFrame(rest[3], rest[4], rest.subarray(FRAME_HEAD_BYTES, end));
      rest = rest.subarray(end);
    }
    this.#unread = rest.length === 0 ? NOTHING : Buffer.from(rest);
  }

  #onFrame(type: number, flags: number, payload: Buffer): void {
    if (type === SETTINGS && flags & ACK) this.#settled?.();
    else if (type === SETTINGS) this.#socket.write(createFrame(SETTINGS, ACK, 0));
    else if (type === PING && !(flags & ACK)) this.#socket.write(createFrame(PING, ACK, 0, payload));
    else if (type === DATA) this.#body.push(Buffer.from(payload));
    if ((type === DATA || type === HEADERS) && flags & END_STREAM) {
      this.#answered?.(Buffer.concat(this.#body));
      this.#body = [];
    }
  }
}

const NOTHING = Buffer.alloc(0);

function createFrame(type: number, flags: number, streamId: number, payload: Buffer = NOTHING): Buffer {
  const frame = Buffer.alloc(FRAME_HEAD_BYTES + payload.length);
  frame.writeUIntBE(payload.length, 0, 3);
  frame[3] = type;
  frame[4] = flags;
  frame.writeUInt32BE(streamId, 5);
  payload.copy(frame, FRAME_HEAD_BYTES);
  return frame;
}

/** RFC 7541 §5.2 without Huffman; shorter than 127 bytes. */
function createString(text: string): Buffer {
  return Buffer.concat([Buffer.from([text.length]), Buffer.from(text, 'latin1')]);
}

// RFC 7541 Appendix A: 3 is `:method: POST`, 6 is `:scheme: http`, 4 `:path`, 1 `:authority`, 31 `content-type`.
// Literals are "without indexing" (§6.2.2), so the block is the same on every connection.
const REQUEST_BLOCK = Buffer.concat([
  Buffer.from([0x83, 0x86, 0x04]),
  createString(ECHO_PATH),
  Buffer.from([0x01]),
  createString('127.0.0.1'),
  Buffer.from([0x0f, 31 - 15]),
  createString('application/grpc'),
  Buffer.from([0x00]),
  createString('te'),
  createString('trailers'),
]);
