import type { Fabric, RouterSpeaker } from '../fabric/index.ts';

/** Routers that get their configuration at the same time, and why these and why now. */
export interface Wave {
  readonly routers: readonly string[];
  readonly says: string;
}

/**
 * In which order routers get a change: one canary, then region by region, then those that serve no region. No two routers of one
 * wave serve a region together, so that each region keeps its other reflectors; routers without a region go alone, because
 * any region's ways may lead through them. More is not promised: with `atOnce` above 1 two regions may be without a reflector each.
 * The order depends on the fabric and on which routers are asked for, not on how. Planned routers and unknown names are left out.
 */
export function rollout(fabric: Fabric, asked: Iterable<string>, atOnce: number): Wave[] {
  const names = new Set(asked);
  const routers = fabric.routers.filter(({ name, planned }) => names.has(name) && !planned);
  const served = servedBy(fabric);
  const canary = [...routers].sort(byRisk(fabric, served))[0];
  if (canary === undefined) return [];
  const others = routers.filter((router) => router !== canary);
  const regions = fabric.regions
    .map(({ name }) => ({ name, routers: others.filter((router) => homeOf(served, router) === name) }))
    .filter((region) => region.routers.length > 0);
  const alone = others.filter((router) => homeOf(served, router) === undefined);
  return [
    { routers: [canary.name], says: canaryText(fabric, served, canary) },
    ...inBatches(regions, atOnce).flatMap((batch) => wavesOf(batch, served, atOnce)),
    ...alone.map(
      ({ name }): Wave => ({ routers: [name], says: 'serves no region, and may be on the way of any' }),
    ),
  ];
}

/** The regions that each router reflects for, in the order of their names. */
function servedBy({ regions }: Fabric): ReadonlyMap<string, readonly string[]> {
  const served = new Map<string, string[]>();
  for (const region of regions) {
    for (const { name } of region.routers) served.set(name, [...(served.get(name) ?? []), region.name]);
  }
  return served;
}

type Served = ReturnType<typeof servedBy>;

const regionsOf = (served: Served, { name }: RouterSpeaker): readonly string[] => served.get(name) ?? [];
const homeOf = (served: Served, router: RouterSpeaker): string | undefined => regionsOf(served, router)[0];

/**
 * Whose loss is felt least comes first: another reflector in each of its regions, then few nodes, then few sessions. Routers without a
 * region come last: nothing tells whose ways lead through them.
 */
function byRisk(fabric: Fabric, served: Served): (a: RouterSpeaker, b: RouterSpeaker) => number {
  const sessions = new Map<string, number>();
  for (const { ends } of fabric.sessions) {
    for (const { speaker } of ends) sessions.set(speaker, (sessions.get(speaker) ?? 0) + 1);
  }
  const risk = (router: RouterSpeaker): readonly number[] => [
    isReplaceable(fabric, served, router) ? 0 : regionsOf(served, router).length > 0 ? 1 : 2,
    nodesOf(fabric, served, router),
    sessions.get(router.name) ?? 0,
  ];
  return (a, b) => {
    const [one, other] = [risk(a), risk(b)];
    const differs = one.findIndex((value, index) => value !== other[index]);
    if (differs < 0) return a.name < b.name ? -1 : 1;
    return (one[differs] ?? 0) - (other[differs] ?? 0);
  };
}

/** All of its nodes have a session with another router as well. */
function isReplaceable({ regions }: Fabric, served: Served, router: RouterSpeaker): boolean {
  const own = regionsOf(served, router);
  return (
    own.length > 0 &&
    own.every((name) =>
      regions
        .find((region) => region.name === name)
        ?.routers.some((other) => other.name !== router.name && !other.planned),
    )
  );
}

const nodesOf = ({ regions }: Fabric, served: Served, router: RouterSpeaker): number =>
  regions
    .filter(({ name }) => regionsOf(served, router).includes(name))
    .reduce((sum, { nodes }) => sum + nodes.length, 0);

function canaryText(fabric: Fabric, served: Served, router: RouterSpeaker): string {
  const nodes = nodesOf(fabric, served, router);
  const felt =
    nodes === 0 ? 'no node peers with it' : `${nodes} ${nodes === 1 ? 'node peers' : 'nodes peer'} with it`;
  return `canary: ${felt}${isReplaceable(fabric, served, router) ? ', and with another reflector as well' : ''}`;
}

interface Due {
  readonly name: string;
  readonly routers: readonly RouterSpeaker[];
}

/** So many regions are under way at a time: each of them has one router in a wave. */
const inBatches = (regions: readonly Due[], atOnce: number): Due[][] =>
  Array.from({ length: Math.ceil(regions.length / atOnce) }, (_, index) =>
    regions.slice(index * atOnce, (index + 1) * atOnce),
  );

function wavesOf(batch: readonly Due[], served: Served, atOnce: number): Wave[] {
  const waves: RouterSpeaker[][] = [];
  const share = (a: RouterSpeaker, b: RouterSpeaker) =>
    regionsOf(served, a).some((region) => regionsOf(served, b).includes(region));
  for (const router of batch.flatMap(({ routers }) => routers)) {
    const free = waves.find((wave) => wave.length < atOnce && !wave.some((other) => share(other, router)));
    if (free === undefined) waves.push([router]);
    else free.push(router);
  }
  return waves.map((wave) => ({
    routers: wave.map(({ name }) => name).sort(),
    says: `of ${[...new Set(wave.flatMap((router) => regionsOf(served, router)))].sort().join(', ')}`,
  }));
}
