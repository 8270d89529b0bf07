// SPDX-License-Identifier: Apache-2.0
// Both servers take the same input in lockstep, one frame at a time, and their facts are compared after each. So a
// difference has one frame as its cause, and a rule that allows it can be narrow.

import type { OracleCase } from './cases.ts';
import { ClientModel, cutIntoFrames, describeStep } from './client-model.ts';
import type { Difference, DifferenceRule } from './difference-rule.ts';
import { rulesFor } from './differences.ts';
import { EngineServer } from './engine-server.ts';
import { type Fact, factLine, missingFrom, normalize } from './facts.ts';
import { NGHTTP2_VERSION, NodeServer } from './node-server.ts';
import type { ServerUnderTest } from './server-under-test.ts';

export interface Comparison {
  /** Rules that explained a difference. */
  readonly rules: readonly DifferenceRule[];
  /** The first difference that no rule explains. */
  readonly unexplained: string | undefined;
}

const RULES = rulesFor(NGHTTP2_VERSION);
/** After the last frame: the held requests are answered. */
const FINISH = Buffer.alloc(0);

export async function compare(oracleCase: OracleCase): Promise<Comparison> {
  const node = new NodeServer(oracleCase.replies);
  const engine = new EngineServer(oracleCase.replies);
  try {
    return await lockstep(oracleCase, node, engine);
  } finally {
    await Promise.all([node.close(), engine.close()]);
  }
}

async function lockstep(oracleCase: OracleCase, node: NodeServer, engine: EngineServer): Promise<Comparison> {
  const model = new ClientModel();
  const rules: DifferenceRule[] = [];
  for (const [index, piece] of [...cutIntoFrames(oracleCase.bytes), FINISH].entries()) {
    const step = model.step(piece);
    const [nodeFacts, engineFacts] = await Promise.all([advance(node, piece), advance(engine, piece)]);
    model.observe(engineFacts);
    const difference = { step, node: missingFrom(nodeFacts, engineFacts), engine: missingFrom(engineFacts, nodeFacts) };
    if (difference.node.length > 0 || difference.engine.length > 0) {
      const rule = RULES.find((candidate) => candidate.matches(difference));
      if (rule === undefined) return { rules, unexplained: describeDifference(oracleCase, index, difference) };
      rules.push(rule);
      if (rule.afterwards === 'stop') break;
    }
    if (isOver(nodeFacts) || isOver(engineFacts)) break;
  }
  return { rules, unexplained: undefined };
}

async function advance(server: ServerUnderTest, piece: Buffer): Promise<Fact[]> {
  if (piece === FINISH) server.answer();
  else server.feed(piece);
  await server.settle();
  const facts = normalize(server.takeFacts());
  // A GOAWAY says it all. When the transport and the requests follow it is a matter of turns.
  const isVerdict = facts.some(({ kind }) => kind === 'goaway');
  return isVerdict ? facts.filter(({ kind }) => kind !== 'closed' && kind !== 'failed') : facts;
}

function isOver(facts: readonly Fact[]): boolean {
  return facts.some(({ kind }) => kind === 'goaway' || kind === 'closed');
}

function describeDifference(oracleCase: OracleCase, index: number, { step, node, engine }: Difference): string {
  return [
    `${oracleCase.name}: after piece ${index} (${describeStep(step)})`,
    ...node.map((fact) => `    only Node:   ${factLine(fact)}`),
    ...engine.map((fact) => `    only engine: ${factLine(fact)}`),
    `    input: ${oracleCase.bytes.length <= 2000 ? oracleCase.bytes.toString('hex') : `${oracleCase.bytes.length} bytes`}`,
  ].join('\n');
}

/**
 * What a run came to when every reply is held to the end, as sorted lines; the input comes in the given chunks.
 * Requests that failed are left out: one that begins and ends in a single read is never shown to the application.
 */
export async function outcomeInChunks(bytes: Buffer, chunkBytes: number): Promise<string[]> {
  const engine = new EngineServer('held');
  for (let at = 0; at < bytes.length; at += chunkBytes) engine.feed(bytes.subarray(at, at + chunkBytes));
  await engine.settle();
  engine.answer();
  await engine.settle();
  const facts = normalize(engine.takeFacts());
  await engine.close();
  return withoutFailed(facts).map(factLine).sort();
}

/** Drops the requests that failed, and numbers the others as if those had never been. */
function withoutFailed(facts: readonly Fact[]): Fact[] {
  const failed = new Set(facts.flatMap((fact) => (fact.kind === 'failed' ? [fact.request] : [])));
  const numbers = new Map<number, number>();
  for (const fact of facts)
    if (fact.kind === 'request' && !failed.has(fact.request)) numbers.set(fact.request, numbers.size + 1);
  return facts.flatMap((fact): Fact[] => {
    if (!('request' in fact)) return [fact];
    const request = numbers.get(fact.request);
    return request === undefined ? [] : [{ ...fact, request }];
  });
}
