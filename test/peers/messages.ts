// SPDX-License-Identifier: Apache-2.0
// What is sent to and fro: bytes that differ from their neighbours, so that a shifted, swapped or repeated piece shows.

export const ECHO_PATH = '/crosstie.echo.v1.EchoService/Echo';

/** Compressed flag and four bytes of length (gRPC over HTTP/2, "Length-Prefixed-Message"). */
export const PREFIX_BYTES = 5;

/** Empty, tiny, of one packet, larger than a window of 64 KiB, larger than our window of 1 MiB. */
export const MESSAGE_SIZES: readonly number[] = [0, 7, 951, 1024 * 1024, 3 * 1024 * 1024];

/** A pattern of its own for each seed; 251 is prime, so that it never lines up with frames or pages. */
export function createPattern(length: number, seed = 0): Buffer {
  const bytes = Buffer.allocUnsafe(length);
  for (let i = 0; i < length; i++) bytes[i] = (i + seed) % 251;
  return bytes;
}

export function createEnvelope(message: Buffer): Buffer {
  const prefix = Buffer.alloc(PREFIX_BYTES);
  prefix.writeUInt32BE(message.length, 1);
  return Buffer.concat([prefix, message]);
}

/** The same bytes; compared whole, but a difference is told in one line instead of megabytes. */
export function describeDifference(actual: Buffer, expected: Buffer): string | undefined {
  if (actual.equals(expected)) return undefined;
  if (actual.length !== expected.length) return `${actual.length} bytes instead of ${expected.length}`;
  const at = actual.findIndex((byte, i) => byte !== expected[i]);
  return `byte ${at} of ${expected.length} is ${actual[at]} instead of ${expected[at]}`;
}
