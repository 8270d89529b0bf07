// SPDX-License-Identifier: Apache-2.0
// The command line: reads its arguments, prints, and returns the exit code.

import { createRequire } from 'node:module';
import { nearestName } from 'crosstie/engine';

/** Where the words go; the terminal, or a test. */
export interface Output {
  readonly log: (line: string) => void;
  readonly error: (line: string) => void;
}

const OPTIONS = ['--version', '--help'];

const HELP = `usage: crosstie [option]

  --version   print the version
  --help      print this`;

/** Returns the exit code: 0, or 1 for a call that makes no sense. */
export function runMain(args: readonly string[], output: Output = console): number {
  const unknown = args.find((arg) => !OPTIONS.includes(arg));
  if (unknown !== undefined) {
    output.error(`crosstie: ${describeUnknown(unknown)}`);
    return 1;
  }
  output.log(args[0] === '--version' ? readVersion() : HELP);
  return 0;
}

function describeUnknown(arg: string): string {
  const near = nearestName(arg, OPTIONS);
  const kind = arg.startsWith('-') ? 'option' : 'command';
  return `unknown ${kind} ${arg}; ${near === undefined ? 'see crosstie --help' : `did you mean ${near}?`}`;
}

function readVersion(): string {
  // By name, so that it is found from the sources, from `dist` and from wherever tests compile to.
  const { version } = createRequire(import.meta.url)('@crosstie/cli/package.json') as { version: string };
  return version;
}
