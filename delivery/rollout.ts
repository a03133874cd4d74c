import type { Fabric, RouterSpeaker } from '../fabric/index.ts';
import { type LostWays, lostWays, type Way } from './ways.ts';

/** In which order routers get a change: the first wave alone, then all of a wave side by side, and no wave before those it stands after. */
export interface Rollout {
  readonly waves: readonly (readonly Placed[])[];
  /** Routers that were asked for and get nothing, and why. */
  readonly left: readonly Placed[];
}

/** A router, and why it is where it is. */
export interface Placed {
  readonly router: string;
  readonly reason: string;
}

/**
 * First one router alone, whose loss would hurt least; then region by region, those with few nodes first, and in each the
 * routers that the topology prefers last. Independent of the order of `names`; what is left of a rollout that stopped is
 * one of its own, with a first router again.
 *
 * While all routers of a wave are down at once, no region is without more than one of its reflectors, and two regions lose
 * their way to each other only if one of the routers that are down alone would take it: some of the wave, or all. Not promised:
 * that what is left can carry the load; anything for nodes without IGP, whose default route leads over one router; and
 * nothing else may break meanwhile.
 * Without an underlay in the topology all routers count as connected.
 */
export function rollout(fabric: Fabric, names: readonly string[], maxParallel: number): Rollout {
  const asked = [...new Set(names)].sort();
  const known = new Map(fabric.routers.map((router) => [router.name, router]));
  const left = asked.flatMap((router): Placed[] => {
    const found = known.get(router);
    if (found === undefined) return [{ router, reason: 'the topology has no such router' }];
    return found.planned ? [{ router, reason: 'it is planned: it has no configuration yet' }] : [];
  });
  const routers = asked.flatMap((name) => known.get(name) ?? []).filter(({ planned }) => !planned);
  if (routers.length === 0) return { waves: [], left };
  const lost = lostWays(fabric);
  const first = canary(fabric, routers, lost);
  const waves: Placed[][] = [[{ router: first.harm.router.name, reason: first.reason }]];
  const size = Math.max(1, Math.floor(maxParallel));
  const joint = jointly(lost);
  const others = routers.filter((router) => router !== first.harm.router);
  for (const next of inOrder(fabric, others, size)) {
    const { wave, reason } = place(fabric, waves, next, size, joint);
    (waves[wave] ?? waves[waves.push([]) - 1])?.push({ router: next.router.name, reason });
  }
  return { waves, left };
}

/** Routers at a time, where nobody says otherwise. */
export const MAX_PARALLEL = 4;

/** The routers of each wave of a delivery for which nobody says otherwise. */
export const usualWaves = (fabric: Fabric, names: readonly string[]): string[][] =>
  rollout(fabric, names, MAX_PARALLEL).waves.map((wave) => wave.map(({ router }) => router));

/**
 * Whether a router may begin while others, of its wave and of earlier ones, are not done yet. What is promised of a wave's routers
 * being down at once is promised of those, too.
 */
export function joining(
  fabric: Fabric,
  maxParallel: number,
): (atWork: readonly string[], router: string) => boolean {
  const joint = jointly(lostWays(fabric));
  return (atWork, router) => {
    const mates = matesOf(fabric, router);
    return (
      atWork.length < Math.max(1, Math.floor(maxParallel)) &&
      !atWork.some((one) => mates.has(one)) &&
      joint([...atWork, router]) === undefined
    );
  };
}

/** What the loss of a router alone does. */
interface Harm {
  readonly router: RouterSpeaker;
  /** Ordered pairs of nodes in regions that lose their way to each other. */
  readonly pairs: number;
  /** Nodes that have no other reflector. */
  readonly orphans: number;
  readonly clients: number;
  readonly sessions: number;
}

/**
 * Of routers that hurt equally little, one with clients: a router without any would not show what the change does to a node.
 * Then the fewest clients, the fewest sessions, the lesser name.
 */
function canary(
  fabric: Fabric,
  routers: readonly RouterSpeaker[],
  lost: LostWays,
): { harm: Harm; reason: string } {
  const nodesIn = new Map(fabric.regions.map(({ name, nodes }) => [name, nodes.length]));
  const weigh = (router: RouterSpeaker): Harm => {
    const ways = [...lost(new Set([router.name])).values()];
    const own = fabric.regions.filter((region) => region.routers.includes(router));
    const alone = own.filter((region) => region.routers.every((one) => one === router || one.planned));
    const count = (regions: typeof own) => regions.reduce((sum, { nodes }) => sum + nodes.length, 0);
    return {
      router,
      pairs: ways.reduce((sum, { regions: [a, b] }) => sum + 2 * of(nodesIn, a) * of(nodesIn, b), 0),
      orphans: count(alone),
      clients: count(own),
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
  if (pairs > 0) return `no other's loss would cut fewer pairs of nodes, ${pairs}`;
  if (orphans > 0) return `no other's loss would leave fewer nodes without a reflector, ${orphans}`;
  if (clients > 0) return `its nodes have another reflector, and no other has fewer of them, ${clients}`;
  return `nothing is lost without it, and no other has fewer sessions, ${sessions}`;
}

/**
 * Region by region, as many of them as there are places; the rest of that is spread over all, or the last waves would have
 * few regions and half of their places empty. Of each region one router after the other. The topology lists them in the order
 * of preference, and a node without IGP has its default route over the first: so from behind. A router of several regions
 * comes with the first of them, those of none come last.
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
      own: all.filter((router) => open.delete(router)).reverse(),
    }))
    .filter(({ own }) => own.length > 0);
  const groups = Math.max(1, Math.floor(regions.length / size));
  const ordered = Array.from({ length: groups }, (_, at) => {
    const [from, to] = [at, at + 1].map((part) => Math.ceil((part * regions.length) / groups));
    const group = regions.slice(from, to);
    const rounds = Math.max(0, ...group.map(({ own }) => own.length));
    return Array.from({ length: rounds }, (_, round) =>
      group.flatMap(({ name, own }) => {
        const router = own[round];
        return router === undefined ? [] : [{ router, region: name }];
      }),
    ).flat();
  }).flat();
  return [...ordered, ...[...open].map((router) => ({ router, region: undefined }))];
}

/** A way that some of these routers take when they are down at once, though none of them alone does; undefined if there is none. */
type Joint = (names: readonly string[]) => Way | undefined;

/** The first wave after all reflectors of its regions, and after the canary, that has a place and leaves all ways there. */
function place(
  fabric: Fabric,
  waves: readonly (readonly Placed[])[],
  { router, region }: { readonly router: RouterSpeaker; readonly region: string | undefined },
  size: number,
  joint: Joint,
): { wave: number; reason: string } {
  const others = matesOf(fabric, router.name);
  const reasons = [region === undefined ? 'of no region' : `of region ${region}`];
  const before = waves.findLastIndex((wave) => wave.some((one) => others.has(one.router)));
  const mate = waves[before]?.find((one) => others.has(one.router))?.router;
  if (mate !== undefined) reasons.push(`after ${mate}, which reflects for ${others.get(mate)} too`);
  for (let index = Math.max(1, before + 1); index < waves.length; index += 1) {
    const wave = (waves[index] ?? []).map((one) => one.router);
    if (wave.length >= size) continue;
    const way = joint([...wave, router.name]);
    if (way === undefined) return { wave: index, reason: reasons.join('; ') };
    const [a, b] = way.regions;
    reasons.splice(
      mate === undefined ? 1 : 2,
      1,
      `not together with ${wave.join(', ')}, or ${a} and ${b} would have no way to each other`,
    );
  }
  return { wave: waves.length, reason: reasons.join('; ') };
}

/** The routers that reflect for a region that this one reflects for, itself too; and for which. */
const matesOf = (fabric: Fabric, router: string): ReadonlyMap<string, string> =>
  new Map(
    fabric.regions
      .filter(({ routers }) => routers.some(({ name }) => name === router))
      .flatMap(({ name, routers }) => routers.map((one) => [one.name, name] as const)),
  );

function jointly(lost: LostWays): Joint {
  const alone = new Map<string, ReadonlySet<string>>();
  const lostBy = (router: string): ReadonlySet<string> => {
    const known = alone.get(router) ?? new Set(lost(new Set([router])).keys());
    alone.set(router, known);
    return known;
  };
  return (names) => {
    const groups = new Map<string, { rest: ReadonlySet<string>; keys: string[] }>();
    for (const key of lost(new Set(names)).keys()) {
      // Who takes the way alone may be well again while the others are not: without it they must not take it either.
      const rest = names.filter((name) => !lostBy(name).has(key));
      const group = groups.get(rest.join(' ')) ?? { rest: new Set(rest), keys: [] };
      group.keys.push(key);
      groups.set(rest.join(' '), group);
    }
    for (const { rest, keys } of groups.values()) {
      const [way] = lost(rest, keys).values();
      if (way !== undefined) return way;
    }
    return undefined;
  };
}

const of = (map: ReadonlyMap<string, number>, key: string): number => map.get(key) ?? 0;
