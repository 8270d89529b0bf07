// SPDX-License-Identifier: Apache-2.0
// Where the repository is, and which files are in it. The tests that check the house rules, and the runner, ask here.

import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Folders that hold nothing written by hand. */
const NOT_SOURCES = new Set(['node_modules', 'dist', '.build', '.cache', '.git', 'results']);

/** The repository's folder, also for tests compiled to `.build/`. */
export function repositoryRoot(): string {
  const here = dirname(fileURLToPath(import.meta.url));
  const parts = here.split(sep);
  const build = parts.lastIndexOf('.build');
  return build === -1 ? dirname(here) : parts.slice(0, build).join(sep);
}

/** All files below `folder`, in the order of their paths; none when it does not exist. */
export function findFiles(folder: string): string[] {
  let entries: ReturnType<typeof readEntries>;
  try {
    entries = readEntries(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
  return entries
    .filter((entry) => !NOT_SOURCES.has(entry.name))
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => (entry.isDirectory() ? findFiles(join(folder, entry.name)) : [join(folder, entry.name)]));
}

function readEntries(folder: string) {
  return readdirSync(folder, { withFileTypes: true });
}

/** Paths of all source files (`.ts`), relative to the root, with `/`. */
export function sourcePaths(folders: readonly string[] = ['packages', 'examples', 'bench', 'test', 'lab']): string[] {
  const root = repositoryRoot();
  return folders
    .flatMap((folder) => findFiles(join(root, folder)))
    .filter((file) => file.endsWith('.ts'))
    .map((file) => relative(root, file).split(sep).join('/'));
}

export function readRepositoryFile(path: string): string {
  return readFileSync(join(repositoryRoot(), path), 'utf8');
}
