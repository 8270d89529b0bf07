// SPDX-License-Identifier: Apache-2.0
export {
  type FieldBlock,
  HpackDecoder,
  type HpackDecoderOptions,
  isIndexedButLength,
  isIndexedOnly,
} from './decoder.ts';
export { HpackEncoder, Indexing, maxFieldBytes } from './encoder.ts';
export { HpackError, HpackListTooLargeError } from './error.ts';
