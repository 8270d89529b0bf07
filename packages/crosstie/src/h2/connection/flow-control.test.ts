// SPDX-License-Identifier: Apache-2.0
// Windows in both directions, of streams and of the connection (RFC 9113 §5.2, §6.9), and what memory has to say.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type ExchangeHandler, prepareHeaders, type ServerExchange } from '../../exchange/index.ts';
import {
  BodyRecorder,
  data,
  END_STREAM,
  goAway,
  headers,
  ping,
  pong,
  type ReceivedFrame,
  request,
  reset,
  type Script,
  servePeer,
  settings,
  windowUpdate,
} from '../../testing/index.ts';

const OK = prepareHeaders([[':status', '200']]);
const POST = request('POST', '/');
const INITIAL = 65_535;

async function serveCalls(options: Parameters<typeof servePeer>[1] = {}) {
  const calls: { readonly exchange: ServerExchange; readonly body: BodyRecorder }[] = [];
  const handler: ExchangeHandler = (exchange) => {
    const body = new BodyRecorder();
    calls.push({ exchange, body });
    return body;
  };
  const served = servePeer(handler, options);
  await served.peer.handshake();
  return { ...served, calls };
}

/** `bytes` of DATA, in frames of at most 16,384. */
function dataOf(streamId: number, bytes: number, flags = 0): Script[] {
  const words: Script[] = [];
  for (let left = bytes; left > 0; left -= 16_384) {
    words.push(data(streamId, Buffer.alloc(Math.min(left, 16_384), 'x'), left <= 16_384 ? flags : 0));
  }
  return words;
}

function bytesOf(frames: readonly ReceivedFrame[]): number {
  return frames.reduce((sum, { wire, body }) => sum + (wire.type === 0 ? body.length : 0), 0);
}

// ── what we receive ──

test('a stream window is returned when half of it has been released', async () => {
  const { peer, calls } = await serveCalls({ limits: { streamWindowBytes: 10_000 } });
  await peer.sends(headers(1, POST), data(1, Buffer.alloc(6_000)));
  const [{ exchange }] = calls;
  exchange.release(4_999);
  await peer.receivesNothing();
  exchange.release(1);
  await peer.receives(windowUpdate(1, 5_000));
  exchange.release(1_000);
  await peer.receivesNothing();
  await peer.sends(data(1, Buffer.alloc(9_000)), ping('12345678'));
  await peer.receives(pong());
});

test('what is held is not returned: the peer can fill the window, and no more', async () => {
  // §6.9.1: "A receiver that [...] receives DATA beyond the window" ends in FLOW_CONTROL_ERROR: here of the stream.
  const { peer, calls, connection } = await serveCalls({ limits: { streamWindowBytes: 10_000 } });
  await peer.sends(headers(1, POST), data(1, Buffer.alloc(10_000)));
  await peer.receivesNothing();
  await peer.sends(data(1, 'x'));
  await peer.receives(reset(1, 'FLOW_CONTROL_ERROR'));
  assert.equal(calls[0].body.failure?.code, 3);
  assert.equal(connection.inspect().heldBytes, 0);
});

test('the window of the connection is returned when its DATA have been handed up, held or not', async () => {
  const limits = { streamWindowBytes: 100_000, connectionWindowBytes: INITIAL };
  const { peer } = await serveCalls({ limits });
  await peer.sends(headers(1, POST), ...dataOf(1, 32_767));
  await peer.receivesNothing();
  await peer.sends(data(1, 'x'));
  await peer.receives(windowUpdate(0, 32_768));
});

test('more DATA than the connection allows', async () => {
  const limits = { streamWindowBytes: 100_000, connectionWindowBytes: INITIAL };
  const { peer } = await serveCalls({ limits });
  await peer.sends(headers(1, POST), ...dataOf(1, INITIAL + 1));
  await peer.receives(goAway('FLOW_CONTROL_ERROR'));
  await peer.receivesEnd();
});

test('exactly the window of the connection', async () => {
  const limits = { streamWindowBytes: 100_000, connectionWindowBytes: INITIAL };
  const { peer, calls } = await serveCalls({ limits });
  await peer.sends(headers(1, POST), ...dataOf(1, INITIAL));
  await peer.receives(windowUpdate(0, INITIAL));
  assert.equal(calls[0].body.body.length, INITIAL);
});

test('padding counts, and is returned at once', async () => {
  // §6.9.1: "The entire DATA frame payload is included in flow control, including the Pad Length and Padding fields if present."
  const { peer, connection } = await serveCalls({ limits: { streamWindowBytes: 1_000 } });
  const before = connection.inspect().windows.receive;
  await peer.sends(headers(1, POST));
  for (let i = 0; i < 3; i++) await peer.sends(data(1, 'x', { paddingBytes: 199 }));
  await peer.receives(windowUpdate(1, 600));
  assert.equal(before - connection.inspect().windows.receive, 603);
});

test('DATA nobody reads any more still count for the connection, and are returned', async () => {
  const limits = { streamWindowBytes: 100_000, connectionWindowBytes: INITIAL };
  const { peer, calls } = await serveCalls({ limits });
  await peer.sends(headers(1, POST));
  calls[0].exchange.reset(8);
  await peer.receives(reset(1, 'CANCEL'));
  await peer.sends(...dataOf(1, 40_000));
  await peer.receives(windowUpdate(0, 40_000));
});

test('a stream that has ended gets no WINDOW_UPDATE', async () => {
  const { peer, calls } = await serveCalls({ limits: { streamWindowBytes: 10_000 } });
  await peer.sends(headers(1, POST), data(1, Buffer.alloc(9_000), END_STREAM));
  const [{ exchange }] = calls;
  exchange.grant(9_000);
  exchange.release(9_000);
  await peer.receivesNothing();
});

test('grant returns credit before the bytes are released, and release does not return it again', async () => {
  const { peer, calls, connection } = await serveCalls({ limits: { streamWindowBytes: 10_000 } });
  await peer.sends(headers(1, POST), data(1, Buffer.alloc(6_000)));
  const [{ exchange }] = calls;
  const held = connection.inspect().heldBytes;
  exchange.grant(6_000);
  await peer.receives(windowUpdate(1, 6_000));
  assert.equal(connection.inspect().heldBytes, held, 'granted bytes are still held');
  exchange.release(6_000);
  await peer.receivesNothing();
  assert.equal(held - connection.inspect().heldBytes, 6_000);
  await peer.sends(data(1, Buffer.alloc(10_000)));
  exchange.release(10_000);
  await peer.receives(windowUpdate(1, 10_000));
});

test('grant and release of more than there is do no harm', async () => {
  const { peer, calls, connection } = await serveCalls({ limits: { streamWindowBytes: 10_000 } });
  await peer.sends(headers(1, POST));
  const [{ exchange }] = calls;
  exchange.grant(1_000_000);
  await peer.sends(data(1, Buffer.alloc(6_000)));
  exchange.release(1_000_000);
  exchange.release(1_000_000);
  const updates = await peer.takes();
  const sum = updates.reduce((total, { wire }) => total + wire.payload.readUInt32BE(0), 0);
  assert.ok(sum <= 6_000 + 1_000, `${sum} bytes of credit for 6,000`);
  assert.equal(connection.inspect().heldBytes, 0);
});

test('a partial grant', async () => {
  const { peer, calls } = await serveCalls({ limits: { streamWindowBytes: 10_000 } });
  await peer.sends(headers(1, POST), data(1, Buffer.alloc(8_000)));
  const [{ exchange }] = calls;
  exchange.grant(5_000);
  await peer.receives(windowUpdate(1, 5_000));
  // 8,000 released, of which 5,000 were granted already: 3,000 are due, less than half.
  exchange.release(8_000);
  await peer.receivesNothing();
  await peer.sends(data(1, Buffer.alloc(2_000)));
  exchange.release(2_000);
  await peer.receives(windowUpdate(1, 5_000));
});

test('held bytes are those of heads and bodies, and all are free at the end', async () => {
  const { peer, calls, connection, budget } = await serveCalls();
  await peer.sends(headers(1, POST), data(1, Buffer.alloc(1_000)));
  const { heldBytes } = connection.inspect();
  assert.ok(heldBytes > 1_000 && heldBytes < 2_000, String(heldBytes));
  assert.equal(budget.heldBytes, heldBytes);
  await peer.sends(data(1, '', END_STREAM));
  calls[0].exchange.reply(OK);
  await peer.settles();
  assert.deepEqual([connection.inspect().heldBytes, budget.heldBytes], [0, 0]);
});

// ── memory of the process ──

test('windows of streams whose body is under way are promised, and no longer than that', async () => {
  const { peer, calls, budget } = await serveCalls({ limits: { streamWindowBytes: 10_000 } });
  await peer.sends(headers(1, POST), headers(3, POST), headers(5, POST), headers(7, POST, END_STREAM));
  await peer.sends(data(1, Buffer.alloc(6_000)), data(3, Buffer.alloc(1_000)), data(5, Buffer.alloc(1_000)));
  assert.equal(budget.promisedBytes, 4_000 + 9_000 + 9_000);
  calls[0].exchange.release(6_000);
  assert.equal(budget.promisedBytes, 10_000 + 9_000 + 9_000);
  await peer.sends(data(1, '', END_STREAM));
  assert.equal(budget.promisedBytes, 9_000 + 9_000);
  await peer.sends(reset(3, 'CANCEL'));
  assert.equal(budget.promisedBytes, 9_000);
  calls[2].exchange.reset(8);
  assert.equal(budget.promisedBytes, 0);
  await peer.takes();
});

test('with memory short one stream is favoured, until it has ended', async () => {
  const options = { limits: { streamWindowBytes: 10_000 }, budgetBytes: 80_000 };
  const { peer, calls, budget } = await serveCalls(options);
  // A quarter of the limit is for the favoured one.
  budget.charge(50_000);
  await peer.sends(headers(1, POST), headers(3, POST));
  await peer.sends(data(1, Buffer.alloc(6_000)), data(3, Buffer.alloc(6_000)));
  for (const { exchange } of calls) exchange.grant(6_000);
  await peer.sends(ping('12345678'));
  await peer.receivesInAnyOrder(windowUpdate(1, 6_000), pong());
  await peer.sends(data(1, '', END_STREAM));
  calls[0].exchange.reply(OK);
  await peer.receivesInAnyOrder(headers(1, {}, END_STREAM), windowUpdate(3, 6_000));
  budget.release(50_000);
});

test('the favoured stream gets credit of the connection, too', async () => {
  const limits = { streamWindowBytes: 60_000, connectionWindowBytes: INITIAL };
  const { peer, calls, budget } = await serveCalls({ limits, budgetBytes: 800_000 });
  budget.charge(680_000);
  await peer.sends(headers(1, POST), ...dataOf(1, 60_000));
  await peer.takes();
  // More than seven eighths are held now: only this stream may go on, to the end of its message.
  calls[0].exchange.grant(60_000);
  await peer.sends(ping('12345678'));
  const updates = (await peer.takes()).filter(({ wire }) => wire.type === 8);
  const streams = updates.map(({ wire }) => wire.streamId).sort();
  assert.deepEqual(streams, [0, 1], 'both windows must be open for it to go on');
  budget.release(680_000);
});

test('beyond the limit of the process the largest holder is told to calm down', async () => {
  const { peer, budget, connection, closed } = await serveCalls({ budgetBytes: 50_000 });
  assert.equal(closed, undefined);
  await peer.sends(headers(1, POST), ...dataOf(1, 60_000));
  await peer.receives(goAway('ENHANCE_YOUR_CALM', 'receive_memory_exhausted'));
  assert.deepEqual([budget.evictions, budget.heldBytes, connection.inspect().heldBytes], [1, 0, 0]);
});

test('beyond its own limit a connection is told to calm down', async () => {
  const { peer } = await serveCalls({ limits: { receiveConnectionBytes: 20_000 } });
  await peer.sends(headers(1, POST), ...dataOf(1, 30_000));
  await peer.receives(goAway('ENHANCE_YOUR_CALM'));
});

test('with memory short and nothing consumed the largest holder goes after a while', async () => {
  const { peer, calls, budget } = await serveCalls({ limits: { streamWindowBytes: 30_000 }, budgetBytes: 40_000 });
  await peer.sends(headers(1, POST), headers(3, POST), ...dataOf(1, 20_000), ...dataOf(3, 16_000));
  for (const { exchange } of calls) exchange.grant(16_000);
  await peer.takes();
  await peer.waits(9_999);
  assert.equal(budget.evictions, 0);
  await peer.waits(1);
  await peer.receives(goAway('ENHANCE_YOUR_CALM', /receive_memory/));
});

// ── what we send ──

test('the stream window holds DATA back; head and trailers need none', async () => {
  const { peer, calls } = await serveCalls();
  await peer.sends(settings({ INITIAL_WINDOW_SIZE: 0 }), headers(1, POST, END_STREAM), headers(3, POST, END_STREAM));
  calls[0].exchange.reply(OK, Buffer.from('hello'), prepareHeaders([['a', 'b']]));
  calls[1].exchange.reply(OK, undefined, prepareHeaders([['a', 'b']]));
  const [ack] = await peer.takes();
  assert.equal(ack.wire.type, 4);
});

test('head, DATA as the window allows, trailers behind the last', async () => {
  const { peer, calls } = await serveCalls();
  await peer.sends(settings({ INITIAL_WINDOW_SIZE: 0 }));
  await peer.takes();
  await peer.sends(headers(1, POST, END_STREAM));
  calls[0].exchange.reply(OK, Buffer.from('hello'), prepareHeaders([['a', 'b']]));
  await peer.receives(headers(1, { ':status': '200' }));
  await peer.sends(windowUpdate(1, 2));
  await peer.receives(data(1, 'he'));
  await peer.sends(windowUpdate(1, 1), windowUpdate(1, 1));
  await peer.receives(data(1, 'l'), data(1, 'l'));
  await peer.sends(windowUpdate(1, 100));
  await peer.receives(data(1, 'o'), headers(1, { a: 'b' }, END_STREAM));
});

test('the window of the connection is shared, and the rest waits for it', async () => {
  const { peer, calls, connection } = await serveCalls();
  await peer.sends(
    settings({ INITIAL_WINDOW_SIZE: 1_000_000 }),
    headers(1, POST, END_STREAM),
    headers(3, POST, END_STREAM),
  );
  for (const { exchange } of calls) exchange.reply(OK, Buffer.alloc(50_000));
  assert.equal(bytesOf(await peer.takes()), INITIAL);
  assert.equal(connection.inspect().windows.send, 0);
  await peer.sends(windowUpdate(0, 10));
  assert.equal(bytesOf(await peer.takes()), 10);
  await peer.sends(windowUpdate(0, 100_000));
  assert.equal(bytesOf(await peer.takes()), 100_000 - INITIAL - 10);
});

test('a stream that waits for the connection holds up no head', async () => {
  const { peer, calls } = await serveCalls();
  await peer.sends(settings({ INITIAL_WINDOW_SIZE: 1_000_000 }), headers(1, POST, END_STREAM));
  calls[0].exchange.reply(OK, Buffer.alloc(INITIAL + 5));
  await peer.takes();
  await peer.sends(headers(3, POST, END_STREAM));
  calls[1].exchange.reply(OK, undefined, prepareHeaders([['a', 'b']]));
  await peer.receives(headers(3), headers(3, { a: 'b' }, END_STREAM));
  await peer.sends(windowUpdate(0, 5));
  await peer.receives(data(1, Buffer.alloc(5), END_STREAM));
});

test('a smaller initial window makes windows negative', async () => {
  // §6.9.2: "A change to SETTINGS_INITIAL_WINDOW_SIZE can cause the available space in a flow-control window to become
  // negative. A sender MUST track the negative flow-control window and MUST NOT send new flow-controlled frames until it
  // receives WINDOW_UPDATE frames that cause the flow-control window to become positive."
  const { peer, calls } = await serveCalls();
  await peer.sends(settings({ INITIAL_WINDOW_SIZE: 10 }), headers(1, POST, END_STREAM));
  calls[0].exchange.reply(OK, Buffer.alloc(30));
  assert.equal(bytesOf(await peer.takes()), 10);
  await peer.sends(settings({ INITIAL_WINDOW_SIZE: 3 }), windowUpdate(1, 7));
  assert.equal(bytesOf(await peer.takes()), 0);
  await peer.sends(windowUpdate(1, 1));
  assert.equal(bytesOf(await peer.takes()), 1);
  await peer.sends(settings({ INITIAL_WINDOW_SIZE: 8 }));
  assert.equal(bytesOf(await peer.takes()), 5);
});

test('a new initial window is for streams, not for the connection', async () => {
  // §6.9.2: "A SETTINGS frame cannot alter the connection flow-control window."
  const { peer, connection } = await serveCalls();
  await peer.sends(settings({ INITIAL_WINDOW_SIZE: 5 }));
  const { send, initialSend } = connection.inspect().windows;
  assert.deepEqual([send, initialSend], [INITIAL, 5]);
});

test('an initial window that takes a stream beyond 2^31-1', async () => {
  // §6.9.2: "An endpoint MUST treat a change to SETTINGS_INITIAL_WINDOW_SIZE that causes any flow-control window to exceed the
  // maximum size as a connection error of type FLOW_CONTROL_ERROR."
  const { peer } = await serveCalls();
  await peer.sends(headers(1, POST), windowUpdate(1, 1));
  await peer.sends(settings({ INITIAL_WINDOW_SIZE: 0x7fffffff }));
  await peer.receives(goAway('FLOW_CONTROL_ERROR'));
});

test('WINDOW_UPDATE beyond 2^31-1 ends the stream, or the connection', async () => {
  // §6.9.1: "If a sender receives a WINDOW_UPDATE that causes a flow-control window to exceed this maximum, it MUST terminate
  // either the stream or the connection, as appropriate."
  const { peer, calls } = await serveCalls();
  await peer.sends(headers(1, POST), windowUpdate(1, 0x7fffffff - INITIAL));
  await peer.receivesNothing();
  await peer.sends(windowUpdate(1, 1));
  await peer.receives(reset(1, 'FLOW_CONTROL_ERROR'));
  assert.equal(calls[0].body.failure?.origin, 'local');
  await peer.sends(windowUpdate(0, 0x7fffffff - INITIAL + 1));
  await peer.receives(goAway('FLOW_CONTROL_ERROR'));
});

test('an increment of 0 ends the connection', async () => {
  for (const id of [0, 1]) {
    const { peer } = await serveCalls();
    await peer.sends(headers(1, POST), windowUpdate(id, 0));
    await peer.receives(goAway('PROTOCOL_ERROR'));
  }
});

test('more WINDOW_UPDATEs than streams and DATA explain', async () => {
  const { peer } = await serveCalls();
  await peer.sends(...Array.from({ length: 5 }, () => windowUpdate(0, 1)));
  await peer.receivesNothing();
  await peer.sends(windowUpdate(0, 1));
  await peer.receives(goAway('ENHANCE_YOUR_CALM', 'too_many_window_updates'));
});

test('DATA frames are no larger than the peer accepts, nor than 16 KiB', async () => {
  const { peer, calls } = await serveCalls();
  await peer.sends(
    settings({ MAX_FRAME_SIZE: 1_000_000, INITIAL_WINDOW_SIZE: 1_000_000 }),
    headers(1, POST, END_STREAM),
  );
  calls[0].exchange.reply(OK, Buffer.alloc(40_000));
  const sizes = (await peer.takes()).filter(({ wire }) => wire.type === 0).map(({ body }) => body.length);
  assert.deepEqual(sizes, [16_384, 16_384, 40_000 - 2 * 16_384]);
});
