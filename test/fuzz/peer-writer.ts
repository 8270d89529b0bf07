// SPDX-License-Identifier: Apache-2.0
// The peer of a fuzz program: frames that mostly fit the state of the connection, as far as it can be known without
// hearing the engine, and some that do not.

import type { Random } from '../oracle/random.ts';
import { randomSettings, requestFields, SessionWriter } from '../oracle/sessions.ts';
import {
  encodeFrame,
  encodeFrames,
  Flag,
  type Frame,
  frame,
  PREFACE,
  settingsPayload,
  Type,
  uint32,
} from '../oracle/wire.ts';
import type { Field } from '../oracle/wire-hpack.ts';
import type { Role } from './program.ts';

/** What the bodies of the peer consist of. */
export const PEER_BODY_BYTE = 0x61;

/** What the peer has sent on a stream. */
interface PeerStream {
  readonly id: number;
  phase: 'idle' | 'open' | 'ended';
}

export class PeerWriter {
  readonly engineRole: Role;
  readonly #random: Random;
  readonly #hostility: number;
  readonly #writer: SessionWriter;
  readonly #streams: PeerStream[] = [];
  #openedByEngine = 0;

  constructor(engineRole: Role, random: Random, hostility: number) {
    this.engineRole = engineRole;
    this.#random = random;
    this.#hostility = hostility;
    this.#writer = new SessionWriter(random);
  }

  /** The preface, where it is the peer's to send, and SETTINGS. */
  opening(): Buffer {
    const settings = encodeFrame(frame(Type.SETTINGS, 0, 0, settingsPayload(randomSettings(this.#random))));
    const ack = this.#random.chance(80) ? encodeFrame(frame(Type.SETTINGS, Flag.ACK, 0)) : Buffer.alloc(0);
    return Buffer.concat([this.engineRole === 'server' ? PREFACE : Buffer.alloc(0), settings, ack]);
  }

  /** The engine, as client, opens its next stream: its ids are 1, 3, 5 and so on. */
  noteOpened(): void {
    this.#streams.push({ id: 2 * this.#openedByEngine++ + 1, phase: 'idle' });
  }

  /** The next thing the peer sends. */
  next(): Buffer {
    if (this.#random.chance(this.#hostility)) return this.#hostile();
    const dice = this.#random.integer(0, 99);
    if (dice < 30) return this.#begin();
    if (dice < 65) return this.#continue();
    if (dice < 85) return encodeFrame(this.#windowUpdate());
    if (dice < 87) return this.#burst();
    return encodeFrame(this.#connectionFrame());
  }

  /** More PINGs than the engine answers in one turn, if the socket takes the answers. */
  #burst(): Buffer {
    return Buffer.concat(Array.from({ length: 150 }, () => encodeFrame(frame(Type.PING, 0, 0, this.#random.bytes(8)))));
  }

  /** A request, or a response to one of the engine's. */
  #begin(): Buffer {
    if (this.engineRole === 'server') {
      const id = this.#writer.newStreamId();
      const endStream = this.#random.chance(40);
      this.#streams.push({ id, phase: endStream ? 'ended' : 'open' });
      return encodeFrames(this.#writer.headers(id, requestFields(this.#random, undefined), endStream));
    }
    const stream = this.#streams.find(({ phase }) => phase === 'idle');
    if (stream === undefined) return encodeFrame(this.#windowUpdate());
    if (this.#random.chance(15)) return encodeFrames(this.#writer.headers(stream.id, [[':status', '103']], false));
    const endStream = this.#random.chance(30);
    stream.phase = endStream ? 'ended' : 'open';
    return encodeFrames(this.#writer.headers(stream.id, this.#responseFields(), endStream));
  }

  #responseFields(): Field[] {
    const status: Field = [':status', this.#random.pick(['200', '204', '404', '500'])];
    return [status, ['content-type', 'application/grpc'], ['x-random', String(this.#random.integer(0, 99))]];
  }

  /** More of an open stream: data, trailers or its reset. */
  #continue(): Buffer {
    const open = this.#streams.filter(({ phase }) => phase === 'open');
    if (open.length === 0) return this.#begin();
    const stream = this.#random.pick(open);
    const dice = this.#random.integer(0, 99);
    if (dice < 10) {
      stream.phase = 'ended';
      return encodeFrame(frame(Type.RST_STREAM, 0, stream.id, uint32(this.#random.pick([0, 2, 5, 7, 8]))));
    }
    if (dice < 25) {
      stream.phase = 'ended';
      return encodeFrames(this.#writer.headers(stream.id, [['grpc-status', '0']], true));
    }
    const endStream = this.#random.chance(30);
    if (endStream) stream.phase = 'ended';
    const bytes = Buffer.alloc(this.#random.pick([0, 1, 7, 951, 16_000]), PEER_BODY_BYTE);
    return encodeFrame(this.#writer.data(stream.id, bytes, endStream));
  }

  #windowUpdate(): Frame {
    const id = this.#random.chance(50) || this.#streams.length === 0 ? 0 : this.#someStreamId();
    return frame(Type.WINDOW_UPDATE, 0, id, uint32(this.#random.pick([1, 1_000, 65_535, 2 ** 20])));
  }

  #connectionFrame(): Frame {
    const random = this.#random;
    switch (random.integer(0, 9)) {
      case 0:
      case 1:
      case 2:
        return frame(Type.SETTINGS, 0, 0, settingsPayload(randomSettings(random)));
      case 3:
      case 4:
        return frame(Type.SETTINGS, Flag.ACK, 0);
      case 5:
        return frame(Type.PING, random.pick([0, Flag.ACK]), 0, random.bytes(8));
      case 6:
        return frame(Type.PRIORITY, 0, this.#someStreamId(), Buffer.concat([uint32(0), Buffer.from([1])]));
      case 7: {
        // §6.8: a second GOAWAY may not name a larger stream; only one who does not care sends anything but 0.
        const lastStreamId = this.#hostility === 0 ? 0 : random.pick([0, 1, 5, 2 ** 31 - 1]);
        return frame(Type.GOAWAY, 0, 0, Buffer.concat([uint32(lastStreamId), uint32(random.pick([0, 0, 11]))]));
      }
      default:
        return frame(random.integer(10, 255), random.integer(0, 255), random.integer(0, 9), random.bytes(9));
    }
  }

  #someStreamId(): number {
    return this.#streams.length === 0 ? 1 : this.#random.pick(this.#streams).id;
  }

  #hostile(): Buffer {
    const random = this.#random;
    switch (random.integer(0, 6)) {
      case 0:
        return random.bytes(random.integer(1, 40));
      case 1: {
        const bytes = this.#lawful();
        bytes[random.integer(0, bytes.length - 1)] ^= 1 << random.integer(0, 7);
        return bytes;
      }
      case 2: {
        const bytes = this.#lawful();
        return bytes.subarray(0, random.integer(0, bytes.length));
      }
      case 3: // any frame on any stream
        return encodeFrame(
          frame(
            random.integer(0, 10),
            random.integer(0, 255),
            random.integer(0, 12),
            random.bytes(random.integer(0, 20)),
          ),
        );
      case 4: // windows that overflow or stand still
        return encodeFrame(
          frame(Type.WINDOW_UPDATE, 0, random.pick([0, this.#someStreamId()]), uint32(random.pick([0, 2 ** 31 - 1]))),
        );
      case 5: // frames for streams in any state
        return encodeFrame(
          frame(random.pick([0, 1, 3]), random.pick([0, 1, 4, 5]), this.#someStreamId(), random.bytes(4)),
        );
      default: // a flood
        return Buffer.concat(Array.from({ length: random.pick([50, 1_500]) }, this.#floodFrame()));
    }
  }

  #lawful(): Buffer {
    return Buffer.from(this.#random.chance(50) ? this.#begin() : this.#continue());
  }

  #floodFrame(): () => Buffer {
    const id = this.#someStreamId();
    const flood = this.#random.pick([
      frame(Type.PING, 0, 0, Buffer.alloc(8)),
      frame(Type.SETTINGS, 0, 0),
      frame(Type.RST_STREAM, 0, id, uint32(8)),
      frame(Type.WINDOW_UPDATE, 0, 0, uint32(1)),
      frame(Type.DATA, 0, id),
      frame(Type.CONTINUATION, 0, id),
      frame(Type.PRIORITY, 0, id, Buffer.concat([uint32(0), Buffer.from([1])])),
    ]);
    return () => encodeFrame(flood);
  }
}
