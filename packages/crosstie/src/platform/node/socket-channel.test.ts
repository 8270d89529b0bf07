// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { createServer, connect as dialTcp, type Socket } from 'node:net';
import { test } from 'node:test';
import type { ByteReceiver } from '../../core/index.ts';
import { SocketChannel, socketPeer } from './socket-channel.ts';

class Notes implements ByteReceiver {
  readonly events: string[] = [];
  bytes = 0;
  #waiting: { event: string; resolve: () => void }[] = [];

  onBytes(bytes: Uint8Array): void {
    this.bytes += bytes.length;
    this.#note('bytes');
  }
  onWritable(): void {
    this.#note('writable');
  }
  onEnd(): void {
    this.#note('end');
  }
  onClose(error: Error | undefined): void {
    this.#note(error === undefined ? 'close' : `close ${(error as NodeJS.ErrnoException).code ?? error.message}`);
  }
  /** Resolves when an event that begins so has come, or has been there already. */
  seen(event: string): Promise<void> {
    if (this.events.some((seen) => seen.startsWith(event))) return Promise.resolve();
    return new Promise((resolve) => this.#waiting.push({ event, resolve }));
  }
  #note(event: string): void {
    this.events.push(event);
    for (const { resolve } of this.#waiting.filter((waiting) => event.startsWith(waiting.event))) resolve();
  }
}

interface Pair {
  readonly channel: SocketChannel;
  readonly notes: Notes;
  /** The other end, a bare socket. */
  readonly far: Socket;
}

/** A test with a connected pair, which is gone when the test is over. */
function testPair(name: string, body: (pair: Pair) => Promise<void>): void {
  test(name, async () => {
    const pair = await openPair();
    try {
      await body(pair);
    } finally {
      pair.far.destroy();
      pair.channel.destroy();
    }
  });
}

async function openPair(): Promise<Pair> {
  const server = createServer({ allowHalfOpen: true, noDelay: true });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  const accepted = new Promise<Socket>((resolve) => server.once('connection', resolve));
  const far = dialTcp({ port, host: '127.0.0.1', allowHalfOpen: true });
  far.on('error', () => {});
  const socket = await accepted;
  server.close();
  return { channel: new SocketChannel(socket, socketPeer(socket)), notes: new Notes(), far };
}

function readAll(socket: Socket, bytes: number): Promise<Buffer> {
  const pieces: Buffer[] = [];
  let length = 0;
  return new Promise((resolve) => {
    socket.on('data', (piece) => {
      pieces.push(piece);
      length += piece.length;
      if (length >= bytes) resolve(Buffer.concat(pieces));
    });
  });
}

testPair('bytes go both ways, and the peer is known', async ({ channel, notes, far }) => {
  channel.open(notes);
  assert.equal(channel.peer.address, '127.0.0.1');
  assert.equal(channel.peer.port, far.localPort);
  far.write('hello');
  await notes.seen('bytes');
  assert.equal(notes.bytes, 5);
  const received = readAll(far, 4);
  let released = 0;
  assert.equal(
    channel.write([Buffer.from('echo')], () => released++),
    true,
  );
  assert.equal((await received).toString(), 'echo');
  assert.equal(released, 1);
});

testPair('several segments arrive in order and are released once, together', async ({ channel, notes, far }) => {
  channel.open(notes);
  const received = readAll(far, 9);
  let released = 0;
  channel.write([Buffer.from('abc'), Buffer.from('def'), Buffer.from('ghi')], () => released++);
  assert.equal((await received).toString(), 'abcdefghi');
  assert.equal(released, 1);
  assert.equal(channel.bufferedBytes, 0);
});

testPair('a write that the kernel takes at once is released before it returns', async ({ channel, notes }) => {
  channel.open(notes);
  const order: string[] = [];
  channel.write([Buffer.from('a')], () => order.push('released'));
  order.push('returned');
  assert.deepEqual(order, ['released', 'returned']);
});

testPair(
  'a peer that does not read stops the writer; reading starts it again, and each write is released in order',
  async ({ channel, notes, far }) => {
    channel.open(notes);
    far.pause();
    const block = Buffer.alloc(1_048_576);
    const released: number[] = [];
    let written = 0;
    while (channel.write([block, block], () => released.push(written))) written++;
    written++;
    channel.write([Buffer.from('z')], () => released.push(-1));
    assert.ok(channel.bufferedBytes >= block.length, 'Node still holds them');
    assert.ok(released.length < written, 'what waits is not released');
    assert.ok(!notes.events.includes('writable'));
    far.resume();
    await notes.seen('writable');
    assert.equal(channel.bufferedBytes, 0);
    assert.equal(released.length, written + 1);
    assert.equal(released.at(-1), -1);
    assert.equal(notes.events.filter((event) => event === 'writable').length, 1);
  },
);

testPair('destroy releases what waits, once, and ends with onClose', async ({ channel, notes, far }) => {
  channel.open(notes);
  far.pause();
  const block = Buffer.alloc(1_048_576);
  let [writes, releases] = [0, 0];
  do writes++;
  while (channel.write([block], () => releases++));
  channel.destroy(new Error('enough'));
  assert.equal(
    channel.write([block], () => releases++),
    false,
  );
  await notes.seen('close');
  assert.equal(releases, writes + 1);
  assert.equal(notes.events.at(-1), 'close enough');
});

testPair('a FIN is onEnd; our side still writes, and end() closes both', async ({ channel, notes, far }) => {
  channel.open(notes);
  far.end('bye');
  await notes.seen('end');
  assert.deepEqual(notes.events, ['bytes', 'end']);
  const received = readAll(far, 4);
  channel.write([Buffer.from('last')], () => {});
  channel.end();
  assert.equal((await received).toString(), 'last');
  await notes.seen('close');
  assert.equal(notes.events.at(-1), 'close');
});

testPair('a reset connection is onClose with the error, nothing is thrown', async ({ channel, notes, far }) => {
  channel.open(notes);
  far.resetAndDestroy();
  await notes.seen('close');
  assert.deepEqual(notes.events, ['close ECONNRESET']);
});

testPair('a connection lost before open is told after open', async ({ channel, notes, far }) => {
  far.resetAndDestroy();
  channel.destroy();
  // Node reports the close of a socket in a later turn.
  await new Promise((resolve) => setImmediate(resolve));
  channel.open(notes);
  assert.deepEqual(notes.events, []);
  await notes.seen('close');
});

testPair('bytes wait for open, and open does not call back before it returns', async ({ channel, notes, far }) => {
  await new Promise((resolve) => far.write('early', resolve));
  await new Promise((resolve) => setImmediate(resolve));
  channel.open(notes);
  assert.deepEqual(notes.events, []);
  await notes.seen('bytes');
  assert.equal(notes.bytes, 5);
  assert.throws(() => channel.open(notes), /receiver already/);
});

testPair('pause stops reading, resume goes on', async ({ channel, notes, far }) => {
  channel.open(notes);
  channel.pause();
  await new Promise((resolve) => far.write('later', resolve));
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(notes.bytes, 0);
  channel.resume();
  await notes.seen('bytes');
});

testPair('detach gives the socket to somebody else, unread bytes first', async ({ channel, notes, far }) => {
  channel.open(notes);
  const socket = channel.detach(Buffer.from('first '));
  const received = readAll(socket, 12);
  socket.resume();
  far.write('second');
  assert.equal((await received).toString(), 'first second');
  assert.deepEqual(notes.events, []);
  assert.equal(socket.listenerCount('error'), 1, 'the error listener stays');
});
