// SPDX-License-Identifier: Apache-2.0
// An echo on the bare exchange: what judges and the engine benchmark call. It speaks just enough gRPC to be called by any
// gRPC client; a service of one's own begins with `crosstie/server` instead.
//
//   PORT=8080 HOST=:: TLS_CERT=cert.pem TLS_KEY=key.pem npm run echo

import { type ListenOptions, listen, type ServerExchange } from 'crosstie/engine';
import { GrpcEcho } from './grpc-echo.ts';
import { openPlain } from './plain.ts';
import { printUsage } from './usage.ts';

const ECHO_PATH = '/crosstie.echo.v1.EchoService/Echo';

function handle(exchange: ServerExchange) {
  const { head } = exchange;
  if (head.path === ECHO_PATH && head.method === 'POST') {
    // The path of the benchmark comes first.
    if (head.fields.get('content-type')?.startsWith('application/grpc') === true) return new GrpcEcho(exchange);
  }
  return openPlain(exchange);
}

function optionsFrom(env: NodeJS.ProcessEnv): ListenOptions {
  const { PORT = '8080', HOST, TLS_CERT, TLS_KEY } = env;
  const port = Number(PORT);
  if (!/^[0-9]+$/.test(PORT) || port > 65_535) {
    throw new RangeError(`PORT is ${JSON.stringify(PORT)}; use a whole number from 0 to 65535`);
  }
  const address = HOST === undefined ? { port } : { port, host: HOST };
  if (TLS_CERT === undefined && TLS_KEY === undefined) return address;
  if (TLS_CERT === undefined || TLS_KEY === undefined) {
    throw new TypeError('TLS needs both TLS_CERT and TLS_KEY: the paths of two PEM files');
  }
  return { ...address, tls: { cert: TLS_CERT, key: TLS_KEY } };
}

async function main(): Promise<void> {
  const listening = await listen(optionsFrom(process.env), handle);
  printUsage(listening, ECHO_PATH);
  let isClosing = false;
  const close = (): void => {
    // The second signal means it.
    if (isClosing) process.exit(1);
    isClosing = true;
    console.log('draining; once more to quit at once');
    void listening.close({ graceMs: 10_000 });
  };
  process.on('SIGINT', close).on('SIGTERM', close);
}

main().catch((error: unknown) => {
  console.error(`echo: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
});
