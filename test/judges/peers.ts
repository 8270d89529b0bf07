// SPDX-License-Identifier: Apache-2.0
// Programs that nobody here wrote: curl, nghttp and h2load as clients of the echo, nghttpd as server of our client
// connection. What Node can play itself (its `http2`, @grpc/grpc-js) is in `test/peers/*.test.ts`.
//
//   npm run test:peers
//   npm run test:peers -- curl h2load       only checks whose name contains one of these

import { join } from 'node:path';
import { startEchoProcess } from '../peers/echo-process.ts';
import { SERVER_IDENTITY } from '../peers/tls-files.ts';
import { curlChecks } from '../peers/tools/curl.ts';
import { h2loadChecks } from '../peers/tools/h2load.ts';
import { nghttpChecks } from '../peers/tools/nghttp.ts';
import { nghttpdChecks } from '../peers/tools/nghttpd.ts';
import { type Check, createSamples } from '../peers/tools/tool.ts';
import { cacheFolder, findFreePort, hasCommand, skipJudge } from './judge.ts';

/** Tool → Debian package. */
const PACKAGES = {
  curl: 'curl',
  nghttp: 'nghttp2-client',
  h2load: 'nghttp2-client',
  nghttpd: 'nghttp2-server',
} as const;

/** Prints a line; true when it passed. */
async function judge(check: Check): Promise<boolean> {
  try {
    const fact = await check.run();
    console.log(`passed: ${check.name}${fact === undefined ? '' : ` (${fact})`}`);
    return true;
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    console.log(`FAILED: ${check.name}: ${message.replaceAll('\n', '\n  ')}`);
    return false;
  }
}

async function judgeAll(filters: readonly string[], tools: ReadonlySet<string>): Promise<number> {
  const samples = createSamples(join(cacheFolder('peers'), 'samples'));
  const [plain, tls] = await Promise.all([startEchoProcess(), startEchoProcess(SERVER_IDENTITY)]);
  const urls = { plain: plain.url, tls: tls.url };
  const checks = [
    ...(tools.has('curl') ? curlChecks(urls, samples) : []),
    ...(tools.has('nghttp') ? nghttpChecks(urls, samples) : []),
    ...(tools.has('h2load') ? h2loadChecks(urls, samples) : []),
    ...(tools.has('nghttpd') ? nghttpdChecks(findFreePort, samples) : []),
  ].filter(({ name }) => filters.length === 0 || filters.some((filter) => name.includes(filter)));
  let passed = 0;
  for (const check of checks) if (await judge(check)) passed++;
  // Also a check: an echo that has crashed, or that holds on to connections which are gone, does not stop in good order.
  const stopped = await judge({
    name: 'the echoes stop in good order after all this',
    run: async () => {
      await Promise.all([plain.stop(), tls.stop()]);
      return undefined;
    },
  });
  const isGood = passed === checks.length && stopped && checks.length > 0;
  console.log(`peers: ${isGood ? 'passed' : 'FAILED'}: ${checks.length} checks, ${passed} passed`);
  return isGood ? 0 : 1;
}

async function main(filters: readonly string[]): Promise<number> {
  const tools = new Set<string>();
  let skipped = 0;
  for (const [tool, debianPackage] of Object.entries(PACKAGES)) {
    if (hasCommand(tool)) tools.add(tool);
    else skipped |= skipJudge(`peers: ${tool}`, `it is not on the PATH; install ${debianPackage}`);
  }
  if (tools.size === 0) return skipped;
  return (await judgeAll(filters, tools)) | skipped;
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  console.error(`peers: FAILED: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
}
