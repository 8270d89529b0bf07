// SPDX-License-Identifier: Apache-2.0
// Loaded before every test file (`node --test --import`): the leak check runs after each test without being asked for,
// and a file whose tests are over but whose process does not end says why.

import { afterEach, beforeEach } from 'node:test';
import { installLeakCheck } from '../packages/crosstie/src/testing/index.ts';

/** So long may pass without a test before the file counts as hanging. Generous: a `before` hook may build something. */
const IDLE_LIMIT_MS = 20_000;

function watchForHanging(): void {
  let running = 0;
  let lastMs = Number.POSITIVE_INFINITY;
  const note = (step: number) => {
    running += step;
    lastMs = performance.now();
  };
  beforeEach(() => note(1));
  afterEach(() => note(-1));
  const timer = setInterval(() => {
    if (running > 0 || performance.now() - lastMs < IDLE_LIMIT_MS) return;
    console.error(`the tests are over, but the process does not end: ${process.getActiveResourcesInfo().join(', ')}`);
    process.exit(1);
  }, 1_000);
  // It must not be what keeps the process alive.
  timer.unref();
}

// The process that only starts the test files loads this too; it has no tests of its own.
if (!process.execArgv.includes('--test')) {
  installLeakCheck({ beforeEach, afterEach });
  watchForHanging();
}
