// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import net from 'node:net';
import { test } from 'node:test';
import { createMemoryChannels, FakeClock, installLeakCheck, type TestHooks } from './index.ts';

type AfterHook = Parameters<TestHooks['afterEach']>[0];

/** Runs `body` as a test of a framework of its own, and returns what the leak check has to say. */
async function check(body: () => void | Promise<void>, context: unknown = { passed: true }): Promise<string> {
  let before = () => {};
  let after: AfterHook = async () => {};
  const hooks: TestHooks = {
    beforeEach: (hook) => {
      before = hook;
    },
    afterEach: (hook) => {
      after = hook;
    },
  };
  installLeakCheck(hooks, { graceMs: 0 });
  before();
  await body();
  try {
    await after(context);
    return '';
  } catch (error) {
    return (error as Error).message;
  }
}

test('a test that leaves nothing passes', async () => {
  const message = await check(() => {
    const clock = new FakeClock();
    clock.setTimer(() => {}, 5);
    clock.advance(5);
  });
  assert.equal(message, '');
});

test('a pending timer of a fake clock is a leak', async () => {
  const message = await check(() => {
    new FakeClock().setTimer(() => {}, 250);
  });
  assert.match(message, /1 timers on a fake clock \(250 ms\)/);
});

test('a failed test is not checked as well', async () => {
  const message = await check(() => new FakeClock().defer(() => {}), { passed: false });
  assert.equal(message, '');
});

test('a listening server and its sockets are a leak', async () => {
  const closing: (() => void)[] = [];
  const message = await check(async () => {
    const server = net.createServer((socket) => closing.push(() => socket.destroy()));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as net.AddressInfo;
    const client = net.connect(port, '127.0.0.1');
    client.unref();
    await new Promise((resolve) => client.once('connect', resolve));
    closing.push(() => client.destroy());
    closing.push(() => server.close());
  });
  for (const close of closing) close();
  assert.match(message, /1 × TCPServerWrap/);
  assert.match(message, /an open socket, 127\.0\.0\.1:\d+ to 127\.0\.0\.1:\d+/);
});

test('a listener on the process is a leak', async () => {
  const listener = () => {};
  const message = await check(() => {
    process.on('SIGUSR2', listener);
  });
  process.off('SIGUSR2', listener);
  assert.match(message, /listeners on the process/);
});

test('what a connection still holds when its channel is closed is a leak', async () => {
  const facts = { role: 'server', streams: { open: 2, waitingToSend: 0 }, heldBytes: 30, bufferedBytes: 0 };
  const open = (state: string, held: typeof facts) => () => {
    const [near] = createMemoryChannels();
    const silent = { onBytes: () => {}, onWritable: () => {}, onEnd: () => {}, onClose: () => {} };
    near.open(Object.assign(silent, { inspect: () => ({ ...held, state }) }));
  };
  const message = await check(open('open', facts));
  assert.match(message, /2 open streams in a server connection/);
  assert.match(message, /30 received bytes held in a server connection/);
  assert.match(message, /a server connection that is open although its channel is closed/);
  const none = { ...facts, streams: { open: 0, waitingToSend: 0 }, heldBytes: 0 };
  assert.equal(await check(open('closed', none)), '');
});
