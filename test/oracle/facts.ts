// SPDX-License-Identifier: Apache-2.0
// What a server under test was seen to do: to the peer on the wire, and to its own application. Two servers agree when
// their facts agree. Window updates, graceful GOAWAY and the order within one step are policy, and left out.

import { Flag, type Frame, FrameReader, Type, unpadded } from './wire.ts';
import { type Field, HpackReader } from './wire-hpack.ts';

export type Fact =
  /** GOAWAY with an error: the verdict on the whole connection. */
  | { readonly kind: 'goaway'; readonly code: number }
  /** The transport was ended without a GOAWAY that says why. */
  | { readonly kind: 'closed' }
  | { readonly kind: 'reset'; readonly streamId: number; readonly code: number }
  | { readonly kind: 'settings-ack' }
  | { readonly kind: 'pong'; readonly hex: string }
  | { readonly kind: 'response'; readonly streamId: number; readonly fields: readonly Field[] }
  | { readonly kind: 'response-body'; readonly streamId: number; readonly hex: string }
  | { readonly kind: 'response-end'; readonly streamId: number }
  /** What the application was given; requests are numbered as they arrive. */
  | { readonly kind: 'request'; readonly request: number; readonly fields: readonly Field[] }
  | { readonly kind: 'body'; readonly request: number; readonly hex: string }
  | { readonly kind: 'end'; readonly request: number; readonly trailers: readonly Field[] }
  | { readonly kind: 'failed'; readonly request: number };

/** Facts as one line each; body pieces of one request joined. */
export function normalize(facts: readonly Fact[]): Fact[] {
  const joined: Fact[] = [];
  for (const fact of facts) {
    const at = joined.findIndex((earlier) => canJoin(earlier, fact));
    const earlier = joined[at];
    if (earlier !== undefined && 'hex' in earlier && 'hex' in fact)
      joined[at] = { ...earlier, hex: earlier.hex + fact.hex };
    else joined.push(fact);
  }
  return joined.filter((fact) => !('hex' in fact) || fact.kind === 'pong' || fact.hex !== '');
}

function canJoin(a: Fact, b: Fact): boolean {
  if (a.kind === 'body' && b.kind === 'body') return a.request === b.request;
  return a.kind === 'response-body' && b.kind === 'response-body' && a.streamId === b.streamId;
}

export function factLine(fact: Fact): string {
  return JSON.stringify(fact);
}

/** Facts of the first that the second lacks, counted. */
export function missingFrom(facts: readonly Fact[], other: readonly Fact[]): Fact[] {
  const left = other.map(factLine);
  return facts.filter((fact) => {
    const at = left.indexOf(factLine(fact));
    if (at >= 0) left.splice(at, 1);
    return at < 0;
  });
}

/**
 * A field list in one form: pseudo-header fields by name, since their order carries no meaning (RFC 9113 §8.3), and
 * cookie crumbs as one field in the place of the first (§8.2.3: the two forms are semantically equal).
 */
export function canonicalFields(fields: readonly Field[]): Field[] {
  const pseudo = fields.filter(([name]) => name.startsWith(':')).sort(([a], [b]) => (a < b ? -1 : 1));
  const crumbs = fields.filter(([name]) => name === 'cookie').map(([, value]) => value);
  const regular = fields.filter(([name]) => !name.startsWith(':'));
  const firstCrumb = regular.findIndex(([name]) => name === 'cookie');
  const joined = regular.flatMap((field, at): Field[] => {
    if (field[0] !== 'cookie') return [field];
    return at === firstCrumb ? [['cookie', crumbs.join('; ')]] : [];
  });
  return [...pseudo, ...joined];
}

/** Reads what a server sends. Anything that cannot be read is an error of that server, and thrown. */
export class ServerOutput {
  readonly #frames = new FrameReader();
  readonly #hpack = new HpackReader();
  #block: { streamId: number; endStream: boolean; pieces: Buffer[] } | undefined;

  push(bytes: Uint8Array): Fact[] {
    return this.#frames.push(bytes).flatMap((frame) => this.#read(frame));
  }

  #read(frame: Frame): Fact[] {
    const { streamId, payload } = frame;
    switch (frame.type) {
      case Type.DATA:
        return [{ kind: 'response-body', streamId, hex: payload.toString('hex') }, ...endFacts(frame)];
      case Type.HEADERS:
        this.#block = { streamId, endStream: (frame.flags & Flag.END_STREAM) !== 0, pieces: [] };
        return this.#continueBlock(frame);
      case Type.CONTINUATION:
        return this.#continueBlock(frame);
      case Type.RST_STREAM:
        return [{ kind: 'reset', streamId, code: payload.readUInt32BE(0) }];
      case Type.SETTINGS:
        return frame.flags & Flag.ACK ? [{ kind: 'settings-ack' }] : [];
      case Type.PING:
        return frame.flags & Flag.ACK ? [{ kind: 'pong', hex: payload.toString('hex') }] : [];
      case Type.GOAWAY: {
        const code = payload.readUInt32BE(4);
        return code === 0 ? [] : [{ kind: 'goaway', code }];
      }
      default:
        return [];
    }
  }

  #continueBlock(frame: Frame): Fact[] {
    const block = this.#block;
    if (block === undefined) throw new Error('the server sent CONTINUATION out of nowhere');
    block.pieces.push(unpadded(frame) ?? frame.payload);
    if ((frame.flags & Flag.END_HEADERS) === 0) return [];
    this.#block = undefined;
    const { streamId } = block;
    // Node adds the date, which is the application's affair.
    const fields = this.#hpack.read(Buffer.concat(block.pieces)).filter(([name]) => name !== 'date');
    const facts: Fact[] = [{ kind: 'response', streamId, fields }];
    if (block.endStream) facts.push({ kind: 'response-end', streamId });
    return facts;
  }
}

function endFacts(frame: Frame): Fact[] {
  return frame.flags & Flag.END_STREAM ? [{ kind: 'response-end', streamId: frame.streamId }] : [];
}
