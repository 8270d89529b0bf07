// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findFault, h2loadCommand, parseH2load, parseH2loadLog } from './h2load.ts';

const OUTPUT = `starting benchmark...
spawning thread #0: 1 total client(s). 20000 total requests
Application protocol: h2c
progress: 100% done

finished in 692.43ms, 28883.79 req/s, 1.18MB/s
requests: 20000 total, 20000 started, 20000 done, 20000 succeeded, 0 failed, 0 errored, 0 timeout
status codes: 20000 2xx, 0 3xx, 0 4xx, 0 5xx
traffic: 839.92KB (860083) total, 58.63KB (60035) headers (space savings 95.77%), 234.38KB (240000) data
                     min         max         mean         sd        +/- sd
time for request:     1.23ms     23.01ms      3.42ms      3.44ms    87.50%
time for connect:      481us       481us       481us         0us   100.00%
time to 1st byte:    14.91ms     14.91ms     14.91ms         0us   100.00%
req/s           :   28888.87    28888.87    28888.87        0.00   100.00%
`;

test('reads every figure of the summary', () => {
  assert.deepEqual(parseH2load(OUTPUT), {
    seconds: 0.69243,
    requestsPerSecond: 28883.79,
    total: 20000,
    succeeded: 20000,
    failed: 0,
    status2xx: 20000,
    dataBytes: 240000,
    meanUs: 3420,
  });
});

test('reads seconds, plain bytes and microseconds', () => {
  const output = OUTPUT.replace('692.43ms', '1.50s')
    .replace('234.38KB (240000) data', '0B (0) data')
    .replace('3.42ms', '84us');
  const summary = parseH2load(output);
  assert.deepEqual([summary.seconds, summary.dataBytes, summary.meanUs], [1.5, 0, 84]);
});

test('adds up all kinds of failure', () => {
  assert.equal(
    parseH2load(OUTPUT.replace('0 failed, 0 errored, 0 timeout', '1 failed, 2 errored, 3 timeout')).failed,
    6,
  );
});

for (const line of ['finished in', 'requests:', 'status codes:', 'traffic:', 'time for request:'])
  test(`a summary without '${line}' is refused`, () => {
    assert.throws(() => parseH2load(OUTPUT.replace(line, 'something else')), /no line like/);
  });

test('right answers are those that were asked for, with 2xx and every byte', () => {
  const summary = parseH2load(OUTPUT);
  assert.equal(findFault(summary, 20000, 12), undefined);
  assert.match(findFault(summary, 20001, 12) ?? '', /20000 requests counted, 20001 asked for/);
  assert.match(findFault(summary, 20000, 13) ?? '', /240000 body bytes received, 260000 expected/);
  assert.match(findFault({ ...summary, status2xx: 19999 }, 20000, 12) ?? '', /19999 of 20000 answers were 2xx/);
  assert.match(findFault({ ...summary, succeeded: 19999, failed: 1 }, 20000, 12) ?? '', /1 failed/);
});

test('reads the times of the log and refuses a failed stream', () => {
  assert.deepEqual(parseH2loadLog('1700000000000000\t200\t84\n1700000000000100\t200\t91\n'), [84, 91]);
  assert.throws(() => parseH2loadLog('1700000000000000\t-1\t84\n'), /logged/);
});

test('a duration is given in whole milliseconds, which is what h2load takes', () => {
  const run = { port: 1, bodyFile: 'b', connections: 1, streams: 100 };
  assert.ok(
    h2loadCommand({ ...run, amount: { seconds: 0.5 } })
      .join(' ')
      .includes('-D 500ms'),
  );
  assert.ok(
    h2loadCommand({ ...run, amount: { requests: 7 } })
      .join(' ')
      .includes('-n 7 '),
  );
});
