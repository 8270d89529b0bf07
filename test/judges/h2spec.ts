// SPDX-License-Identifier: Apache-2.0
// h2spec judges the echo over h2c and over TLS.
//
//   npm run test:h2spec
//   npm run test:h2spec -- --against 127.0.0.1:8080 [--tls]     a server that runs already
//   H2SPEC=/path/to/h2spec npm run test:h2spec                  with a binary of your own

import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Certificate, cacheFolder, hasCommand, makeCertificate, skipJudge, startEcho } from './judge.ts';
import { findSurprises, parseJunit, parseKnown } from './junit.ts';

/**
 * Versions to try, best first. The first is the newest commit, with 147 strict cases; module proxies may not have it,
 * because the module's path does not say v2. The second is the last version they all have, with 146.
 */
const VERSIONS = ['af83a65f0b6273ef38bf778d400d98892e7653d8', 'v2.2.1+incompatible'];
const MODULE = 'github.com/summerwind/h2spec/cmd/h2spec';
/** Fewer strict cases than this were not a full run. */
const MIN_CASES = 146;
/** Seconds h2spec waits for an answer; a missing one fails the case. */
const CASE_TIMEOUT_SECONDS = 2;
/** A case may wait for its whole timeout, and there are some 150. */
const RUN_TIMEOUT_MS = 360_000;

const KNOWN_FILE = join(dirname(fileURLToPath(import.meta.url)), 'h2spec-known-failures.txt');

interface Tool {
  readonly path: string;
  readonly version: string;
}

/** The binary, installed if it is missing; or why there is none. */
function installH2spec(): Tool | string {
  const given = process.env.H2SPEC;
  if (given !== undefined) return { path: given, version: `the one at ${given}` };
  const folder = cacheFolder('h2spec');
  const path = join(folder, 'h2spec');
  const versionFile = join(folder, 'version.txt');
  if (existsSync(path) && existsSync(versionFile)) return { path, version: readFileSync(versionFile, 'utf8') };
  if (!hasCommand('go')) return 'it is installed with go, and go is not on the PATH';
  let problem = '';
  for (const version of VERSIONS) {
    const install = spawnSync('go', ['install', `${MODULE}@${version}`], {
      env: { ...process.env, GOBIN: folder },
      encoding: 'utf8',
    });
    if (install.status === 0) {
      writeFileSync(versionFile, version);
      return { path, version };
    }
    problem = install.stderr.trim();
  }
  return `go install failed: ${problem}`;
}

interface Target {
  readonly host: string;
  readonly port: number;
  readonly tls: boolean;
}

/** Judges one server; true when every case is as expected. */
function judge(tool: Tool, target: Target): boolean {
  const mode = target.tls ? 'TLS' : 'h2c';
  const report = join(cacheFolder('h2spec'), `${mode}.xml`);
  const address = ['-h', target.host, '-p', String(target.port)];
  const options = ['-S', '-o', String(CASE_TIMEOUT_SECONDS), '-j', report, ...(target.tls ? ['--tls', '-k'] : [])];
  writeFileSync(report, '');
  const run = spawnSync(tool.path, [...address, ...options], { encoding: 'utf8', timeout: RUN_TIMEOUT_MS });
  const cases = parseJunit(readFileSync(report, 'utf8'));
  const count = (outcome: string) => cases.filter((one) => one.outcome === outcome).length;
  const surprises = findSurprises(cases, parseKnown(readFileSync(KNOWN_FILE, 'utf8')));
  if (run.error !== undefined) surprises.push(`h2spec did not finish: ${run.error.message}`);
  if (cases.length < MIN_CASES)
    surprises.push(`only ${cases.length} cases ran: ${run.stdout.slice(-500)}${run.stderr}`);
  const figures = `${cases.length} cases, ${count('passed')} passed, ${count('failed')} failed, ${count('skipped')} skipped`;
  console.log(`h2spec ${mode}: ${surprises.length === 0 ? 'passed' : 'FAILED'}: ${figures} (${tool.version})`);
  for (const surprise of surprises) console.log(`  ${surprise}`);
  return surprises.length === 0;
}

async function judgeEcho(tool: Tool, certificate?: Certificate): Promise<boolean> {
  const echo = await startEcho(certificate);
  try {
    return judge(tool, { host: '127.0.0.1', port: echo.port, tls: certificate !== undefined });
  } finally {
    await echo.stop();
  }
}

async function main(args: readonly string[]): Promise<number> {
  const tool = installH2spec();
  if (typeof tool === 'string') return skipJudge('h2spec', tool);
  const against = args.indexOf('--against');
  if (against !== -1) {
    const [host, port] = (args[against + 1] ?? '').split(':');
    return judge(tool, { host, port: Number(port), tls: args.includes('--tls') }) ? 0 : 1;
  }
  const plain = await judgeEcho(tool);
  const certificate = makeCertificate();
  if (certificate === undefined) {
    const skipped = skipJudge('h2spec TLS', 'openssl could not make a certificate');
    return plain ? skipped : 1;
  }
  const encrypted = await judgeEcho(tool, certificate);
  return plain && encrypted ? 0 : 1;
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  console.error(`h2spec: FAILED: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
}
