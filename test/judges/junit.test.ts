// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findSurprises, parseJunit, parseKnown } from './junit.ts';

const REPORT = `<?xml version="1.0" encoding="UTF-8"?>
<testsuites>
  <testsuite name="x" package="http2/5.1.1" id="5.1.1" tests="2" skipped="0" failures="0" errors="1">
    <testcase package="http2/5.1.1" classname="Sends &#34;even&#34; ids" time="0.1"></testcase>
    <testcase package="http2/5.1.1" classname="Sends smaller ids" time="2.0">
      <error>GOAWAY Frame (Error Code: PROTOCOL_ERROR)
Connection closed
DATA Frame (length:6)</error>
    </testcase>
    <testcase package="http2/5.1.1" classname="Sends smaller ids" time="2.0"><skipped></skipped></testcase>
  </testsuite>
</testsuites>`;

test('parseJunit reads names, outcomes and details', () => {
  assert.deepEqual(parseJunit(REPORT), [
    { name: 'http2/5.1.1: Sends "even" ids', outcome: 'passed', detail: '' },
    {
      name: 'http2/5.1.1: Sends smaller ids',
      outcome: 'failed',
      detail: 'expected GOAWAY Frame (Error Code: PROTOCOL_ERROR) or Connection closed; got DATA Frame (length:6)',
    },
    { name: 'http2/5.1.1: Sends smaller ids (2)', outcome: 'skipped', detail: '' },
  ]);
});

test('with an empty list every failure and skip is a surprise', () => {
  const surprises = findSurprises(parseJunit(REPORT), parseKnown('# nothing\n'));
  assert.equal(surprises.length, 2);
  assert.match(surprises[0], /^failed: http2\/5\.1\.1: Sends smaller ids: expected GOAWAY/);
  assert.match(surprises[1], /^skipped without an explanation/);
});

test('known failures and skips are none, an unexpected pass and an unknown name are', () => {
  const known = parseKnown(
    [
      'http2/5.1.1: Sends smaller ids  # because',
      'skip http2/5.1.1: Sends smaller ids (2)',
      'http2/5.1.1: Sends "even" ids',
      'http2/9: Gone',
    ].join('\n'),
  );
  assert.deepEqual(findSurprises(parseJunit(REPORT), known), [
    'passed, so take it off the list: http2/5.1.1: Sends "even" ids',
    'on the list, but there is no such case: http2/9: Gone',
  ]);
});
