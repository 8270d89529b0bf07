// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HeaderFields, type OutgoingHeaders, type ServerExchange } from 'crosstie/engine';
import { GrpcEcho } from './grpc-echo.ts';

const MIB = 1024 * 1024;

/** Notes the answer. */
class Answer implements ServerExchange {
  readonly head = { method: 'POST', scheme: 'http', authority: 'a', path: '/', fields: HeaderFields.EMPTY };
  readonly peer = { address: '', port: 0 };
  readonly replies: { head: string; body: Uint8Array | undefined; trailers: string }[] = [];
  granted = 0;
  reply(head: OutgoingHeaders, body?: Uint8Array, trailers?: OutgoingHeaders): void {
    this.replies.push({ head: [...head].join(), body, trailers: trailers === undefined ? '' : [...trailers].join() });
  }
  grant(bytes: number): void {
    this.granted += bytes;
  }
  release(): void {}
  reset(): void {}
  sendHead(): void {}
  sendInformation(): void {}
  sendData(): boolean {
    return true;
  }
  sendEnd(): void {}
}

function messageOf(length: number): Buffer {
  const message = Buffer.alloc(5 + length, 7);
  message[0] = 0;
  message.writeUInt32BE(length, 1);
  return message;
}

/** Sends the pieces as a read buffer would: each is overwritten when the call has returned. */
function echo(pieces: readonly Uint8Array[]): Answer {
  const answer = new Answer();
  const echo = new GrpcEcho(answer);
  for (const piece of pieces) {
    const lent = Buffer.from(piece);
    echo.onData(lent);
    lent.fill(0xdb);
  }
  if (answer.replies.length === 0) echo.onEnd();
  return answer;
}

test('a message comes back as it came, in one piece or cut anywhere', () => {
  const message = messageOf(20);
  for (let at = 0; at <= message.length; at++) {
    const { replies, granted } = echo([message.subarray(0, at), message.subarray(at)]);
    assert.equal(replies.length, 1);
    assert.deepEqual(Buffer.from(replies[0].body ?? []), message, `cut at ${at}`);
    assert.deepEqual(replies[0].trailers, 'grpc-status,0');
    assert.equal(granted, message.length);
  }
});

test('4 MiB in pieces come back, more is RESOURCE_EXHAUSTED', () => {
  const cut = (message: Buffer): Buffer[] =>
    Array.from({ length: Math.ceil(message.length / 16_384) }, (_, i) =>
      message.subarray(i * 16_384, (i + 1) * 16_384),
    );
  const largest = messageOf(4 * MIB);
  assert.ok(largest.equals(echo(cut(largest)).replies[0].body ?? Buffer.alloc(0)));
  const { replies } = echo(cut(messageOf(4 * MIB + 1)));
  assert.match(replies[0].head, /grpc-status,8/);
  assert.equal(replies.length, 1);
});

test('what is not one message is INTERNAL', () => {
  const twice = Buffer.concat([messageOf(1), messageOf(1)]);
  const wrong = [
    [],
    [Buffer.alloc(4)],
    [messageOf(3).subarray(0, 7)],
    [twice],
    [twice.subarray(0, 6), twice.subarray(6)],
  ];
  for (const pieces of wrong) assert.match(echo(pieces).replies[0].head, /grpc-status,13/);
});

test('an announcement of 4 GiB allocates nothing', () => {
  const liar = Buffer.from([0, 0xff, 0xff, 0xff, 0xff, 1]);
  assert.match(echo([liar, Buffer.alloc(10)]).replies[0].head, /grpc-status,13/);
});
