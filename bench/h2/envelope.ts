// SPDX-License-Identifier: Apache-2.0
// What every echo is asked: one gRPC message, length-prefixed (gRPC over HTTP/2, "Length-Prefixed-Message").

export const ECHO_PATH = '/crosstie.echo.v1.EchoService/Echo';

/** Compressed flag and four bytes of length. */
export const ENVELOPE_PREFIX_BYTES = 5;

/** An uncompressed envelope around `messageBytes` bytes that differ from their neighbours, so that a shifted echo shows. */
export function createEnvelope(messageBytes: number): Buffer {
  const envelope = Buffer.alloc(ENVELOPE_PREFIX_BYTES + messageBytes);
  envelope.writeUInt32BE(messageBytes, 1);
  // 251 is prime: the pattern never lines up with frames or pages.
  for (let i = 0; i < messageBytes; i++) envelope[ENVELOPE_PREFIX_BYTES + i] = i % 251;
  return envelope;
}
