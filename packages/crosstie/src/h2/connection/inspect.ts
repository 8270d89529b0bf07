// SPDX-License-Identifier: Apache-2.0
// The parts of a connection → the facts of it. Nothing is hidden from an operator, and nothing he gets is alive.

import type { ByteChannel } from '../../core/index.ts';
import type { ReceiveFlow, SendScheduler, StreamRecord, StreamTable } from '../stream/index.ts';
import type { AbuseBudgets } from './abuse-budgets.ts';
import type { ConnectionState, Ending } from './ending.ts';
import type { ConnectionFacts } from './facts.ts';
import type { Input } from './input.ts';
import type { Output } from './output.ts';
import type { Pings } from './pings.ts';
import type { ReceivedFrames } from './received-frames.ts';

export interface Inspected {
  readonly role: 'server' | 'client';
  readonly state: ConnectionState;
  readonly channel: ByteChannel;
  readonly streams: StreamTable<StreamRecord>;
  readonly slots: number;
  readonly lastStreamId: number;
  readonly flow: ReceiveFlow;
  readonly sender: SendScheduler;
  readonly input: Input;
  readonly output: Output;
  readonly budgets: AbuseBudgets;
  readonly received: ReceivedFrames;
  readonly pings: Pings;
  readonly ending: Ending;
  readonly heldBytes: number;
  readonly createdMs: number;
  readonly nowMs: number;
}

export function inspectConnection(parts: Inspected): ConnectionFacts {
  const { channel, streams, flow, sender, input, output, budgets, received, pings, ending } = parts;
  return {
    role: parts.role,
    state: parts.state,
    peer: channel.peer,
    ageMs: parts.nowMs - parts.createdMs,
    idleReadMs: parts.nowMs - input.lastReadMs,
    streams: {
      open: streams.size,
      slots: parts.slots,
      opened: streams.opened,
      lastId: parts.lastStreamId,
      waitingToSend: sender.pending.size,
    },
    windows: {
      send: sender.window,
      receive: flow.availableBytes,
      initialSend: sender.initialWindow,
      streamReceive: flow.streamWindowBytes,
    },
    heldBytes: parts.heldBytes,
    bytesReceived: input.bytesReceived,
    bytesSent: output.bytesSent,
    bufferedBytes: channel.bufferedBytes,
    isSocketBlocked: sender.isBlocked,
    ping: { rttMs: pings.lastRttMs, outstanding: pings.outstanding },
    peerSettings: received.peerSettings,
    settingsAcknowledged: received.settingsAcknowledged,
    goAway: { sent: ending.goAway, received: received.goAway },
    resets: { received: budgets.resetsReceived, sent: budgets.resetsSent },
    glitches: budgets.glitches,
    limits: Object.fromEntries(budgets.acted),
    closed: ending.reason,
  };
}
