// SPDX-License-Identifier: Apache-2.0
// The other end of an HTTP/2 connection, played by a script. A test of the wire reads as a dialogue:
//
//   const { peer } = servePeer(handler);
//   await peer.handshake();
//   await peer.sends(headers(1, request('POST', '/')), data(1, 'ping', END_STREAM));
//   await peer.receives(headers(1, { ':status': '200' }), data(1, 'pong', END_STREAM));
//
// No step sleeps: each waits until everything in memory is quiet, on a clock that stands still unless told (`waits`).

import type { ByteReceiver } from '../core/index.ts';
import { compareDialogue } from './dialogue-mismatch.ts';
import { FakeClock } from './fake-clock.ts';
import { createMemoryChannels, type MemoryChannel, type MemoryChannelOptions } from './memory-channel.ts';
import { bodyOf, formatFrame, type ReceivedFrame, settingsOf } from './received-frame.ts';
import { ack, preface, type Script, type ScriptSettings, settings } from './script.ts';
import { settle } from './settle.ts';
import {
  ACK,
  END_HEADERS,
  FrameCutter,
  type FrameTypeName,
  frameTypeName,
  PREFACE_BYTES,
  settingName,
  type WireFrame,
} from './wire-frame.ts';
import { WireHpackDecoder } from './wire-hpack.ts';

export interface ScriptedPeerOptions extends MemoryChannelOptions {
  /** Default: a clock of its own. */
  readonly clock?: FakeClock;
  /** Frames that `receives` passes over, such as WINDOW_UPDATE in a test about something else. They are still printed. */
  readonly ignore?: readonly FrameTypeName[];
}

/** `client`: the engine under test is the server. `server`: it is the client, and begins with the preface. */
export type ScriptedRole = 'client' | 'server';

/** A header block that has begun and not ended. */
interface OpenHeaders {
  readonly first: WireFrame;
  readonly parts: Buffer[];
}

export class ScriptedPeer {
  /** The engine's end of the connection. */
  readonly channel: MemoryChannel;
  /** Give it to the engine. */
  readonly clock: FakeClock;

  readonly #role: ScriptedRole;
  readonly #own: MemoryChannel;
  readonly #ignored: ReadonlySet<string>;
  readonly #cutter = new FrameCutter();
  readonly #hpack = new WireHpackDecoder();
  readonly #transcript: string[] = [];
  #prefaceAwaited: boolean;
  #openHeaders: OpenHeaders | undefined;
  #unread: ReceivedFrame[] = [];
  #state = 'open';
  #unreadable: string | undefined;

  constructor(role: ScriptedRole, options: ScriptedPeerOptions = {}) {
    const [own, engine] = createMemoryChannels(options);
    this.#role = role;
    this.#own = own;
    this.#ignored = new Set(options.ignore);
    this.#prefaceAwaited = role === 'server';
    this.channel = engine;
    this.clock = options.clock ?? new FakeClock();
    own.open(this.#receiver());
  }

  /** Sends the words in one write and waits until the engine has dealt with them. */
  async sends(...words: readonly Script[]): Promise<void> {
    const lost = this.#own.hasEnded ? ' (lost: the connection is closed)' : '';
    for (const word of words) this.#transcript.push(`→ ${word.line}${lost}`);
    const bytes = Buffer.concat(words.map((word) => word.encode()));
    this.#own.write([bytes], () => {});
    await this.settles();
  }

  /** Lets the words come next, in this order and none in between. More may follow: `receivesNothing` would say so. */
  async receives(...words: readonly Script[]): Promise<void> {
    await this.settles();
    const frames = this.#unread.splice(0, words.length);
    this.#compare(words, frames);
  }

  /** As `receives`, for frames whose order nobody promised. */
  async receivesInAnyOrder(...words: readonly Script[]): Promise<void> {
    await this.settles();
    const frames = this.#unread.splice(0, words.length);
    const left = [...frames];
    const sorted = words.map((word) => {
      const at = left.findIndex((frame) => word.matches(frame));
      return at === -1 ? undefined : left.splice(at, 1)[0];
    });
    this.#compare(
      words,
      sorted.map((frame) => frame ?? left.shift()).filter((frame) => frame !== undefined),
    );
  }

  /** Nothing more has come than what was received already. */
  async receivesNothing(): Promise<void> {
    await this.settles();
    if (this.#unread.length > 0) this.#compare([], this.#unread);
  }

  /** The engine has sent no further frame and ended the connection, in good order or not. */
  async receivesEnd(): Promise<void> {
    await this.receivesNothing();
    if (this.#state === 'open') this.#fail('the end of the connection was expected, but it is open');
  }

  /** All frames not yet received, for tests that look at them in their own way. */
  async takes(): Promise<readonly ReceivedFrame[]> {
    await this.settles();
    return this.#unread.splice(0);
  }

  /**
   * Both sides' SETTINGS and their acknowledgements, with the preface, in whatever order the engine prefers; connection
   * WINDOW_UPDATEs are allowed in between. Returns the engine's settings by name.
   */
  async handshake(values: ScriptSettings = {}): Promise<Readonly<Record<string, number>>> {
    await this.sends(...(this.#role === 'client' ? [preface] : []), settings(values));
    const frames = await this.takes();
    const own = frames.find(({ wire }) => isSettings(wire) && (wire.flags & ACK) === 0);
    if (own === undefined) return this.#fail('the engine has not sent its SETTINGS in the handshake');
    if (!frames.some((frame) => ack.matches(frame))) return this.#fail('the engine has not acknowledged our SETTINGS');
    const other = frames.find((frame) => !isHandshakeFrame(frame));
    if (other !== undefined) return this.#fail(`${formatFrame(other)} has no place in the handshake`);
    await this.sends(ack);
    return Object.fromEntries(settingsOf(own.wire).map(([id, value]) => [settingName(id), value]));
  }

  /** Lets `ms` pass on the clock, and what that sets off come to rest. */
  async waits(ms: number): Promise<void> {
    this.#transcript.push(`  (${ms} ms pass)`);
    this.clock.advance(ms);
    await this.settles();
  }

  /** Waits until nothing more happens by itself. */
  async settles(): Promise<void> {
    await settle(this.clock, () => this.#own.activity + this.channel.activity);
  }

  /** The peer takes at most `bytes` more from the engine, as one whose TCP window is closed; `Infinity` opens it. */
  async reads(bytes: number): Promise<void> {
    this.channel.allow(bytes);
    await this.settles();
  }

  /** Sends FIN. */
  async ends(): Promise<void> {
    this.#transcript.push('→ (end)');
    this.#own.end();
    await this.settles();
  }

  /** Breaks the connection, as a reset TCP connection does. */
  async breaks(): Promise<void> {
    this.#transcript.push('→ (connection reset)');
    this.#own.destroy(new Error('reset by the scripted peer'));
    await this.settles();
  }

  /** What went over the wire so far, one line per frame: `→` sent, `←` received. */
  get transcript(): string {
    return this.#transcript.join('\n');
  }

  #receiver(): ByteReceiver {
    return {
      onBytes: (bytes) => {
        // What cannot be read is told by the step of the dialogue that meets it, not thrown into the channel.
        try {
          this.#receiveBytes(bytes);
        } catch (error) {
          this.#unreadable ??= String(error);
        }
      },
      onWritable: () => {},
      onEnd: () => this.#setState('ended'),
      onClose: (error) => this.#setState(error === undefined ? 'closed' : `closed: ${error.message}`),
    };
  }

  #setState(state: string): void {
    this.#state = state;
    this.#transcript.push(`← (${state})`);
  }

  #receiveBytes(bytes: Uint8Array): void {
    if (this.#prefaceAwaited) {
      this.#cutter.hold(bytes);
      const start = this.#cutter.takeBytes(PREFACE_BYTES.length);
      if (start === undefined) return;
      this.#receivePreface(start);
      for (const frame of this.#cutter.cut(new Uint8Array(0))) this.#receiveFrame(frame);
    } else {
      for (const frame of this.#cutter.cut(bytes)) this.#receiveFrame(frame);
    }
  }

  #receivePreface(start: Buffer): void {
    if (!start.equals(PREFACE_BYTES))
      throw new Error(`the client began with ${JSON.stringify(start.toString('latin1'))}, not with the preface`);
    this.#prefaceAwaited = false;
    this.#receive({ kind: 'preface', wire: { type: -1, flags: 0, streamId: 0, payload: start }, body: start });
  }

  #receiveFrame(wire: WireFrame): void {
    const name = frameTypeName(wire.type);
    if (name === 'HEADERS') this.#openHeaders = { first: wire, parts: [bodyOf(wire)] };
    else if (name === 'CONTINUATION' && this.#openHeaders !== undefined) this.#openHeaders.parts.push(wire.payload);
    else this.#receive({ kind: 'frame', wire, body: bodyOf(wire) });
    const open = this.#openHeaders;
    if (open !== undefined && (wire.flags & END_HEADERS) !== 0) this.#receiveHeaders(open);
  }

  #receiveHeaders(open: OpenHeaders): void {
    this.#openHeaders = undefined;
    const body = Buffer.concat(open.parts);
    const fields = this.#hpack.decode(body);
    this.#receive({ kind: 'headers', wire: open.first, body, fields, frameCount: open.parts.length });
  }

  #receive(frame: ReceivedFrame): void {
    this.#transcript.push(`← ${formatFrame(frame)}`);
    if (!this.#ignored.has(frameTypeName(frame.wire.type))) this.#unread.push(frame);
  }

  #compare(words: readonly Script[], frames: readonly ReceivedFrame[]): void {
    if (this.#unreadable !== undefined) this.#fail(`what was received cannot be read: ${this.#unreadable}`);
    const problem = compareDialogue(words, frames, this.#state);
    if (problem !== undefined) this.#fail(problem);
  }

  #fail(problem: string): never {
    throw new Error(`${problem}\n\nthe dialogue so far:\n${this.transcript}`);
  }
}

function isSettings(wire: WireFrame): boolean {
  return frameTypeName(wire.type) === 'SETTINGS';
}

function isHandshakeFrame(frame: ReceivedFrame): boolean {
  const isWindow = frameTypeName(frame.wire.type) === 'WINDOW_UPDATE' && frame.wire.streamId === 0;
  return frame.kind === 'preface' || isSettings(frame.wire) || isWindow;
}

/** A peer and the channel to it; the harness breaks the connection when the test is over. */
export function createScriptedPeer(role: ScriptedRole, options: ScriptedPeerOptions = {}): ScriptedPeer {
  return new ScriptedPeer(role, options);
}
