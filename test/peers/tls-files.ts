// SPDX-License-Identifier: Apache-2.0
// The test certificates of the repository: an authority, and a server's identity for localhost and 127.0.0.1.

import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const pathOf = (name: string): string => fileURLToPath(new URL(`../fixtures/tls/${name}`, import.meta.url));

export const SERVER_IDENTITY = { cert: pathOf('server.pem'), key: pathOf('server.key') };
export const AUTHORITY = pathOf('ca.pem');

/** The contents, for peers that take no paths. */
export const readIdentity = (): { cert: Buffer; key: Buffer } => ({
  cert: readFileSync(SERVER_IDENTITY.cert),
  key: readFileSync(SERVER_IDENTITY.key),
});
export const readAuthority = (): Buffer => readFileSync(AUTHORITY);
