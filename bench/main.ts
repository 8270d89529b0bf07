// SPDX-License-Identifier: Apache-2.0
// `npm run bench -- <benchmark> …`

import { runH2Bench } from './h2/command.ts';
import { runProfile } from './profile/command.ts';

const USAGE = `usage:
  npm run bench -- h2 [--rounds 5] [--scenario NAME,…] [--targets NAME,…] [--echo NAME] [--quick] [--out FOLDER] [--list]
  npm run bench -- profile h2 SCENARIO [--target crosstie] [--seconds 5] [--top 30] [--out FILE.cpuprofile]
  npm run bench -- profile FILE.cpuprofile [--top 30]`;

const COMMANDS: Readonly<Record<string, (args: string[]) => Promise<void>>> = { h2: runH2Bench, profile: runProfile };

// Through `exit`, where children are ended; 128 + SIGINT, as shells report it.
process.once('SIGINT', () => process.exit(130));
process.once('SIGTERM', () => process.exit(143));

const [name = '', ...args] = process.argv.slice(2);
try {
  if (!Object.hasOwn(COMMANDS, name)) throw new Error(`no benchmark '${name}'\n${USAGE}`);
  await COMMANDS[name](args);
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
