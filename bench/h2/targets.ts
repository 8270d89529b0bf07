// SPDX-License-Identifier: Apache-2.0
// Who is compared: echo servers and clients, in the order in which a round visits them.

import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

export type TargetName = 'crosstie' | 'node-http2' | 'node-http2-wide' | 'grpc-js';

export const TARGETS: readonly TargetName[] = ['crosstie', 'node-http2', 'node-http2-wide', 'grpc-js'];

const programAt = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

export const SERVER_PROGRAMS: Readonly<Record<TargetName, string>> = {
  crosstie: programAt('../../examples/echo/server.ts'),
  'node-http2': programAt('./servers/node-http2.ts'),
  'node-http2-wide': programAt('./servers/node-http2-wide.ts'),
  'grpc-js': programAt('./servers/grpc-js.ts'),
};

const ENGINE = programAt('../../packages/crosstie/dist/entry/engine.js');

/** One line that says what is missing and how to mend it; undefined when nothing is. */
export function missingForTarget(target: TargetName): string | undefined {
  if (!existsSync(SERVER_PROGRAMS[target])) return `${SERVER_PROGRAMS[target]} does not exist`;
  if (target === 'crosstie' && !existsSync(ENGINE)) return 'the library is not built: run `npm run build`';
  return undefined;
}

export function parseTarget(name: string): TargetName {
  const target = TARGETS.find((known) => known === name);
  if (target === undefined) throw new Error(`no target '${name}'; there are: ${TARGETS.join(', ')}`);
  return target;
}
