// SPDX-License-Identifier: Apache-2.0
export { encodeContinuationHead } from './continuation.ts';
export { encodeDataHead, parseData } from './data.ts';
export { ConnectionError, ErrorCode, type ErrorCodeName, errorCodeName, StreamError } from './error.ts';
export { encodeGoAway, type GoAwayFrame, MAX_GO_AWAY_BYTES, parseGoAway } from './go-away.ts';
export {
  encodeFrameHead,
  Flag,
  FRAME_HEAD_BYTES,
  type FrameHead,
  FrameType,
  MAX_MAX_FRAME_BYTES,
  MIN_MAX_FRAME_BYTES,
  type PayloadSpan,
  parseFrameHead,
  typeAndFlags,
} from './head.ts';
export { encodeHeadersHead, parseHeaders } from './headers.ts';
export { encodePing, PING_BYTES, parsePing } from './ping.ts';
export { encodePriority, parsePriority } from './priority.ts';
export { encodePushPromiseHead, parsePushPromise } from './push-promise.ts';
export { encodeRstStream, parseRstStream } from './rst-stream.ts';
export { encodeSettings, encodeSettingsAck, parseSettings, Setting, type SettingPair } from './settings.ts';
export { encodeWindowUpdate, parseWindowUpdate, WINDOW_UPDATE_FRAME_BYTES } from './window-update.ts';
