// SPDX-License-Identifier: Apache-2.0
// The referee must whistle: one illegal output a row, and the lawful exchange beside it.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  encodeFrames,
  Flag,
  type Frame,
  frame,
  PREFACE,
  Setting,
  settingsPayload,
  Type,
  uint32,
} from '../oracle/wire.ts';
import { type Field, HpackWriter } from '../oracle/wire-hpack.ts';
import { bodyByte, Referee } from './referee.ts';

const ENDED = Flag.END_HEADERS | Flag.END_STREAM;
const SETTINGS = frame(Type.SETTINGS, 0, 0);

function block(...fields: Field[]): Buffer {
  return new HpackWriter().block(fields);
}

function request(id: number, flags: number = Flag.END_HEADERS): Frame {
  return frame(
    Type.HEADERS,
    flags,
    id,
    block([':method', 'GET'], [':path', '/'], [':scheme', 'http'], [':authority', 'a']),
  );
}

function response(id: number, flags: number = Flag.END_HEADERS): Frame {
  return frame(Type.HEADERS, flags, id, block([':status', '200']));
}

function body(id: number, bytes: number, flags = 0): Frame {
  return frame(Type.DATA, flags, id, Buffer.from(Array.from({ length: bytes }, (_, offset) => bodyByte(offset))));
}

function goAway(code: number): Frame {
  return frame(Type.GOAWAY, 0, 0, Buffer.concat([uint32(0), uint32(code)]));
}

/** What a server sends in answer to the peer's frames. */
function judgeServer(peer: readonly Frame[], server: readonly Frame[]): void {
  const referee = new Referee('server');
  referee.peerSends(Buffer.concat([PREFACE, encodeFrames([SETTINGS, ...peer])]));
  referee.engineSends(encodeFrames([SETTINGS, ...server]));
}

function judgeClient(peer: readonly Frame[], client: readonly Frame[]): void {
  const referee = new Referee('client');
  referee.peerSends(encodeFrames(peer));
  referee.engineSends(Buffer.concat([PREFACE, encodeFrames([SETTINGS, ...client])]));
}

test('a lawful exchange passes', () => {
  const ack = frame(Type.SETTINGS, Flag.ACK, 0);
  const trailers = frame(Type.HEADERS, ENDED, 1, block(['grpc-status', '0']));
  judgeServer([request(1, ENDED)], [ack, response(1), body(1, 100), trailers]);
  judgeClient([SETTINGS], [request(1, ENDED), request(3), body(3, 5, Flag.END_STREAM)]);
});

const illegalForServer: [fault: RegExp, peer: Frame[], server: Frame[]][] = [
  [/idle/, [], [response(1)]],
  [/DATA after nothing/, [request(1)], [body(1, 1)]],
  [/DATA after end/, [request(1)], [response(1, ENDED), body(1, 1)]],
  [/DATA after reset/, [request(1)], [response(1), frame(Type.RST_STREAM, 0, 1, uint32(8)), body(1, 1)]],
  [
    /second RST_STREAM/,
    [request(1)],
    [frame(Type.RST_STREAM, 0, 1, uint32(8)), frame(Type.RST_STREAM, 0, 1, uint32(8))],
  ],
  [/trailers without END_STREAM/, [request(1)], [response(1), response(1)]],
  [/begins with x/, [request(1)], [frame(Type.HEADERS, Flag.END_HEADERS, 1, block(['x', 'y']))]],
  [/field name/, [request(1)], [frame(Type.HEADERS, Flag.END_HEADERS, 1, block([':status', '200'], ['X', 'y']))]],
  [/no entry/, [request(1)], [frame(Type.HEADERS, Flag.END_HEADERS, 1, Buffer.from([0xff, 0x10]))]],
  [/inside a header block/, [request(1)], [response(1, 0), frame(Type.PING, 0, 0, Buffer.alloc(8))]],
  [/is wrong/, [request(1)], [response(1), frame(Type.DATA, 0, 1, Buffer.from('wrong'))]],
  [/window of the stream/, [frame(Type.WINDOW_UPDATE, 0, 0, uint32(9)), request(1)], [response(1), ...flood(65_536)]],
  [
    /window of the connection/,
    [request(1), frame(Type.WINDOW_UPDATE, 0, 1, uint32(9))],
    [response(1), ...flood(65_536)],
  ],
  [/MAX_FRAME_SIZE/, [request(1)], [response(1), body(1, 16_385)]],
  [/ACK for nothing/, [], [frame(Type.SETTINGS, Flag.ACK, 0), frame(Type.SETTINGS, Flag.ACK, 0)]],
  [/PING ACK/, [], [frame(Type.PING, Flag.ACK, 0, Buffer.alloc(8))]],
  [/after GOAWAY/, [request(1)], [goAway(1), response(1)]],
  [/INTERNAL_ERROR/, [], [goAway(2)]],
  [/WINDOW_UPDATE of 0/, [], [frame(Type.WINDOW_UPDATE, 0, 0, uint32(0))]],
];

/** So many bytes of one body in lawful frames. */
function flood(bytes: number): Frame[] {
  const whole = body(1, bytes).payload;
  const frames: Frame[] = [];
  for (let at = 0; at < bytes; at += 16_384) frames.push(frame(Type.DATA, 0, 1, whole.subarray(at, at + 16_384)));
  return frames;
}

for (const [fault, peer, server] of illegalForServer)
  test(`illegal from a server: ${fault.source}`, () => {
    assert.throws(() => judgeServer(peer, server), fault);
  });

const oneStream = frame(Type.SETTINGS, 0, 0, settingsPayload([[Setting.MAX_CONCURRENT_STREAMS, 1]]));

const illegalForClient: [fault: RegExp, peer: Frame[], client: Frame[]][] = [
  [/opens stream 2/, [SETTINGS], [request(2)]],
  [/opens stream 1 after 3/, [SETTINGS], [request(3), request(1)]],
  [/2 streams open/, [oneStream], [frame(Type.SETTINGS, Flag.ACK, 0), request(1), request(3)]],
];

for (const [fault, peer, client] of illegalForClient)
  test(`illegal from a client: ${fault.source}`, () => {
    assert.throws(() => judgeClient(peer, client), fault);
  });

test('a stream that the peer has reset is dead once the engine has read that', () => {
  const referee = new Referee('server');
  referee.peerSends(
    Buffer.concat([PREFACE, encodeFrames([SETTINGS, request(1), frame(Type.RST_STREAM, 0, 1, uint32(8))])]),
  );
  referee.engineSends(encodeFrames([SETTINGS, response(1)])); // on its way when the reset came
  referee.settled();
  assert.throws(() => referee.engineSends(encodeFrames([body(1, 1)])), /the peer has reset/);
});
