// SPDX-License-Identifier: Apache-2.0
// Reads a JUnit report as h2spec writes it, and holds it against the list of known failures.

export type Outcome = 'passed' | 'failed' | 'skipped';

export interface Case {
  /** Package and title, such as `http2/5.1.1: Sends even-numbered stream identifier`; a repeated one is numbered. */
  readonly name: string;
  readonly outcome: Outcome;
  /** What was expected and what came, on one line. */
  readonly detail: string;
}

const TEST_CASE = /<testcase ([^>]*?)(?:\/>|>([\s\S]*?)<\/testcase>)/g;

export function parseJunit(xml: string): Case[] {
  const seen = new Map<string, number>();
  return [...xml.matchAll(TEST_CASE)].map(([, attributes, content = '']) => {
    const plain = `${attributeOf(attributes, 'package')}: ${attributeOf(attributes, 'classname')}`;
    const count = (seen.get(plain) ?? 0) + 1;
    seen.set(plain, count);
    const outcome = /<(failure|error)\b/.test(content) ? 'failed' : /<skipped\b/.test(content) ? 'skipped' : 'passed';
    const detail = formatDetail(unescapeXml(content.replace(/<[^>]*>/g, '\n')));
    return { name: count === 1 ? plain : `${plain} (${count})`, outcome, detail };
  });
}

/** What would have been right, a line each, and on the last line what came. */
function formatDetail(text: string): string {
  const lines = text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
  if (lines.length < 2) return lines.join('');
  return `expected ${lines.slice(0, -1).join(' or ')}; got ${lines.at(-1)}`;
}

function attributeOf(attributes: string, name: string): string {
  return unescapeXml(new RegExp(`\\b${name}="([^"]*)"`).exec(attributes)?.[1] ?? '');
}

const ENTITIES: Readonly<Record<string, string>> = {
  lt: '<',
  gt: '>',
  quot: '"',
  apos: "'",
  amp: '&',
  '#34': '"',
  '#39': "'",
};

function unescapeXml(text: string): string {
  return text.replace(/&([a-z]+|#\d+);/g, (whole, name: string) => ENTITIES[name] ?? whole);
}

export interface Known {
  readonly failures: ReadonlySet<string>;
  readonly skips: ReadonlySet<string>;
}

/** One case a line; a line that begins with `skip ` allows a skip; `#` begins the reason. */
export function parseKnown(text: string): Known {
  const lines = text
    .split('\n')
    .map((line) => line.replace(/\s*#.*$/, '').trim())
    .filter((line) => line !== '');
  const skips = lines.filter((line) => line.startsWith('skip ')).map((line) => line.slice('skip '.length));
  return { failures: new Set(lines.filter((line) => !line.startsWith('skip '))), skips: new Set(skips) };
}

/** One line for each case that is not as the list says; an unexpected pass is one too. */
export function findSurprises(cases: readonly Case[], known: Known): string[] {
  const surprises: string[] = [];
  for (const { name, outcome, detail } of cases) {
    if (outcome === 'failed' && !known.failures.has(name)) surprises.push(`failed: ${name}: ${detail}`);
    if (outcome === 'skipped' && !known.skips.has(name))
      surprises.push(`skipped without an explanation in the list: ${name}`);
    if (outcome === 'passed' && known.failures.has(name)) surprises.push(`passed, so take it off the list: ${name}`);
  }
  const names = new Set(cases.map(({ name }) => name));
  for (const name of [...known.failures, ...known.skips]) {
    if (!names.has(name)) surprises.push(`on the list, but there is no such case: ${name}`);
  }
  return surprises;
}
