// SPDX-License-Identifier: Apache-2.0
// Who may import whom inside the library. The same table stands in ARCHITECTURE.md; a test compares the two.

/** Folder to the folders it may import, besides `core` and itself. `*`: any. */
export const IMPORT_TABLE: Readonly<Record<string, readonly string[]>> = {
  core: [],
  hpack: [],
  exchange: [],
  'h2/frame': [],
  'h2/message': ['hpack', 'exchange'],
  'h2/codec': ['h2/frame', 'h2/message', 'hpack', 'exchange'],
  'h2/stream': ['h2/frame', 'h2/message', 'h2/codec', 'exchange'],
  'h2/connection': ['h2/frame', 'h2/message', 'h2/codec', 'h2/stream', 'hpack', 'exchange'],
  h2: ['h2/frame', 'h2/message', 'h2/codec', 'h2/stream', 'h2/connection', 'exchange'],
  http: ['h2', 'exchange'],
  'platform/node': ['exchange', 'http'],
  testing: ['*'],
  entry: ['*'],
};

/** Where `node:` modules and the globals of Node may appear. */
export const MAY_USE_NODE_MODULES: readonly string[] = ['platform/node', 'entry', 'testing'];
export const MAY_USE_BUFFER: readonly string[] = ['h2', 'hpack', 'platform/node', 'testing'];
export const MAY_USE_NODE_GLOBALS: readonly string[] = ['platform/node', 'entry', 'testing'];

/** Files above 400 lines, with the reason why they are not split. */
export const LONG_FILES: Readonly<Record<string, string>> = {};

const FOLDERS = Object.keys(IMPORT_TABLE).sort((a, b) => b.length - a.length);

/** The folder of the table that a path inside `src/` belongs to, the longest that fits; undefined when none does. */
export function layerOf(path: string): string | undefined {
  return FOLDERS.find((folder) => path.startsWith(`${folder}/`));
}

/** True when `folder` is one of `folders` or lies inside one. */
export function isWithin(folder: string, folders: readonly string[]): boolean {
  return folders.some((outer) => folder === outer || folder.startsWith(`${outer}/`));
}
