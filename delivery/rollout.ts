import type { Fabric, RouterSpeaker } from '../fabric/index.ts';
import { type RegionPair, type WaysCut, waysCutIn } from './ways.ts';

/** The order in which routers get a change: the first wave alone, then the routers of a wave in parallel, one wave after the other. */
export interface Rollout {
  readonly waves: readonly (readonly Placed[])[];
  /** Routers that were asked for but get nothing, and why. */
  readonly left: readonly Placed[];
}

/** A router, and why it has its place. */
export interface Placed {
  readonly router: string;
  readonly reason: string;
}

/**
 * First a single router, the one whose loss would hurt least; then region by region, those with few nodes first, and in each region the
 * routers that the topology prefers last. Independent of the order of `names`; the rest of a rollout that stopped is a rollout
 * of its own, again with a first router.
 *
 * While some or all routers of a wave are down at once, no region lacks more than one of its reflectors, and two regions lose
 * each other only if the loss of one of those routers alone would separate them. Not promised: that the
 * remaining routers can carry the load; anything for nodes without IGP, whose default route leads over one router; anything
 * if something else breaks in the meantime.
 * Without an underlay in the topology all routers count as connected.
 */
export function rollout(fabric: Fabric, names: readonly string[], maxParallel: number): Rollout {
  const asked = [...new Set(names)].sort();
  const routerByName = new Map(fabric.routers.map((router) => [router.name, router]));
  const left = asked.flatMap((router): Placed[] => {
    const found = routerByName.get(router);
    if (found === undefined) return [{ router, reason: 'the topology has no such router' }];
    return found.planned ? [{ router, reason: 'it is planned: it has no configuration yet' }] : [];
  });
  const routers = asked.flatMap((name) => routerByName.get(name) ?? []).filter(({ planned }) => !planned);
  if (routers.length === 0) return { waves: [], left };
  const waysCut = waysCutIn(fabric);
  const first = canary(fabric, routers, waysCut);
  const waves: Placed[][] = [[{ router: first.harm.router.name, reason: first.reason }]];
  const size = Math.max(1, Math.floor(maxParallel));
  const joint = jointCuts(waysCut);
  const others = routers.filter((router) => router !== first.harm.router);
  for (const next of inOrder(fabric, others, size)) {
    const { wave, reason } = waveFor(fabric, waves, next, size, joint);
    (waves[wave] ?? waves[waves.push([]) - 1])?.push({ router: next.router.name, reason });
  }
  return { waves, left };
}

/** The default number of routers at a time. */
export const MAX_PARALLEL = 4;

/** The routers of each wave of a delivery with default settings. */
export const usualWaves = (fabric: Fabric, names: readonly string[]): string[][] =>
  rollout(fabric, names, MAX_PARALLEL).waves.map((wave) => wave.map(({ router }) => router));

/**
 * Whether a router may begin while others, of its own wave or of earlier ones, are not done yet. The promise about a wave's routers
 * being down at once holds for these, too.
 */
export function joining(
  fabric: Fabric,
  maxParallel: number,
): (atWork: readonly string[], router: string) => boolean {
  const joint = jointCuts(waysCutIn(fabric));
  return (atWork, router) => {
    const mates = matesOf(fabric, router);
    return (
      atWork.length < Math.max(1, Math.floor(maxParallel)) &&
      !atWork.some((one) => mates.has(one)) &&
      joint([...atWork, router]) === undefined
    );
  };
}

/** The effect of losing one router. */
interface Harm {
  readonly router: RouterSpeaker;
  /** Ordered pairs of nodes in regions that lose each other. */
  readonly pairs: number;
  /** Nodes without another reflector. */
  readonly orphans: number;
  readonly clients: number;
  readonly sessions: number;
}

/**
 * Among routers whose loss hurts equally little, one with clients: a router without clients would not show what the change does to a
 * node. Then the fewest clients, the fewest sessions, the lowest name.
 */
function canary(
  fabric: Fabric,
  routers: readonly RouterSpeaker[],
  waysCut: WaysCut,
): { harm: Harm; reason: string } {
  const nodesIn = new Map(fabric.regions.map(({ name, nodes }) => [name, nodes.length]));
  const weigh = (router: RouterSpeaker): Harm => {
    const ways = [...waysCut(new Set([router.name])).values()];
    const servedRegions = fabric.regions.filter((region) => region.routers.includes(router));
    const alone = servedRegions.filter((region) =>
      region.routers.every((one) => one === router || one.planned),
    );
    const count = (regions: typeof servedRegions) =>
      regions.reduce((sum, { nodes }) => sum + nodes.length, 0);
    return {
      router,
      pairs: ways.reduce(
        (sum, { regions: [a, b] }) => sum + 2 * countOf(nodesIn, a) * countOf(nodesIn, b),
        0,
      ),
      orphans: count(alone),
      clients: count(servedRegions),
      sessions: fabric.sessions.filter(({ ends }) => ends.some(({ speaker }) => speaker === router.name))
        .length,
    };
  };
  const [harm] = routers.map(weigh).sort(byHarm);
  if (harm === undefined) throw new Error('a rollout of no routers has no first one');
  return { harm, reason: routers.length === 1 ? 'the only one' : `first, alone: ${harmText(harm)}` };
}

const byHarm = (a: Harm, b: Harm): number =>
  a.pairs - b.pairs ||
  a.orphans - b.orphans ||
  Number(a.clients === 0) - Number(b.clients === 0) ||
  a.clients - b.clients ||
  a.sessions - b.sessions ||
  (a.router.name < b.router.name ? -1 : 1);

function harmText({ pairs, orphans, clients, sessions }: Harm): string {
  if (pairs > 0) return `its loss cuts the fewest pairs of nodes, ${pairs}`;
  if (orphans > 0) return `its loss leaves the fewest nodes without a reflector, ${orphans}`;
  if (clients > 0) return `its nodes have another reflector, and it has the fewest nodes, ${clients}`;
  return `nothing is lost without it, and it has the fewest sessions, ${sessions}`;
}

/**
 * Region by region, in groups of at least as many regions as a wave has slots; a remainder is spread over all groups, or the last waves would have
 * few regions and half of their slots empty. Within a region one router after the other. The topology lists them in order of
 * preference, and a node without IGP has its default route over the first: so the order is reversed. A router of several regions
 * comes with the first of them; routers of no region come last.
 */
function inOrder(
  fabric: Fabric,
  routers: readonly RouterSpeaker[],
  size: number,
): { router: RouterSpeaker; region: string | undefined }[] {
  const open = new Set(routers);
  const regions = [...fabric.regions]
    .sort((a, b) => a.nodes.length - b.nodes.length || (a.name < b.name ? -1 : 1))
    .map(({ name, routers: all }) => ({
      name,
      reflectors: all.filter((router) => open.delete(router)).reverse(),
    }))
    .filter(({ reflectors }) => reflectors.length > 0);
  const groups = Math.max(1, Math.floor(regions.length / size));
  const ordered = Array.from({ length: groups }, (_, at) => {
    const [from, to] = [at, at + 1].map((part) => Math.ceil((part * regions.length) / groups));
    const group = regions.slice(from, to);
    const rounds = Math.max(0, ...group.map(({ reflectors }) => reflectors.length));
    return Array.from({ length: rounds }, (_, round) =>
      group.flatMap(({ name, reflectors }) => {
        const router = reflectors[round];
        return router === undefined ? [] : [{ router, region: name }];
      }),
    ).flat();
  }).flat();
  return [...ordered, ...[...open].map((router) => ({ router, region: undefined }))];
}

/** A way that is cut when some of these routers are down at once, though not when one of them alone is; undefined if there is none. */
type Joint = (names: readonly string[]) => RegionPair | undefined;

/** The first wave after all reflectors of its regions, and after the canary, that has a free slot and keeps all ways. */
function waveFor(
  fabric: Fabric,
  waves: readonly (readonly Placed[])[],
  { router, region }: { readonly router: RouterSpeaker; readonly region: string | undefined },
  size: number,
  joint: Joint,
): { wave: number; reason: string } {
  const others = matesOf(fabric, router.name);
  const reasons = [region === undefined ? 'in no region' : `in region ${region}`];
  const before = waves.findLastIndex((wave) => wave.some((one) => others.has(one.router)));
  const mate = waves[before]?.find((one) => others.has(one.router))?.router;
  if (mate !== undefined) reasons.push(`after ${mate}, which also reflects for ${others.get(mate)}`);
  for (let index = Math.max(1, before + 1); index < waves.length; index += 1) {
    const wave = (waves[index] ?? []).map((one) => one.router);
    if (wave.length >= size) continue;
    const way = joint([...wave, router.name]);
    if (way === undefined) return { wave: index, reason: reasons.join('; ') };
    const [a, b] = way.regions;
    reasons.splice(
      mate === undefined ? 1 : 2,
      1,
      `not together with ${wave.join(', ')}, or ${a} and ${b} could not reach each other`,
    );
  }
  return { wave: waves.length, reason: reasons.join('; ') };
}

/** The routers that share a region with this one as reflectors, itself included, each with that region. */
const matesOf = (fabric: Fabric, router: string): ReadonlyMap<string, string> =>
  new Map(
    fabric.regions
      .filter(({ routers }) => routers.some(({ name }) => name === router))
      .flatMap(({ name, routers }) => routers.map((one) => [one.name, name] as const)),
  );

function jointCuts(waysCut: WaysCut): Joint {
  const alone = new Map<string, ReadonlySet<string>>();
  const cutAlone = (router: string): ReadonlySet<string> => {
    const keys = alone.get(router) ?? new Set(waysCut(new Set([router])).keys());
    alone.set(router, keys);
    return keys;
  };
  return (names) => {
    const groups = new Map<string, { rest: ReadonlySet<string>; keys: string[] }>();
    for (const key of waysCut(new Set(names)).keys()) {
      // A router that cuts the way alone may be up again before the others: without it they must not cut the way either.
      const rest = names.filter((name) => !cutAlone(name).has(key));
      const group = groups.get(rest.join(' ')) ?? { rest: new Set(rest), keys: [] };
      group.keys.push(key);
      groups.set(rest.join(' '), group);
    }
    for (const { rest, keys } of groups.values()) {
      const [way] = waysCut(rest, keys).values();
      if (way !== undefined) return way;
    }
    return undefined;
  };
}

const countOf = (map: ReadonlyMap<string, number>, key: string): number => map.get(key) ?? 0;
