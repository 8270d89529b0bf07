// SPDX-License-Identifier: Apache-2.0
// Deliberate differences about header fields: RFC 7541 and RFC 9113 §8.

import type { Step } from './client-model.ts';
import {
  complains,
  type DifferenceRule,
  endsConnection,
  OLD_NODE,
  only,
  requestFields,
  resets,
  statusOf,
  valuesOf,
} from './difference-rule.ts';
import type { Field } from './wire-hpack.ts';

const TOKEN = /^[!#$%&'*+\-.^_`|~0-9a-z]+$/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it looks for
const BAD_VALUE = /[\x00-\x08\x0a-\x1f\x7f]|^[ \t]|[ \t]$/;

const MAX_FIELDS = 128;
const MAX_LIST_BYTES = 16_384;

function isBadRegular([name, value]: Field): boolean {
  return !name.startsWith(':') && (!TOKEN.test(name) || BAD_VALUE.test(value));
}

function listBytes(step: Step): number {
  return (step.fields ?? []).reduce((sum, [name, value]) => sum + name.length + value.length + 32, 0);
}

/** Size updates at the beginning of a block: 001xxxxx. */
function countSizeUpdates(block: Buffer): number {
  let count = 0;
  for (let at = 0; (block[at] & 0xe0) === 0x20; at++) {
    count++;
    if ((block[at] & 0x1f) === 0x1f) while (block[++at] >= 0x80);
  }
  return count;
}

export const FIELD_DIFFERENCES: readonly DifferenceRule[] = [
  {
    name: 'a bad field makes the message malformed',
    reason: 'nghttp2 drops the field in silence; a request that loses fields on its way is how filters are passed by',
    clause: 'RFC 9113 §8.2.1',
    afterwards: 'stop',
    matches: ({ step, node, engine }) =>
      step.fields?.some(isBadRegular) === true &&
      !complains(node) &&
      resets(engine, step.head?.streamId, 'PROTOCOL_ERROR'),
  },
  {
    name: ':authority and host that differ are malformed',
    reason: 'who reads one and who reads the other would not serve the same site',
    clause: 'RFC 9113 §8.3.1',
    afterwards: 'stop',
    matches: ({ step, node, engine }) =>
      valuesOf(step, ':authority').length === 1 &&
      valuesOf(step, 'host').some((host) => host.toLowerCase() !== valuesOf(step, ':authority')[0].toLowerCase()) &&
      !complains(node) &&
      resets(engine, step.head?.streamId, 'PROTOCOL_ERROR'),
  },
  {
    name: ':authority with userinfo is malformed',
    reason: 'older nghttp2 lets it pass',
    clause: 'RFC 9113 §8.3.1',
    afterwards: 'stop',
    below: OLD_NODE,
    matches: ({ step, node, engine }) =>
      [...valuesOf(step, ':authority'), ...valuesOf(step, 'host')].some((authority) => authority.includes('@')) &&
      !complains(node) &&
      resets(engine, step.head?.streamId, 'PROTOCOL_ERROR'),
  },
  {
    name: 'host stands in for :authority',
    reason: 'the head has one authority, wherever the client wrote it',
    clause: 'RFC 9113 §8.3.1',
    afterwards: 'continue',
    matches: ({ step, node, engine }) => {
      const [host] = valuesOf(step, 'host');
      const withAuthority: Field[] = [[':authority', host], ...(requestFields(node) ?? [])];
      return (
        host !== undefined &&
        valuesOf(step, ':authority').length === 0 &&
        only([...node, ...engine], 'request') &&
        JSON.stringify(requestFields(engine)) === JSON.stringify(withAuthority)
      );
    },
  },
  {
    name: 'content-length beyond 2^53-1 is malformed',
    reason: 'it could not be compared exactly, and no body is as long',
    clause: 'RFC 9110 §8.6 leaves the bound to the recipient',
    afterwards: 'stop',
    matches: ({ step, node, engine }) =>
      valuesOf(step, 'content-length').some((length) => /^\d+$/.test(length) && Number(length) > 2 ** 53 - 1) &&
      !complains(node) &&
      resets(engine, step.head?.streamId, 'PROTOCOL_ERROR'),
  },
  {
    name: 'too long a body resets the stream',
    reason: 'nghttp2 has handed the bytes up when it counts them, and Node gives up on the connection',
    clause: 'RFC 9113 §8.1.1: a stream error of type PROTOCOL_ERROR',
    afterwards: 'stop',
    from: OLD_NODE,
    matches: ({ step, node, engine }) =>
      step.contentLength !== undefined &&
      endsConnection(node, 'INTERNAL_ERROR') &&
      resets(engine, step.head?.streamId, 'PROTOCOL_ERROR'),
  },
  {
    name: 'the end of too short a body is not handed up',
    reason: 'the frame that makes the message malformed carries nothing a handler should see',
    clause: 'RFC 9113 §8.1.1',
    afterwards: 'continue',
    matches: ({ step, node, engine }) =>
      step.contentLength !== undefined && node.length > 0 && only(node, 'body') && engine.length === 0,
  },
  {
    name: 'too many fields: 431',
    reason: 'an answer that says why, instead of ENHANCE_YOUR_CALM',
    clause: 'RFC 9113 §10.5.1, RFC 6585 §5',
    afterwards: 'stop',
    matches: ({ step, node, engine }) =>
      (step.fields?.length ?? 0) > MAX_FIELDS &&
      resets(node, step.head?.streamId, 'ENHANCE_YOUR_CALM') &&
      statusOf(engine) === '431',
  },
  {
    name: 'a header list beyond MAX_HEADER_LIST_SIZE: 431',
    reason: 'Node announces the limit and does not hold it',
    clause: 'RFC 9113 §10.5.1',
    afterwards: 'stop',
    matches: ({ step, node, engine }) =>
      listBytes(step) > MAX_LIST_BYTES && statusOf(node) !== '431' && statusOf(engine) === '431',
  },
  {
    name: 'more than two size updates: COMPRESSION_ERROR',
    reason: 'the smallest size and the final one are all there is to say; more are a waste to be bounded',
    clause: 'RFC 7541 §4.2',
    afterwards: 'stop',
    matches: ({ step, node, engine }) =>
      step.frame !== undefined &&
      countSizeUpdates(step.frame.payload) > 2 &&
      !complains(node) &&
      endsConnection(engine, 'COMPRESSION_ERROR'),
  },
];
