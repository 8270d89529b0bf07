// SPDX-License-Identifier: Apache-2.0
// Sessions with one wrong frame, or one that looks wrong and is right: RFC 9113 §4 to §6 and RFC 7541, one row a case.
// Each begins after the preface and an empty SETTINGS frame.

import { Flag, type Frame, frame, pad, Setting, settingsPayload, Type, uint32 } from './wire.ts';
import { encodeInteger, encodeText, type Field, HpackWriter } from './wire-hpack.ts';

export interface FramesCase {
  readonly name: string;
  readonly frames: readonly Frame[];
}

const REQUEST: readonly Field[] = [
  [':method', 'POST'],
  [':scheme', 'http'],
  [':path', '/'],
  [':authority', 'a.test'],
];
/** Literals only, so that any number of copies is right in any order. */
const BLOCK = new HpackWriter().block(REQUEST);

function headers(id: number, flags: number = Flag.END_HEADERS, block: Buffer = BLOCK): Frame {
  return frame(Type.HEADERS, flags, id, block);
}

function whole(id: number): Frame {
  return headers(id, Flag.END_HEADERS | Flag.END_STREAM);
}

function data(id: number, text: string, flags = 0): Frame {
  return frame(Type.DATA, flags, id, Buffer.from(text));
}

function reset(id: number, code = 8): Frame {
  return frame(Type.RST_STREAM, 0, id, uint32(code));
}

function windowUpdate(id: number, increment: number): Frame {
  return frame(Type.WINDOW_UPDATE, 0, id, uint32(increment));
}

function priority(id: number, parent: number): Frame {
  return frame(Type.PRIORITY, 0, id, Buffer.concat([uint32(parent), Buffer.from([1])]));
}

function settings(...entries: [number, number][]): Frame {
  return frame(Type.SETTINGS, 0, 0, settingsPayload(entries));
}

function ping(): Frame {
  return frame(Type.PING, 0, 0, Buffer.from('12345678'));
}

function sized(type: number, id: number, length: number, flags = 0): Frame {
  return frame(type, flags, id, Buffer.alloc(length));
}

/** RFC 9113 §4.2: the limit while SETTINGS_MAX_FRAME_SIZE stays as it is. */
const MAX_FRAME_SIZE = 16_384;

const cases: [name: string, ...frames: Frame[]][] = [
  // §5.1.1: stream ids.
  ['request on stream 0', whole(0)],
  ['request on an even stream', whole(2)],
  ['stream ids go back', whole(5), whole(3)],
  ['stream id used twice', whole(1), whole(1)],
  ['highest stream id', whole(2 ** 31 - 1), ping()],
  ['reserved bit set in the stream id', { ...whole(1), streamId: 0x80000001 }, ping()],
  // §5.1: frames in the wrong state.
  ['DATA on an idle stream', data(1, 'a')],
  ['DATA on stream 0', data(0, 'a')],
  ['RST_STREAM on an idle stream', reset(1)],
  ['RST_STREAM on stream 0', reset(0)],
  ['WINDOW_UPDATE on an idle stream', windowUpdate(1, 5)],
  ['DATA on an even idle stream', data(2, 'a')],
  ['PRIORITY on an idle stream', priority(1, 0), whole(1)],
  ['CONTINUATION out of nowhere', frame(Type.CONTINUATION, Flag.END_HEADERS, 1, BLOCK)],
  ['CONTINUATION after END_HEADERS', whole(1), frame(Type.CONTINUATION, Flag.END_HEADERS, 1, BLOCK)],
  ['CONTINUATION on another stream', headers(1, 0), frame(Type.CONTINUATION, Flag.END_HEADERS, 3, Buffer.alloc(0))],
  ['DATA inside a header block', headers(1, 0), data(1, 'a')],
  ['PING inside a header block', headers(1, 0), ping()],
  ['unknown frame inside a header block', headers(1, 0), sized(0x50, 0, 4)],
  ['HEADERS inside a header block', headers(1, 0), whole(3)],
  ['one empty CONTINUATION', headers(1, 1), sized(Type.CONTINUATION, 1, 0, Flag.END_HEADERS)],
  ['DATA after END_STREAM', whole(1), data(1, 'a')],
  ['DATA after END_STREAM on DATA', headers(1), data(1, 'a', Flag.END_STREAM), data(1, 'b')],
  ['HEADERS after END_STREAM', whole(1), headers(1, Flag.END_HEADERS | Flag.END_STREAM)],
  ['DATA after RST_STREAM', headers(1), reset(1), data(1, 'a'), ping()],
  ['HEADERS after RST_STREAM', headers(1), reset(1), whole(1), ping()],
  ['RST_STREAM twice', headers(1), reset(1), reset(1), ping()],
  ['WINDOW_UPDATE after RST_STREAM', headers(1), reset(1), windowUpdate(1, 1), ping()],
  ['PRIORITY after RST_STREAM', headers(1), reset(1), priority(1, 0), ping()],
  ['WINDOW_UPDATE after END_STREAM', whole(1), windowUpdate(1, 10), ping()],
  ['RST_STREAM after END_STREAM', whole(1), reset(1), ping()],
  ['DATA on an implicitly closed stream', whole(5), data(3, 'a')],
  ['HEADERS on an implicitly closed stream', whole(5), whole(3)],
  ['RST_STREAM on an implicitly closed stream', whole(5), reset(3), ping()],
  ['WINDOW_UPDATE on an implicitly closed stream', whole(5), windowUpdate(3, 1), ping()],
  // §4.2 and §6: lengths.
  ['DATA of the largest size', headers(1), sized(Type.DATA, 1, MAX_FRAME_SIZE), ping()],
  ['DATA too large', headers(1), sized(Type.DATA, 1, MAX_FRAME_SIZE + 1), ping()],
  ['DATA too large on an idle stream', sized(Type.DATA, 1, MAX_FRAME_SIZE + 1)],
  ['HEADERS too large', sized(Type.HEADERS, 1, MAX_FRAME_SIZE + 1, Flag.END_HEADERS)],
  ['CONTINUATION too large', headers(1, 0), sized(Type.CONTINUATION, 1, MAX_FRAME_SIZE + 1, Flag.END_HEADERS)],
  ['SETTINGS too large', sized(Type.SETTINGS, 0, 16_386)],
  ['PING too large', sized(Type.PING, 0, MAX_FRAME_SIZE + 1)],
  ['unknown frame too large', sized(0x50, 0, MAX_FRAME_SIZE + 1)],
  ['unknown frame too large on a stream', headers(1), sized(0x50, 1, MAX_FRAME_SIZE + 1)],
  ['unknown frame of the largest size', sized(0x50, 0, MAX_FRAME_SIZE), ping()],
  ['PING of 7 bytes', sized(Type.PING, 0, 7)],
  ['PING of 9 bytes', sized(Type.PING, 0, 9)],
  ['PING ACK unasked for', frame(Type.PING, Flag.ACK, 0, Buffer.from('12345678')), ping()],
  ['PING on a stream', headers(1), sized(Type.PING, 1, 8)],
  ['RST_STREAM of 3 bytes', headers(1), sized(Type.RST_STREAM, 1, 3)],
  ['RST_STREAM of 5 bytes', headers(1), sized(Type.RST_STREAM, 1, 5)],
  ['RST_STREAM of 0 bytes on an idle stream', sized(Type.RST_STREAM, 1, 0)],
  ['WINDOW_UPDATE of 3 bytes', sized(Type.WINDOW_UPDATE, 0, 3)],
  ['WINDOW_UPDATE of 5 bytes on a stream', headers(1), sized(Type.WINDOW_UPDATE, 1, 5)],
  ['PRIORITY of 4 bytes', headers(1), sized(Type.PRIORITY, 1, 4), ping()],
  ['PRIORITY of 6 bytes', headers(1), sized(Type.PRIORITY, 1, 6), ping()],
  ['PRIORITY on stream 0', priority(0, 1)],
  ['PRIORITY on itself', headers(1), priority(1, 1), ping()],
  ['PRIORITY on itself, idle', priority(1, 1), ping()],
  [
    'HEADERS depending on itself',
    headers(1, Flag.END_HEADERS | Flag.PRIORITY, Buffer.concat([uint32(1), Buffer.from([0]), BLOCK])),
    ping(),
  ],
  ['HEADERS too short for priority', headers(1, Flag.END_HEADERS | Flag.PRIORITY, Buffer.alloc(4))],
  ['HEADERS too short for padding', headers(1, Flag.END_HEADERS | Flag.PADDED, Buffer.alloc(0))],
  ['HEADERS padding longer than the frame', headers(1, Flag.END_HEADERS | Flag.PADDED, Buffer.from([5, 0x83]))],
  [
    'HEADERS padding longer than what priority leaves',
    headers(1, Flag.END_HEADERS | Flag.PADDED | Flag.PRIORITY, Buffer.concat([Buffer.from([128]), Buffer.alloc(129)])),
  ],
  ['HEADERS all padding', headers(1, Flag.END_HEADERS | Flag.PADDED, Buffer.from([1, 0]))],
  ['DATA padding longer than the frame', headers(1), frame(Type.DATA, Flag.PADDED, 1, Buffer.from([5, 1, 1]))],
  ['DATA padding as long as the frame', headers(1), frame(Type.DATA, Flag.PADDED, 1, Buffer.from([3, 1, 1]))],
  ['DATA all padding', headers(1), frame(Type.DATA, Flag.PADDED, 1, Buffer.from([2, 0, 0])), data(1, 'x', 1)],
  ['DATA padding not zero', headers(1), frame(Type.DATA, Flag.PADDED | 1, 1, Buffer.from([2, 65, 7, 7]))],
  ['DATA too short for padding', headers(1), frame(Type.DATA, Flag.PADDED, 1, Buffer.alloc(0))],
  ['padded request and body', pad(headers(1), 200), pad(data(1, 'abc', Flag.END_STREAM), 255)],
  ['GOAWAY of 7 bytes', sized(Type.GOAWAY, 0, 7)],
  ['GOAWAY on a stream', sized(Type.GOAWAY, 1, 8)],
  ['GOAWAY, then a request', sized(Type.GOAWAY, 0, 8), whole(1)],
  ['GOAWAY with an error', frame(Type.GOAWAY, 0, 0, Buffer.concat([uint32(0), uint32(2)])), ping()],
  // §6.5: SETTINGS.
  ['SETTINGS on a stream', sized(Type.SETTINGS, 1, 0)],
  ['SETTINGS of 5 bytes', sized(Type.SETTINGS, 0, 5)],
  ['SETTINGS ACK with a payload', sized(Type.SETTINGS, 0, 6, Flag.ACK)],
  ['SETTINGS ACK', sized(Type.SETTINGS, 0, 0, Flag.ACK), ping()],
  ['SETTINGS ACK twice', sized(Type.SETTINGS, 0, 0, Flag.ACK), sized(Type.SETTINGS, 0, 0, Flag.ACK), ping()],
  ['ENABLE_PUSH 2', settings([Setting.ENABLE_PUSH, 2])],
  ['INITIAL_WINDOW_SIZE 2^31', settings([Setting.INITIAL_WINDOW_SIZE, 2 ** 31])],
  ['MAX_FRAME_SIZE 16383', settings([Setting.MAX_FRAME_SIZE, 16_383])],
  ['MAX_FRAME_SIZE 2^24', settings([Setting.MAX_FRAME_SIZE, 2 ** 24])],
  ['MAX_FRAME_SIZE 0', settings([Setting.MAX_FRAME_SIZE, 0])],
  ['one setting twice', settings([Setting.INITIAL_WINDOW_SIZE, 0], [Setting.INITIAL_WINDOW_SIZE, 9]), whole(1)],
  ['32 settings', settings(...Array.from({ length: 32 }, (_, i): [number, number] => [0x100 + i, i])), ping()],
  ['33 settings', settings(...Array.from({ length: 33 }, (_, i): [number, number] => [0x100 + i, i])), ping()],
  [
    'window overflow by SETTINGS',
    whole(1),
    windowUpdate(1, 2 ** 30),
    settings([Setting.INITIAL_WINDOW_SIZE, 2 ** 31 - 1]),
  ],
  ['ENABLE_CONNECT_PROTOCOL 2', settings([8, 2]), ping()],
  ['NO_RFC7540_PRIORITIES 2', settings([9, 2]), ping()],
  // §6.6.
  [
    'PUSH_PROMISE from a client',
    headers(1),
    frame(Type.PUSH_PROMISE, Flag.END_HEADERS, 1, Buffer.concat([uint32(2), BLOCK])),
  ],
  ['PUSH_PROMISE on stream 0', frame(Type.PUSH_PROMISE, Flag.END_HEADERS, 0, Buffer.concat([uint32(2), BLOCK]))],
  // §6.9: windows.
  ['WINDOW_UPDATE of 0 on the connection', windowUpdate(0, 0)],
  ['WINDOW_UPDATE of 0 on a stream', headers(1), windowUpdate(1, 0), ping()],
  ['WINDOW_UPDATE with the reserved bit', headers(1), windowUpdate(1, 0x80000001), ping()],
  ['WINDOW_UPDATE of 0 with the reserved bit', headers(1), windowUpdate(1, 0x80000000), ping()],
  ['connection window overflow', windowUpdate(0, 2 ** 31 - 1)],
  ['connection window to its largest', windowUpdate(0, 2 ** 31 - 1 - 65_535), ping()],
  ['stream window overflow', headers(1), windowUpdate(1, 2 ** 31 - 1), ping()],
  ['stream window overflow in two steps', headers(1), windowUpdate(1, 2 ** 30), windowUpdate(1, 2 ** 30), ping()],
  // §8.1 at the frame layer.
  ['two header blocks before the body', headers(1), headers(1), data(1, 'a', 1)],
  ['empty DATA ends the stream', headers(1), data(1, '', Flag.END_STREAM)],
  ['empty DATA in between', headers(1), data(1, ''), data(1, 'a', Flag.END_STREAM)],
  ['unknown flags', { ...whole(1), flags: 0xd7 & ~(Flag.PADDED | Flag.PRIORITY) }, ping()],
  // Extensions that we do not speak.
  ['ALTSVC', frame(0xa, 0, 0, Buffer.from('\x00\x00h2=":1"')), ping()],
  ['ORIGIN', frame(0xc, 0, 0, Buffer.from('\x00\x01a')), ping()],
  ['PRIORITY_UPDATE', frame(0x10, 0, 0, Buffer.concat([uint32(1), Buffer.from('u=1')])), whole(1)],
  ['PRIORITY_UPDATE too short', frame(0x10, 0, 0, Buffer.alloc(2)), ping()],
];

/** A request whose header block ends in `bytes`. */
function hpack(name: string, bytes: Buffer | readonly number[], blockBefore: Buffer = BLOCK): FramesCase {
  const block = Buffer.concat([blockBefore, Buffer.from(bytes)]);
  return { name: `HPACK: ${name}`, frames: [headers(1, Flag.END_HEADERS | Flag.END_STREAM, block), ping()] };
}

function text(bytes: readonly number[]): number[] {
  return [0x00, 0x01, 0x78, ...bytes];
}

const NOTHING = Buffer.alloc(0);

const HPACK_CASES: readonly FramesCase[] = [
  hpack('index 0', [0x80]),
  hpack('first index past the tables', [0x80 | 62]),
  hpack('index 127 past the tables', [0xff, 0x00]),
  hpack('literal with a name index past the tables', [0x7f, 0x00, 0x00]),
  hpack('index of 2^35', [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01]),
  hpack('integer without an end', [0xff, 0xff, 0xff]),
  hpack('integer with needless zeros', [0xff, 0x80, 0x80, 0x80, 0x80, 0x80, 0x00]),
  hpack('no value', [0x00, 0x01, 0x78]),
  hpack('no name', [0x00]),
  hpack('name beyond the block', [0x00, 0x05, 0x78]),
  hpack('value beyond the block', text([0x05, 0x61])),
  hpack('value length of 2^28', text([0x7f, 0xff, 0xff, 0xff, 0x7f, 0x61])),
  hpack('Huffman value', text([0x81, 0x1f])), // 'a' is 00011, padded with 111
  hpack('Huffman padding of zeros', text([0x81, 0x18])),
  hpack('Huffman padding of 8 bits', text([0x82, 0x1f, 0xff])),
  hpack('Huffman EOS', text([0x84, 0xff, 0xff, 0xff, 0xff])),
  hpack('Huffman value of padding only', text([0x81, 0xff])),
  hpack('empty Huffman value', text([0x80])),
  hpack('empty literal name', Buffer.concat([Buffer.from([0]), encodeText('', false), encodeText('a', false)])),
  hpack('size update after a field', [0x20]),
  hpack('size update to 0', BLOCK, Buffer.from([0x20])),
  hpack('size update to 4096', BLOCK, encodeInteger(4096, 5, 0x20)),
  hpack('size update to 4097', BLOCK, encodeInteger(4097, 5, 0x20)),
  hpack('two size updates', BLOCK, Buffer.concat([encodeInteger(0, 5, 0x20), encodeInteger(4096, 5, 0x20)])),
  hpack('three size updates', BLOCK, Buffer.from([0x20, 0x21, 0x22])),
  hpack('size update alone', [], Buffer.from([0x20])),
  hpack(
    'insert larger than the table',
    Buffer.concat([Buffer.from([0x40]), encodeText('x', false), encodeText('v'.repeat(5000), false)]),
  ),
  hpack('insert, then refer to it', [0x40, 0x01, 0x78, 0x01, 0x79, 0x80 | 62]),
  hpack('insert, shrink to nothing, refer to it', [0x40, 0x01, 0x78, 0x01, 0x79, 0x80 | 63]),
  hpack('garbage', [0x1f, 0xe0, 0x7f, 0x00, 0xc0, 0x3f], NOTHING),
  {
    name: 'HPACK: garbage on a lower stream',
    frames: [whole(5), headers(4, Flag.END_HEADERS, Buffer.from([0xff, 0x00]))],
  },
  {
    name: 'HPACK: a refused block still counts',
    frames: [
      // Malformed (§8.2.1), but its insertion must be kept for the next block (RFC 9113 §4.3).
      headers(1, 5, Buffer.concat([BLOCK, Buffer.from([0x40, 0x01, 0x58, 0x01, 0x79, 0x40, 0x01, 0x7a, 0x01, 0x7a])])),
      headers(3, 5, Buffer.concat([BLOCK, Buffer.from([0x80 | 62])])),
    ],
  },
  {
    name: 'HPACK: a block on a reset stream still counts',
    frames: [
      headers(1),
      reset(1),
      headers(3, 5, Buffer.concat([BLOCK, Buffer.from([0x40, 0x01, 0x7a, 0x01, 0x7a])])),
      headers(5, 5, Buffer.concat([BLOCK, Buffer.from([0x80 | 62])])),
    ],
  },
];

export const FRAMES_CASES: readonly FramesCase[] = [
  ...cases.map(([name, ...frames]) => ({ name, frames })),
  ...HPACK_CASES,
];
