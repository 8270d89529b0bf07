// SPDX-License-Identifier: Apache-2.0
// All outside judges, one after the other: `npm run test:judges`, or `npm run test:judges -- h2spec`.

import { spawnSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** A judge is a program: it prints its verdict and exits with 0 only if everything was as expected. */
const JUDGES = ['h2spec', 'peers'];

const here = dirname(fileURLToPath(import.meta.url));
const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !JUDGES.includes(name));
if (unknown.length > 0) {
  console.error(`no judge is called ${unknown.join(', ')}; there are: ${JUDGES.join(', ')}`);
  process.exit(1);
}

const failed: string[] = [];
for (const name of JUDGES) {
  if (wanted.length > 0 && !wanted.includes(name)) continue;
  const startMs = performance.now();
  const { status } = spawnSync(process.execPath, [join(here, `${name}.ts`)], { stdio: 'inherit' });
  if (status !== 0) failed.push(name);
  console.log(`# ${name}: ${((performance.now() - startMs) / 1000).toFixed(1)} s`);
}
if (failed.length > 0) console.error(`judges that did not agree: ${failed.join(', ')}`);
process.exitCode = failed.length === 0 ? 0 : 1;
