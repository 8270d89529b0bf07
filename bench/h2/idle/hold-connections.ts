// SPDX-License-Identifier: Apache-2.0
// Program: opens many connections to 127.0.0.1 and keeps them. Arguments: port, number of connections.

import { answerQuestions } from '../../child/questions.ts';
import { createEnvelope } from '../envelope.ts';
import { RawConnection } from './raw-connection.ts';

/** Half the server's limit for one address (2,000): so many connections come from each of 127.0.0.1, 127.0.0.2, … */
const CONNECTIONS_PER_ADDRESS = 1_000;
/** Dials under way at a time, below the backlog of 511 that Node's servers listen with. */
const CONCURRENCY = 200;

const [port, count] = process.argv.slice(2).map(Number);
const connections: RawConnection[] = [];

answerQuestions({
  open: () => runEach(count, (i) => openConnection(i)),
  /** One call on each. */
  call: () => runEach(count, (i) => callOn(connections[i])),
  held: () => connections.filter((connection) => connection.isOpen).length,
});

async function openConnection(i: number): Promise<void> {
  const connection = new RawConnection(port, `127.0.0.${1 + Math.floor(i / CONNECTIONS_PER_ADDRESS)}`);
  connections[i] = connection;
  await connection.open();
}

async function callOn(connection: RawConnection): Promise<void> {
  const envelope = createEnvelope(7);
  const body = await connection.call(envelope);
  if (!body.equals(envelope)) throw new Error(`an answer of ${body.length} bytes that differ from the request's`);
}

async function runEach(total: number, run: (i: number) => Promise<void>): Promise<void> {
  let next = 0;
  const worker = async () => {
    while (next < total) await run(next++);
  };
  await Promise.all(Array.from({ length: CONCURRENCY }, worker));
}
