// SPDX-License-Identifier: Apache-2.0

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeClock } from '../../testing/index.ts';
import { Pings } from './pings.ts';

function createPings() {
  const clock = new FakeClock();
  const pings = new Pings(clock);
  const said: string[] = [];
  const send = (name: string) =>
    Buffer.from(
      pings.send(
        (rttMs) => said.push(`${name} ${rttMs} ms`),
        (error) => said.push(`${name} ${error.message}`),
      ),
    );
  return { clock, pings, said, send };
}

test('the answer tells the round trip, each PING its own', () => {
  const { clock, pings, said, send } = createPings();
  assert.equal(pings.lastRttMs, undefined);
  const first = send('first');
  clock.advance(5);
  const second = send('second');
  assert.equal(pings.outstanding, 2);
  clock.advance(10);
  assert.equal(pings.receiveAck(Buffer.concat([Buffer.from('..'), second]), 2), true);
  assert.equal(pings.receiveAck(first, 0), true);
  assert.deepEqual(said, ['second 10 ms', 'first 15 ms']);
  assert.deepEqual([pings.lastRttMs, pings.outstanding], [15, 0]);
});

test('an answer to nothing, and a second answer', () => {
  const { pings, said, send } = createPings();
  const opaque = send('one');
  assert.equal(pings.receiveAck(Buffer.alloc(8), 0), false);
  assert.equal(pings.receiveAck(opaque, 0), true);
  assert.equal(pings.receiveAck(opaque, 0), false);
  assert.equal(said.length, 1);
});

test('all eight bytes of the answer count', () => {
  // §6.7: "an identical payload"
  const { pings, send } = createPings();
  const opaque = send('one');
  opaque[7] ^= 0xff;
  assert.equal(pings.receiveAck(opaque, 0), false);
});

test('lost with the connection', () => {
  const { pings, said, send } = createPings();
  send('one');
  send('two');
  pings.lose(new Error('gone'));
  pings.lose(new Error('gone again'));
  assert.deepEqual([said, pings.outstanding], [['one gone', 'two gone'], 0]);
});
