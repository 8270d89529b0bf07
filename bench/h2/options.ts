// SPDX-License-Identifier: Apache-2.0
// Options of `npm run bench -- h2`, resolved once.

import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import type { RoundTimes } from './load-round.ts';
import { findScenario, SCENARIOS, type Scenario } from './scenarios.ts';
import { parseTarget, TARGETS, type TargetName } from './targets.ts';

export interface H2BenchOptions {
  readonly list: boolean;
  readonly scenarios: readonly Scenario[];
  readonly targets: readonly TargetName[];
  /** Whom the clients of the client scenarios call; anything but crosstie is for trying the harness. */
  readonly echo: TargetName;
  readonly rounds: number;
  /** Memory after a collection varies little: fewer rounds than of what is timed. */
  readonly idleRounds: number;
  readonly times: RoundTimes;
  readonly out: string;
}

/** Node's http2 still gains 30 % between its first and its second second under load: two seconds of warm-up. */
const FULL: RoundTimes = { warmUpSeconds: 2, roundSeconds: 3 };
/** Proves that everything works; judges nothing. */
const QUICK: RoundTimes = { warmUpSeconds: 0.5, roundSeconds: 1 };
const DEFAULT_OUT = fileURLToPath(new URL('../results/', import.meta.url));

export function parseOptions(args: string[]): H2BenchOptions {
  const { values } = parseArgs({
    args,
    options: {
      list: { type: 'boolean', default: false },
      quick: { type: 'boolean', default: false },
      rounds: { type: 'string' },
      scenario: { type: 'string', multiple: true },
      targets: { type: 'string' },
      echo: { type: 'string', default: 'crosstie' },
      out: { type: 'string', default: DEFAULT_OUT },
    },
  });
  const rounds = Number(values.rounds ?? (values.quick ? 1 : 5));
  if (!Number.isInteger(rounds) || rounds < 1) throw new Error(`--rounds must be a whole number above 0`);
  return {
    list: values.list,
    scenarios: values.scenario?.flatMap((names) => names.split(',').map(findScenario)) ?? SCENARIOS,
    targets: values.targets?.split(',').map(parseTarget) ?? TARGETS,
    echo: parseTarget(values.echo),
    rounds,
    idleRounds: Math.min(rounds, 3),
    times: values.quick ? QUICK : FULL,
    out: values.out,
  };
}
