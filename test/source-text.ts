// SPDX-License-Identifier: Apache-2.0
// Reads source files for the house rules: what they import, and their code without comments and text.

/** Comments, strings, templates and regular expressions, in the order in which they must be tried. */
const NOT_CODE =
  /\/\*[\s\S]*?\*\/|\/\/[^\n]*|'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"|`(?:\\[\s\S]|[^`\\])*`|(?<=[=(,:[!&|?{};\n]\s*)\/(?![/*\s])(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\\n[])+\/[a-z]*/g;

/** The code with comments removed and the contents of texts and patterns blanked. */
export function codeOf(source: string): string {
  return source.replace(NOT_CODE, (match) =>
    match.startsWith('/*') || match.startsWith('//') ? ' ' : `${match[0]}${match[0]}`,
  );
}

/** The source without its comments; texts stay, since module names are texts. */
function withoutComments(source: string): string {
  return source.replace(NOT_CODE, (match) => (match.startsWith('/*') || match.startsWith('//') ? ' ' : match));
}

/** Every module named in `import`, `export … from` and `import()`, types included. */
export function importsOf(source: string): string[] {
  const code = withoutComments(source);
  const found = code.matchAll(/(?:\bfrom\s*|\bimport\s*\(\s*|\bimport\s+)(['"])([@.\w][^'"\n]*)\1/g);
  return [...found].map((match) => match[2]);
}

/** True when the code names the global, other than as a member of something else. */
export function usesGlobal(source: string, name: string): boolean {
  return new RegExp(`(?<![.\\w$])${name}(?![\\w$]|\\s*:)`).test(codeOf(source));
}
