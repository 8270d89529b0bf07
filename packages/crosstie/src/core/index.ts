// SPDX-License-Identifier: Apache-2.0
export { assertNever } from './assert-never.ts';
export type { ByteChannel, ByteReceiver, ChannelPeer, ChannelTls } from './byte-channel.ts';
export { BytesPool } from './bytes-pool.ts';
export type { Clock, Timer } from './clock.ts';
