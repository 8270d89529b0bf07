// SPDX-License-Identifier: Apache-2.0
// Random programs: a peer that is lawful, careless or hostile, reads cut anywhere, an application with every habit.

import type { Random } from '../oracle/random.ts';
import { PeerWriter } from './peer-writer.ts';
import type { Action, Behaviour, Program, Role, Step } from './program.ts';

/** Per cent of frames that are wrong on purpose. Mostly few: a connection that dies at once tests little. */
const HOSTILITY = [0, 0, 1, 3, 10, 50] as const;

export function generateProgram(random: Random): Program {
  const role: Role = random.chance(60) ? 'server' : 'client';
  const hostility = random.pick(HOSTILITY);
  // What a server may answer depends on what the engine has asked by then, which a program cannot know.
  const lawful = hostility === 0 && role === 'server';
  const peer = new PeerWriter(role, random, hostility);
  const steps: Step[] = reads([peer.opening()], random);
  for (let left = random.integer(1, 40); left > 0; left--) steps.push(...randomSteps(peer, random));
  const behaviours = Array.from({ length: random.integer(1, 6) }, () => randomBehaviour(role, random));
  return { role, lawful, releasesAtOnce: random.chance(50), behaviours, steps };
}

function randomSteps(peer: PeerWriter, random: Random): Step[] {
  const dice = random.integer(0, 99);
  if (dice < 60) return [...reads(frames(peer, random), random), ...turn(random)];
  if (dice < 72 && peer.engineRole === 'client') return [openExchange(peer, random), ...turn(random)];
  if (dice < 84)
    return [
      { do: 'act', exchange: random.integer(0, 5), action: randomAction(peer.engineRole, random) },
      ...turn(random),
    ];
  if (dice < 88) return [{ do: 'block' }];
  if (dice < 92) return [{ do: 'unblock' }, ...turn(random)];
  if (dice < 97) return [{ do: 'advance', ms: random.pick([1, 100, 2_000, 10_000, 40_000]) }];
  return [rareStep(random), ...turn(random)];
}

function rareStep(random: Random): Step {
  switch (random.integer(0, 7)) {
    case 0:
      return { do: 'drain', graceMs: random.pick([0, 1_000, 30_000]) };
    case 1:
      return { do: 'close' };
    case 2:
      return { do: 'end' };
    case 3:
      return { do: 'break' };
    default:
      return { do: 'ping' };
  }
}

function turn(random: Random): Step[] {
  return random.chance(70) ? [{ do: 'turn' }] : [];
}

function openExchange(peer: PeerWriter, random: Random): Step {
  peer.noteOpened();
  const bodyBytes = random.chance(40) ? undefined : random.pick([0, 7, 951, 70_000]);
  return { do: 'open', behaviour: randomBehaviour('client', random), bodyBytes };
}

function frames(peer: PeerWriter, random: Random): Buffer[] {
  return Array.from({ length: random.pick([1, 1, 2, 5]) }, () => peer.next());
}

/** The bytes as reads: as they are, cut at random places, or byte by byte. */
function reads(parts: readonly Buffer[], random: Random): Step[] {
  const bytes = Buffer.concat(parts);
  const size = random.pick([
    bytes.length,
    bytes.length,
    random.integer(1, 30) + (bytes.length >> 6),
    bytes.length < 200 ? 1 : 1_000,
  ]);
  const steps: Step[] = [];
  for (let at = 0; at < bytes.length; at += size)
    steps.push({ do: 'read', hex: bytes.subarray(at, at + size).toString('hex') });
  return steps;
}

function randomBehaviour(role: Role, random: Random): Behaviour {
  const actions = () => Array.from({ length: random.pick([0, 1, 1, 3]) }, () => randomAction(role, random));
  const answersWell: readonly Action[] = [
    { do: 'reply', bytes: random.pick([0, 7, 951]), trailers: random.chance(50) },
  ];
  return {
    onHead: random.chance(60) ? [] : actions(),
    onEnd: random.chance(60) ? answersWell : actions(),
    releases: random.chance(80),
  };
}

function randomAction(role: Role, random: Random): Action {
  const trailers = random.chance(50);
  switch (random.integer(0, 9)) {
    case 0:
    case 1:
      return { do: 'reply', bytes: random.pick([0, 7, 951, 40_000, 300_000]), trailers };
    case 2:
      return role === 'server' ? { do: 'inform' } : { do: 'release' };
    case 3:
      return { do: 'head' };
    case 4:
      return { do: 'data', bytes: random.pick([0, 1, 1_000, 20_000, 100_000]) };
    case 5:
      return { do: 'stream', bytes: random.pick([1_000, 200_000]) };
    case 6:
      return { do: 'end', trailers };
    case 7:
      return { do: 'reset', code: random.pick([0, 2, 8]) };
    case 8:
      return { do: 'grant', bytes: random.pick([1, 1_000, 2 ** 20]) };
    default:
      return { do: 'release' };
  }
}
