import type { Fabric } from '../fabric/index.ts';
import { LEAST_IPV6_MTU } from '../topology/address.ts';
import { type Analysis, analyse } from './analysis.ts';
import { failings } from './simulator/failure.ts';
import { isWhole } from './simulator/what-if.ts';

/**
 * What `pods.mtu: auto` stands for, in bytes: the smallest MTU on any path that packets between pods take, converged or after
 * any single failure, including that of a session. Segments that no such packet crosses do not count. Undefined where there are no two
 * nodes, or no underlay: Calico then takes the hosts' own. Pods with IPv6 get at least what IPv6 requires; if an IPv4 path carries
 * even less, NE301 and NE304 report it.
 */
export function smallestPodMtu(fabric: Fabric): number | undefined {
  if (fabric.segments === undefined) return undefined;
  const mtu = leastMtu(analyse(fabric));
  if (!Number.isFinite(mtu)) return undefined;
  return fabric.pods.families.includes('ipv6') ? Math.max(mtu, LEAST_IPV6_MTU) : mtu;
}

/** The same for an already analysed network; infinite if nothing limits it. */
export function leastMtu(analysis: Analysis): number {
  const { network, pairs, consequence } = analysis;
  const joining = network.segments.filter(({ members }) => members.length > 1);
  const joins = new Set(joining.map(({ index }) => index));
  const narrowest = smallest([
    ...joining.map(({ mtu }) => mtu),
    ...network.machines.flatMap(({ ports }) =>
      ports.filter(({ segment }) => joins.has(segment)).map(({ mtu }) => mtu),
    ),
  ]);
  // Which paths packets take once their loss is fixed is unknown: any segment may be on one.
  if (pairs.some(({ fate }) => !isWhole(fate))) return narrowest;
  let found = smallest(pairs.map(({ fate }) => fate.mtu[0]));
  for (const failing of failings(network)) {
    // Most networks need no failure tried: no path has a smaller MTU than this.
    if (found <= narrowest) break;
    const { broken, worse } = consequence([failing]);
    const arriving = [...broken, ...worse].filter(({ after }) => after.arrives);
    found = Math.min(found, smallest(arriving.map(({ after }) => after.mtu[0])));
  }
  return found;
}

/** Of any number of them: thousands of nodes have more pairs than a call takes arguments. */
export const smallest = (mtus: readonly number[]): number =>
  mtus.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY);
