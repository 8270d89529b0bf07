// SPDX-License-Identifier: Apache-2.0
// Peer 2: an echo on @grpc/grpc-js with its default options. The message stays a Buffer both ways, so that no protobuf
// codec is measured.

import { type handleUnaryCall, Server, ServerCredentials } from '@grpc/grpc-js';
import { ECHO_PATH } from '../envelope.ts';

const identity = (message: Buffer): Buffer => message;
const echo: handleUnaryCall<Buffer, Buffer> = (call, respond) => respond(null, call.request);

const server = new Server();
server.addService(
  {
    echo: {
      path: ECHO_PATH,
      requestStream: false,
      responseStream: false,
      requestSerialize: identity,
      requestDeserialize: identity,
      responseSerialize: identity,
      responseDeserialize: identity,
    },
  },
  { echo },
);
server.bindAsync(`127.0.0.1:${process.env.PORT}`, ServerCredentials.createInsecure(), (error) => {
  if (error !== null) throw error;
});
