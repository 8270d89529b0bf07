// SPDX-License-Identifier: Apache-2.0
export { FrameReader, type FrameSink, type ReadTurn } from './frame-reader.ts';
export { HeadMemo } from './head-memo.ts';
export { type HeaderBlockLimits, PartialHeaderBlock } from './header-block.ts';
export { HeaderWriter } from './header-writer.ts';
export { OutputBatch } from './output-batch.ts';
