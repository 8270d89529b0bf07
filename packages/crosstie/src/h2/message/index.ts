// SPDX-License-Identifier: Apache-2.0
export { type Malformed, type ParsedRequest, parseRequest } from './request-head.ts';
export { type ParsedResponse, parseResponse } from './response-head.ts';
export { type ParsedTrailers, parseTrailers } from './trailers.ts';
