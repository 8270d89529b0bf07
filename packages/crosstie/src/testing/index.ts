// SPDX-License-Identifier: Apache-2.0
export {
  type ConnectedPeer,
  connectPeer,
  type EngineOptions,
  type EngineRecord,
  Loopback,
  type LoopbackOptions,
  openLoopback,
  type ServedPeer,
  servePeer,
} from './engine.ts';
export { FakeClock, type PendingTimer } from './fake-clock.ts';
export { installLeakCheck, type LeakCheckOptions, type TestHooks } from './leak-check.ts';
export { createMemoryChannels, MemoryChannel, type MemoryChannelOptions } from './memory-channel.ts';
export { formatFrame, type ReceivedFrame } from './received-frame.ts';
export { BodyRecorder, ResponseRecorder } from './recorder.ts';
export {
  ack,
  continuation,
  type DataOptions,
  data,
  frame,
  goAway,
  type HeadersOptions,
  headers,
  ping,
  pong,
  preface,
  priority,
  pushPromise,
  raw,
  request,
  reset,
  type Script,
  type ScriptFields,
  type ScriptSettings,
  settings,
  windowUpdate,
} from './script.ts';
export { createScriptedPeer, ScriptedPeer, type ScriptedPeerOptions, type ScriptedRole } from './scripted-peer.ts';
export { nextTurn, settle } from './settle.ts';
export { ACK, END_HEADERS, END_STREAM, PADDED, PRIORITY_FLAG } from './wire-frame.ts';
export { encodeField, encodeFields, encodeInteger, type FieldForm } from './wire-hpack.ts';
