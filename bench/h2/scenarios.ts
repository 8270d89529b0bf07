// SPDX-License-Identifier: Apache-2.0
// What is measured, and the bars that were set before anything was.

import type { TargetName } from './targets.ts';

/** What one round yields; every key is a figure of the report. */
export type Figures = Readonly<Record<string, number>>;

interface Loaded {
  readonly messageBytes: number;
  readonly connections: number;
  /** Requests in flight on each connection. */
  readonly streams: number;
}

/** Crosstie against a peer in the scenario's first figure, round by round. */
export interface RatioBar {
  readonly kind: 'ratio';
  readonly peer: TargetName;
  /** Times as good as the peer: 10 on latency would mean a tenth of it. */
  readonly atLeast: number;
}

/** Crosstie alone, in every round. */
export interface LimitBar {
  readonly kind: 'limit';
  readonly figure: string;
  readonly side: 'at least' | 'at most';
  readonly value: number;
}

export type Bar = RatioBar | LimitBar;

interface ScenarioBase {
  readonly name: string;
  readonly title: string;
  readonly targets: readonly TargetName[];
  /** The figures with a column of their own; targets are compared by the first. */
  readonly figures: readonly string[];
  /** Of the first figure. */
  readonly better: 'higher' | 'lower';
  readonly bars: readonly Bar[];
}

export type LoadScenario = ScenarioBase & Loaded & { readonly kind: 'load' | 'latency' | 'client' };
export type IdleScenario = ScenarioBase & { readonly kind: 'idle'; readonly connections: number };
export type Scenario = LoadScenario | IdleScenario;

const IDLE_CONNECTIONS = 10_000;
const MEBIBYTE = 1024 * 1024;
const ALL: readonly TargetName[] = ['crosstie', 'node-http2', 'grpc-js'];
/** With small bodies wide windows change nothing. */
const WITH_WIDE: readonly TargetName[] = ['crosstie', 'node-http2', 'node-http2-wide', 'grpc-js'];
const THROUGHPUT_FIGURES = ['requestsPerSecond', 'cpuUsPerRequest', 'measuredCoreShare', 'driverCoreShare'];
const IDLE_FIGURES = ['heldBytesPerConnection', 'heldBytesAfterCall', 'rssBytesPerConnection', 'heldConnections'];

function loadScenario(kind: 'load' | 'client', name: string, loaded: Loaded, atLeast: number): LoadScenario {
  const { messageBytes, connections, streams } = loaded;
  const role = kind === 'load' ? 'server' : 'client, against the Crosstie echo';
  const title = `${role}: ${messageBytes} bytes, ${connections} connection(s) x ${streams} streams`;
  const bars: Bar[] = [{ kind: 'ratio', peer: 'node-http2', atLeast }];
  const targets = messageBytes >= MEBIBYTE ? WITH_WIDE : ALL;
  return { kind, name, title, ...loaded, targets, figures: THROUGHPUT_FIGURES, better: 'higher', bars };
}

export const SCENARIOS: readonly Scenario[] = [
  loadScenario('load', '7b-1x100', { messageBytes: 7, connections: 1, streams: 100 }, 10),
  loadScenario('load', '7b-10x10', { messageBytes: 7, connections: 10, streams: 10 }, 10),
  loadScenario('load', '951b-1x100', { messageBytes: 951, connections: 1, streams: 100 }, 10),
  loadScenario('load', '951b-10x10', { messageBytes: 951, connections: 10, streams: 10 }, 10),
  loadScenario('load', '1mib-1x10', { messageBytes: MEBIBYTE, connections: 1, streams: 10 }, 5),
  {
    kind: 'latency',
    name: 'latency',
    title: 'server: latency of 7 bytes, one connection, one stream',
    messageBytes: 7,
    connections: 1,
    streams: 1,
    targets: ALL,
    figures: ['latencyMedianUs', 'latencyMeanUs', 'latencyP99Us', 'cpuUsPerRequest'],
    better: 'lower',
    bars: [{ kind: 'ratio', peer: 'node-http2', atLeast: 1 }],
  },
  {
    kind: 'idle',
    name: 'idle',
    title: 'server: 10,000 idle connections, memory of each',
    connections: IDLE_CONNECTIONS,
    targets: ALL,
    figures: IDLE_FIGURES,
    better: 'lower',
    bars: [
      { kind: 'limit', figure: 'heldBytesPerConnection', side: 'at most', value: 24_000 },
      { kind: 'limit', figure: 'heldBytesAfterCall', side: 'at most', value: 24_000 },
      { kind: 'limit', figure: 'heldConnections', side: 'at least', value: IDLE_CONNECTIONS },
    ],
  },
  loadScenario('client', 'client-7b', { messageBytes: 7, connections: 1, streams: 100 }, 10),
  loadScenario('client', 'client-951b', { messageBytes: 951, connections: 1, streams: 100 }, 10),
  loadScenario('client', 'client-1mib', { messageBytes: MEBIBYTE, connections: 1, streams: 10 }, 5),
];

/** Throws with the names there are. */
export function findScenario(name: string): Scenario {
  const scenario = SCENARIOS.find((candidate) => candidate.name === name);
  if (scenario !== undefined) return scenario;
  throw new Error(`no scenario '${name}'; there are: ${SCENARIOS.map((known) => known.name).join(', ')}`);
}
