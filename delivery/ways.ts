import type { Fabric } from '../fabric/index.ts';
import type { Family } from '../topology/address.ts';

/** Two regions, the lower name first, that can reach each other in one address family of pods. */
export interface RegionPair {
  readonly regions: readonly [string, string];
  readonly family: Family;
}

/** The ways that are cut while these routers are down, by key; only those in `among` if it is given. */
export type WaysCut = (
  down: ReadonlySet<string>,
  among?: Iterable<string>,
) => ReadonlyMap<string, RegionPair>;

/**
 * The ways between regions. Two regions have one if a router reflects for both, or if reflectors of each have a session and the IGP
 * connects them. Nodes, MTU and load are not considered.
 */
export function waysCutIn(fabric: Fabric): WaysCut {
  const regionsOf = new Map<string, string[]>();
  for (const { name, routers } of fabric.regions) {
    for (const router of routers) {
      if (!router.planned) regionsOf.set(router.name, [...(regionsOf.get(router.name) ?? []), name]);
    }
  }
  const holders = holdersOf(fabric, regionsOf);
  const islandsWithout = { ipv4: islands(fabric, 'ipv4'), ipv6: islands(fabric, 'ipv6') };
  return (down, among = holders.keys()) => {
    const island = { ipv4: islandsWithout.ipv4(down), ipv6: islandsWithout.ipv6(down) };
    const cut = new Map<string, RegionPair>();
    for (const key of among) {
      const { way, by } = holders.get(key) ?? {};
      const isHeld = by?.some(
        ({ routers: [one, other], transport }) =>
          !down.has(one) &&
          !down.has(other) &&
          (one === other || island[transport](one) === island[transport](other)),
      );
      if (way !== undefined && !isHeld) cut.set(key, way);
    }
    return cut;
  };
}

/** One router, or the two ends of a session. */
interface Holder {
  readonly routers: readonly [string, string];
  readonly transport: Family;
}

/** The routers and sessions that provide each way. What nothing provides even with all routers up is not a way. */
function holdersOf(
  fabric: Fabric,
  regionsOf: ReadonlyMap<string, readonly string[]>,
): ReadonlyMap<string, { way: RegionPair; by: Holder[] }> {
  const holders = new Map<string, { way: RegionPair; by: Holder[] }>();
  const hold = (holder: Holder, families: readonly Family[]) => {
    const [one, other] = holder.routers.map((name) => regionsOf.get(name) ?? []) as [string[], string[]];
    for (const a of one) {
      for (const b of other) {
        for (const family of a === b ? [] : families) {
          const regions = a < b ? ([a, b] as const) : ([b, a] as const);
          const key = `${regions.join(' ')} ${family}`;
          const entry = holders.get(key) ?? { way: { regions, family }, by: [] };
          entry.by.push(holder);
          holders.set(key, entry);
        }
      }
    }
  };
  for (const name of regionsOf.keys()) {
    hold({ routers: [name, name], transport: 'ipv4' }, fabric.pods.families);
  }
  for (const { kind, ends, transport, carries } of fabric.sessions) {
    if (kind === 'backbone') hold({ routers: [ends[0].speaker, ends[1].speaker], transport }, carries);
  }
  return holders;
}

/** Machines that reach each other over the IGP share an island. In a topology without underlay all machines do. */
function islands(
  { segments, routers, nodes, hosts }: Fabric,
  family: Family,
): (down: ReadonlySet<string>) => (machine: string) => string {
  if (segments === undefined) return () => () => '';
  const forwarding = [
    ...routers.filter(({ planned }) => !planned),
    ...[...nodes, ...hosts].filter(({ igp }) => igp),
  ].map(({ name, attachments }) => ({
    name,
    on: attachments.filter(({ igp }) => igp.includes(family)).map(({ segment }) => segment),
  }));
  return (down) => {
    const above = new Map<string, string>();
    const root = (place: string): string => {
      let top = place;
      for (let next = above.get(top); next !== undefined; next = above.get(top)) top = next;
      return top;
    };
    for (const { name, on } of forwarding) {
      if (down.has(name)) continue;
      for (const segment of on) {
        // Machine names contain no blank, so that a segment may have the name of a machine.
        const [one, other] = [root(name), root(`segment ${segment}`)];
        if (one !== other) above.set(one, other);
      }
    }
    return root;
  };
}
