// SPDX-License-Identifier: Apache-2.0
// Every limit of a connection: its knob, its default and where the default comes from. What a limit did is counted under
// the same name (`LimitName`) and told to the peer in GOAWAY debug data (`LIMIT_REASONS`).

/** Sizes in bytes, times in milliseconds, rates per second. */
export interface H2Limits {
  /** Streams the peer may have open, and handlers that may run for it: SETTINGS_MAX_CONCURRENT_STREAMS. Default 256. */
  readonly concurrentStreams: number;
  /** Size of a header list or trailer section, name + value + 32 per field (RFC 7541 §4.1). Default 16 KiB. Beyond: 431 or RST_STREAM; beyond four times: GOAWAY. */
  readonly headerListBytes: number;
  /** Fields in a header list, cookie crumbs one by one. Default 128. */
  readonly headerFields: number;
  /** Our decoder's dynamic table, and the most we use of the peer's. Default 4096 (RFC 9113 §6.5.2). */
  readonly headerTableBytes: number;
  /** CONTINUATION frames in one block. Default 8 (nghttp2). */
  readonly continuationFrames: number;
  /** Time to complete a header block. Default 10 s. */
  readonly headerBlockMs: number;
  /** Payload of one frame we accept: SETTINGS_MAX_FRAME_SIZE, 16,384 to 16,777,215. Default 16 KiB. */
  readonly frameBytes: number;
  /** Window of each stream. Default 1 MiB. */
  readonly streamWindowBytes: number;
  /** Window of the connection. Default 4 MiB. */
  readonly connectionWindowBytes: number;
  /** Received and held by one connection. Default 256 MiB: a hundred half-sent 4 MiB messages must fit. */
  readonly receiveConnectionBytes: number;
  /** RST_STREAM received: burst and rate (nghttp2: 1000, 33/s). CVE-2023-44487. */
  readonly resetsReceived: number;
  readonly resetsReceivedPerSecond: number;
  /** RST_STREAM that the peer's errors make us send: 200 per 30 s (netty). CVE-2025-8671. */
  readonly resetsSent: number;
  readonly resetsSentPerSecond: number;
  /** Streams refused for `concurrentStreams` since one was last accepted. Default 256: beyond twice the limit in all. */
  readonly refusedStreams: number;
  /** Harmless oddities: burst and rate (nghttp2: 10,000, 330/s). */
  readonly glitches: number;
  readonly glitchesPerSecond: number;
  /** SETTINGS frames: burst and rate; default 10/s with a burst of 32 (Node's own). CVE-2019-9515. */
  readonly settingsFrames: number;
  readonly settingsFramesPerSecond: number;
  /** Entries in one SETTINGS frame. Default 32 (nghttp2). */
  readonly settingsEntries: number;
  /** Time for the peer to acknowledge our SETTINGS. Default 10 s. */
  readonly settingsAckMs: number;
  /** Control replies (ACKs, RST_STREAM, WINDOW_UPDATE) queued before reading stops, and before GOAWAY. Defaults 100, 1000. CVE-2019-9512. */
  readonly controlReplies: number;
  readonly controlRepliesAbort: number;
  /** Empty DATA without END_STREAM: burst, refilled at one a second, and in a row. Defaults 100 (h2), 10. CVE-2019-9518. */
  readonly emptyData: number;
  readonly emptyDataRun: number;
  /** WINDOW_UPDATE received beyond 2 × (streams + 10 × DATA frames sent): default 5 (h2's and nghttp2's rule of thumb). */
  readonly windowUpdates: number;
  /** Time for the preface and the first SETTINGS. Default 10 s. */
  readonly prefaceMs: number;
  /** Output waits for the peer's window or its socket this long: the stream, then the connection ends. Default 30 s. CVE-2019-9511, -9517. */
  readonly sendStallMs: number;
  /** A stream that waits and sends less counts as stalled. Default 512 bytes/s. */
  readonly sendBytesPerSecond: number;
  /** 1xx responses before the final one (client). Default 32. */
  readonly informationHeads: number;
  /** PINGs of ours without an answer at a time. Default 16. */
  readonly pings: number;
  /**
   * Age of a server's connection after which it is drained, ± 10 %, so that connections made together do not end
   * together; 0: never. Default 0 here, 5 min for a listener (gRFC A9: MAX_CONNECTION_AGE).
   */
  readonly maxAgeMs: number;
  /** Time that calls have to end when a connection is drained for its age, its idleness or its requests. Default 30 s. */
  readonly maxAgeGraceMs: number;
  /** Time without a stream after which a server drains a connection; 0: never. Default 0 here, 15 min for a listener. */
  readonly idleMs: number;
  /** Requests after which a server drains a connection; 0: any number. Default 0. */
  readonly maxRequests: number;
  /** After GOAWAY with an error: time to flush. Default 1 s. */
  readonly goAwayFlushMs: number;
  /** One read turn of one connection. Defaults 1000 frames, 2 ms. */
  readonly turnFrames: number;
  readonly turnMs: number;
}

const KIB = 1024;
const MIB = 1024 * KIB;

export const DEFAULT_LIMITS: H2Limits = Object.freeze({
  concurrentStreams: 256,
  headerListBytes: 16 * KIB,
  headerFields: 128,
  headerTableBytes: 4096,
  continuationFrames: 8,
  headerBlockMs: 10_000,
  frameBytes: 16_384,
  streamWindowBytes: 1 * MIB,
  connectionWindowBytes: 4 * MIB,
  receiveConnectionBytes: 256 * MIB,
  resetsReceived: 1_000,
  resetsReceivedPerSecond: 33,
  resetsSent: 200,
  resetsSentPerSecond: 200 / 30,
  refusedStreams: 256,
  glitches: 10_000,
  glitchesPerSecond: 330,
  settingsFrames: 32,
  settingsFramesPerSecond: 10,
  settingsEntries: 32,
  settingsAckMs: 10_000,
  controlReplies: 100,
  controlRepliesAbort: 1_000,
  emptyData: 100,
  emptyDataRun: 10,
  windowUpdates: 5,
  prefaceMs: 10_000,
  sendStallMs: 30_000,
  sendBytesPerSecond: 512,
  informationHeads: 32,
  pings: 16,
  maxAgeMs: 0,
  maxAgeGraceMs: 30_000,
  idleMs: 0,
  maxRequests: 0,
  goAwayFlushMs: 1_000,
  turnFrames: 1_000,
  turnMs: 2,
});

/** What each limit says in GOAWAY debug data and in the event of the operator. */
export const LIMIT_REASONS = {
  concurrentStreams: 'too_many_streams',
  headerListBytes: 'header_list_too_large',
  headerFields: 'too_many_header_fields',
  continuationFrames: 'too_many_continuations',
  headerBlockMs: 'header_block_timeout',
  receiveMemory: 'receive_memory_exhausted',
  receiveStall: 'receive_memory_stalled',
  resetsReceived: 'too_many_resets',
  resetsSent: 'too_many_stream_errors',
  refusedStreams: 'too_many_refused_streams',
  glitches: 'too_many_glitches',
  settingsFrames: 'too_many_settings',
  settingsEntries: 'too_many_settings_entries',
  settingsAckMs: 'settings_timeout',
  controlReplies: 'too_many_control_replies',
  emptyData: 'too_many_empty_data',
  windowUpdates: 'too_many_window_updates',
  prefaceMs: 'preface_timeout',
  sendStallMs: 'send_stall',
  informationHeads: 'too_many_1xx',
  maxAgeMs: 'max_age',
  idleMs: 'max_idle',
  maxRequests: 'max_requests',
  goAwayFlushMs: 'go_away_flush_timeout',
  drainMs: 'drain_timeout',
} as const;
export type LimitName = keyof typeof LIMIT_REASONS;

const LIMIT_NAMES = new Map<string, LimitName>(
  (Object.entries(LIMIT_REASONS) as [LimitName, string][]).map(([name, reason]) => [reason, name]),
);

/** The limit that speaks with this reason, if one does. */
export function limitOfReason(reason: string): LimitName | undefined {
  return LIMIT_NAMES.get(reason);
}

/** Fills in the defaults. Throws a RangeError for a number that cannot work, a TypeError for an unknown name. */
export function resolveLimits(limits: Partial<H2Limits> = {}): H2Limits {
  for (const [name, value] of Object.entries(limits)) {
    if (!Object.hasOwn(DEFAULT_LIMITS, name))
      throw new TypeError(`unknown limit ${name}; known: ${Object.keys(DEFAULT_LIMITS).join(', ')}`);
    if (typeof value !== 'number' || !(value >= 0))
      throw new RangeError(`limit ${name} is ${value}; use a number from 0 up`);
  }
  const resolved = { ...DEFAULT_LIMITS, ...limits };
  if (resolved.frameBytes < 16_384 || resolved.frameBytes > 16_777_215) {
    throw new RangeError(`limit frameBytes is ${resolved.frameBytes}; use 16384 to 16777215`);
  }
  if (resolved.streamWindowBytes > 0x7fffffff || resolved.connectionWindowBytes > 0x7fffffff) {
    throw new RangeError('limits streamWindowBytes and connectionWindowBytes go up to 2147483647');
  }
  return resolved;
}
