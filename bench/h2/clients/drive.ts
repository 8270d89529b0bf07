// SPDX-License-Identifier: Apache-2.0
// Program: one client in a process of its own. Arguments: target, port, bytes of a message, calls in flight.

import { answerQuestions } from '../../child/questions.ts';
import { createEnvelope } from '../envelope.ts';
import { runClosedLoop } from './closed-loop.ts';
import type { ConnectEchoClient, EchoClient } from './echo-client.ts';

const [target, port, messageBytes, inFlight] = process.argv.slice(2);
const { connectEchoClient } = (await import(`./${target}.ts`)) as { connectEchoClient: ConnectEchoClient };

let client: EchoClient | undefined;

answerQuestions({
  connect: async () => {
    client = await connectEchoClient(Number(port), createEnvelope(Number(messageBytes)));
  },
  drive: (seconds: number) => {
    if (client === undefined) throw new Error('not connected');
    return runClosedLoop(client, Number(inFlight), seconds);
  },
});
