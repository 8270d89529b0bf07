// SPDX-License-Identifier: Apache-2.0

import type { Listening } from 'crosstie/engine';

/** Says where the echo is and how to try it, ready to paste. */
export function printUsage({ url, port, tls }: Listening, echoPath: string): void {
  const insecure = tls ? '-k ' : '';
  const priorKnowledge = tls ? '--http2' : '--http2-prior-knowledge';
  // A gRPC message on the wire: no compression, length 2, then the protobuf field 1 (a string) of length 0.
  const message = String.raw`\x00\x00\x00\x00\x02\x0a\x00`;
  const lines = [
    `echo listens on ${url}`,
    '',
    'try it:',
    `  curl ${insecure}--http1.1 ${url}/`,
    `  curl ${insecure}${priorKnowledge} ${url}/`,
    `  nghttp -nv ${url}/`,
    `  h2load -n 100000 -c 1 -m 100 ${url}/`,
    'as gRPC (any client, service crosstie.echo.v1.EchoService, method Echo):',
    `  printf '${message}' | curl ${insecure}-sv ${priorKnowledge} ${url}${echoPath} \\`,
    "    -H 'content-type: application/grpc' -H 'te: trailers' --data-binary @- | xxd",
    '',
    `another port: PORT=${port + 1} npm run echo; TLS: TLS_CERT=cert.pem TLS_KEY=key.pem npm run echo; stop: Ctrl-C`,
  ];
  console.log(lines.join('\n'));
}
