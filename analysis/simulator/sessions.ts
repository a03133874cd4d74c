import type { FailureSet } from './failure.ts';
import type { Link, Network } from './model.ts';
import { machineOf, segmentOf } from './spf.ts';
import type { Underlay } from './underlay.ts';
import type { ChangedWay } from './underlay-after.ts';

/** By session whether it is up: if packets arrive in both directions. Both ends are configured from one value, and agree. */
export function liveSessions(network: Network, failure: FailureSet, underlay: Underlay): Uint8Array {
  const live = new Uint8Array(network.links.length / 2);
  for (let session = 0; session < live.length; session++) {
    if (isLive(network, failure, underlay, session)) live[session] = 1;
  }
  return live;
}

function isLive(
  { links }: Network,
  { machines, sessions }: FailureSet,
  { reaches }: Underlay,
  session: number,
): boolean {
  const { machine, peer, localAddress, peerAddress } = links[2 * session] as Link;
  if (sessions.has(session) || machines.has(machine) || machines.has(peer)) return false;
  return reaches(machine, peerAddress) && reaches(peer, localAddress);
}

/** The sessions after a failure, and those that are no longer as they were. */
export interface SessionsAfter {
  readonly live: Uint8Array;
  readonly died: readonly number[];
  readonly rose: readonly number[];
}

/** Rechecks only sessions whose packets crossed something that failed, or that have an address whose path changed. */
export function sessionsAfter(
  network: Network,
  underlay: Underlay,
  before: Uint8Array,
): (failure: FailureSet, after: Underlay, changed: readonly ChangedWay[]) => SessionsAfter {
  const { machines, segments, addresses, links } = network;
  const over = {
    machines: machines.map((): number[] => []),
    segments: [...segments, undefined].map((): number[] => []),
    addresses: addresses.map((): number[] => []),
  };
  for (const { sessionIndex, machine, peerAddress } of links) {
    over.addresses[peerAddress]?.push(sessionIndex);
    const passed = new Set([machine]);
    for (const at of passed) {
      over.machines[at]?.push(sessionIndex);
      if (addresses[peerAddress]?.owner === at) continue;
      for (const hop of underlay.way(at, peerAddress).hops) {
        over.segments[segmentOf(network, hop)]?.push(sessionIndex);
        const next = machineOf(network, hop);
        if (next < machines.length) passed.add(next);
      }
    }
  }
  return (failure, after, changed) => {
    const doubtful = new Set(failure.sessions);
    const doubt = (sessions: readonly number[] = []) => {
      for (const session of sessions) doubtful.add(session);
    };
    for (const machine of failure.machines) doubt(over.machines[machine]);
    for (const segment of failure.segments) doubt(over.segments[segment]);
    for (const address of new Set(changed.map((one) => one.address))) doubt(over.addresses[address]);
    const live = before.slice();
    const died: number[] = [];
    const rose: number[] = [];
    for (const session of doubtful) {
      const isUp = isLive(network, failure, after, session);
      if (isUp === (before[session] === 1)) continue;
      live[session] = isUp ? 1 : 0;
      (isUp ? rose : died).push(session);
    }
    return { live, died, rose };
  };
}
