import fc from 'fast-check';
import type { TopologyInput } from '../../topology/index.ts';

/**
 * Random networks in which much is shared: LANs with several routers, regions of up to three reflectors on one or two LANs, nodes on both,
 * addresses on no segment, another region's router as a guest, a host as gateway, planned reflectors, two regions of the same
 * reflectors; as rings, grids, trees, stars, chains and chains of LANs, in one family or both.
 */
export const sharedNetwork = (): fc.Arbitrary<TopologyInput> => choice().map(networkOfChoice);

/** The same with noencap's default next hops and loopbacks: no packet may be lost. */
export const healthySharedNetwork = (mesh: boolean): fc.Arbitrary<TopologyInput> =>
  choice()
    .map(
      (one): Choice => ({
        ...one,
        mesh,
        nextHop: 'keep',
        loopback: one.loopback === 'e2' ? 'stub' : one.loopback,
      }),
    )
    .map(networkOfChoice);

type Choice = ReturnType<typeof choice> extends fc.Arbitrary<infer T> ? T : never;
type RegionChoice = Choice['regions'][number];
type Routers = TopologyInput['routers'];
type Nodes = NonNullable<TopologyInput['nodes']>;
type Segments = NonNullable<TopologyInput['underlay']>['segments'];
type Members = Segments[string]['members'];

const cost = fc.constantFrom(10, 10, 10, 20, 5, 100, 1, 7);

/** How many LANs a region has, which machines are on which, and where each node peers. */
const region = () =>
  fc.record({
    /** Indices of its reflectors among the remaining routers. */
    at: fc.array(fc.nat(100), { minLength: 1, maxLength: 3 }),
    /**
     * One LAN; two LANs with all its routers; two LANs over which its routers alternate, with every node on both (`split`) or only
     * some of them (`halves`).
     */
    form: fc.constantFrom('one', 'one', 'split', 'both', 'halves'),
    cost,
    secondCost: cost,
    nodes: fc.array(
      fc.record({
        igp: fc.constantFrom(false, false, true),
        /** Whether its address is on no segment. */
        isElsewhere: fc.constantFrom(false, false, false, true),
        lastRouter: fc.boolean(),
        second: fc.boolean(),
      }),
      { minLength: 1, maxLength: 3 },
    ),
    /** Whether another region has the same reflectors, in reverse order, and a LAN of its own. */
    isShared: fc.constantFrom(false, false, false, true),
    planned: fc.constantFrom(false, false, false, false, true),
    /** The index of an unrelated router on the region's first LAN. */
    guest: fc.option(fc.nat(100), { nil: undefined, freq: 1 }),
  });

const choice = () =>
  fc.record({
    shape: fc.constantFrom('ring', 'grid', 'tree', 'star', 'lans', 'chain'),
    size: fc.integer({ min: 3, max: 8 }),
    /** Links in addition to the shape's own. */
    extra: fc.array(fc.tuple(fc.nat(100), fc.nat(100)), { maxLength: 3 }),
    costs: fc.array(cost, { minLength: 16, maxLength: 16 }),
    families: fc.constantFrom('ipv4', 'ipv4', 'ipv4', 'ipv6', 'dual'),
    mesh: fc.boolean(),
    calico: fc.constantFrom('v3.31.7', 'v3.32.1'),
    nextHop: fc.constantFrom('keep', 'keep', 'keep', 'keep', 'self', 'unchanged'),
    backbone: fc.constantFrom('loopback', 'loopback', 'loopback', 'interface'),
    loopback: fc.constantFrom('stub', 'stub', 'stub', 'e1', 'e2'),
    /** Where nodes peer with their reflectors. */
    reflector: fc.constantFrom('lan', 'lan', 'loopback'),
    /** The gateway of the first region's nodes without IGP. */
    gateway: fc.constantFrom('router', 'router', 'router', 'igp', 'default'),
    regions: fc.array(region(), { minLength: 1, maxLength: 4 }),
  });

/** The addresses of a network's machines, in the network's families. */
function addressing(families: Choice['families']) {
  const of = (ipv4: string, ipv6: string) =>
    families === 'dual' ? { ipv4, ipv6 } : families === 'ipv4' ? ipv4 : ipv6;
  return {
    loopback: (id: number) => of(`10.255.0.${id}`, `fd00:ff::${id}`),
    onLan: (lan: number, host: number) => of(`10.${lan}.0.${host}`, `fd00:${lan}::${host}`),
    lan: (lan: number) => of(`10.${lan}.0.0/24`, `fd00:${lan}::/64`),
    onLink: (link: number, host: number) => of(`10.200.${link}.${host}`, `fd00:a${link}::${host}`),
    link: (link: number, length: number) => of(`10.200.${link}.0/${length}`, `fd00:a${link}::/64`),
    ranges: (ipv4: string, ipv6: string) =>
      families === 'dual' ? [ipv4, ipv6] : [families === 'ipv4' ? ipv4 : ipv6],
  };
}

const router = (at: number) => `r${at}`;

function networkOfChoice(choice: Choice): TopologyInput {
  const { loopback, onLan, lan, onLink, link, ranges } = addressing(choice.families);
  const { count, links } = transitOf(choice);
  const segments: Segments = Object.fromEntries(
    links.map((members, at) => [
      `w${at}`,
      {
        cidr: link(at, members.length === 2 ? 30 : 24),
        cost: choice.costs[at % choice.costs.length] ?? 10,
        mtu: 1420,
        members: Object.fromEntries(members.map((one, place) => [router(one), onLink(at, place + 1)])),
      },
    ]),
  );
  const backboneOf = (at: number) => {
    const first = links.findIndex((members) => members.includes(at));
    const isLoopback = choice.backbone === 'loopback' || first < 0;
    return isLoopback ? loopback(at + 1) : onLink(first, (links[first]?.indexOf(at) ?? 0) + 1);
  };
  const routers: Routers = Object.fromEntries(
    Array.from({ length: count }, (_, at) => [
      router(at),
      { routerId: `10.254.0.${at + 1}`, backboneAddress: backboneOf(at), loopback: choice.loopback },
    ]),
  );
  const regions: TopologyInput['regions'] = {};
  const nodes: Nodes = {};
  const hosts: NonNullable<TopologyInput['hosts']> = {};
  const taken = new Set<number>();
  const role = () => (Object.keys(nodes).length === 0 ? 'server' : 'agent');

  for (const [index, region] of choice.regions.entries()) {
    const own = reflectorsOf(region, count, taken);
    if (own.length === 0) continue;
    const form = own.length < 2 && region.form !== 'both' ? 'one' : region.form;
    const [first, second, third] = [1 + 3 * index, 2 + 3 * index, 3 + 3 * index];
    const lans = form === 'one' ? [first] : [first, second];
    const lansOf = (place: number) =>
      form === 'one' || form === 'both' ? lans : [place % 2 === 0 ? first : second];
    const members = new Map<number, Members>(lans.map((one) => [one, {}]));
    const join = (on: number, machine: string, host: number) => {
      members.set(on, { ...members.get(on), [machine]: onLan(on, host) });
    };

    for (const [place, at] of own.entries()) {
      for (const on of lansOf(place)) join(on, router(at), place + 1);
      const peering =
        choice.reflector === 'loopback' ? loopback(at + 1) : onLan(lansOf(place)[0] ?? first, place + 1);
      routers[router(at)] = { ...(routers[router(at)] as Routers[string]), nodeAddress: peering };
    }
    for (const [place, node] of region.nodes.entries()) {
      const name = `n${index}${'xyz'[place]}`;
      const on = form === 'halves' && !node.second ? [first] : lans;
      for (const one of on) join(one, name, 11 + place);
      const near = own.filter((_, at) => lansOf(at).some((one) => on.includes(one)));
      const peering = (node.second && form !== 'halves' ? on.at(-1) : on[0]) ?? first;
      const hasGateway = choice.gateway !== 'router' && index === 0 && !node.igp;
      const defaultRouter = hasGateway ? 'gw' : node.lastRouter ? router(near.at(-1) ?? 0) : undefined;
      nodes[name] = {
        region: `R${index}`,
        role: role(),
        address: node.isElsewhere ? loopback(100 + 10 * index + place) : onLan(peering, 11 + place),
        igp: node.igp,
        ...(defaultRouter === undefined ? {} : { defaultRouter }),
      };
    }
    const others = Array.from({ length: count }, (_, at) => at).filter((at) => !own.includes(at));
    const guest = region.guest === undefined ? undefined : others[region.guest % Math.max(1, others.length)];
    if (guest !== undefined) join(first, router(guest), 99);
    if (region.planned) {
      const nodeAddress = onLan(first, 50);
      const routerId = `10.253.0.${index + 1}`;
      routers[`p${index}`] = { routerId, planned: true, nodeAddress, backboneAddress: loopback(50 + index) };
      join(first, `p${index}`, 50);
    }
    if (choice.gateway !== 'router' && index === 0) {
      hosts.gw = {
        forwards: true,
        ...(choice.gateway === 'igp' ? { igp: true } : { default: onLan(first, 1) }),
      };
      join(first, 'gw', 200);
    }
    for (const [place, on] of lans.entries()) {
      segments[`${place === 0 ? 'lan' : 'also'}${index}`] = {
        cidr: lan(on),
        cost: place === 0 ? region.cost : region.secondCost,
        mtu: 1500,
        members: members.get(on) ?? {},
      };
    }
    regions[`R${index}`] = { routers: [...own.map(router), ...(region.planned ? [`p${index}`] : [])] };
    if (region.isShared && !region.planned) {
      const name = `s${index}`;
      const here = own.map((at, place): [string, Members[string]] => [router(at), onLan(third, place + 1)]);
      segments[`shared${index}`] = {
        cidr: lan(third),
        cost: region.secondCost,
        mtu: 1500,
        members: Object.fromEntries([...here, [name, onLan(third, 11)]]),
      };
      regions[`S${index}`] = { routers: own.map(router).reverse() };
      nodes[name] = { region: `S${index}`, role: role(), address: onLan(third, 11), igp: false };
    }
  }
  return {
    version: 1,
    name: 'shared',
    bgp: { nodeToNodeMesh: choice.mesh, holdTime: 6, reflectorNextHop: choice.nextHop },
    pods: { cidrs: ranges('10.42.0.0/16', 'fd42::/112') },
    services: { cidrs: ranges('10.43.0.0/16', 'fd43::/112') },
    calico: { version: choice.calico, nodeAddress: 'kubernetes' },
    k3s: { version: 'v1.34.5+k3s1' },
    gitops: { repoURL: 'https://git.example/net.git' },
    regions,
    routers,
    nodes,
    hosts,
    underlay: { segments },
  };
}

/** Takes routers that no region has yet. */
function reflectorsOf({ at }: RegionChoice, count: number, taken: Set<number>): number[] {
  return at.flatMap((place) => {
    const free = Array.from({ length: count }, (_, one) => one).filter((one) => !taken.has(one));
    const one = free[place % Math.max(1, free.length)];
    if (one === undefined) return [];
    taken.add(one);
    return [one];
  });
}

/** The number of routers, and the routers on each link or LAN between them, by index. */
function transitOf({ shape, size, extra }: Choice): { count: number; links: number[][] } {
  const { count, links } = shapeOf(shape, size);
  for (const [first, second] of extra) {
    const [a, b] = [first % count, second % count];
    const isNew = !links.some(
      (members) => members.length === 2 && members.includes(a) && members.includes(b),
    );
    // The hub of a star stays its only exit.
    if (a !== b && isNew && (shape !== 'star' || (a > 0 && b > 0))) links.push([a, b]);
  }
  return { count, links };
}

function shapeOf(shape: Choice['shape'], size: number): { count: number; links: number[][] } {
  const range = (length: number) => Array.from({ length }, (_, at) => at);
  switch (shape) {
    case 'ring':
      return { count: size, links: range(size).map((at) => [at, (at + 1) % size]) };
    case 'star':
      return { count: size, links: range(size - 1).map((at) => [0, at + 1]) };
    case 'tree':
      return { count: size, links: range(size - 1).map((at) => [at >> 1, at + 1]) };
    case 'chain':
      return { count: size, links: range(size - 1).map((at) => [at, at + 1]) };
    case 'grid': {
      const [width, height] = [size >= 6 ? 3 : 2, size >= 7 ? 3 : 2];
      const count = width * height;
      const links = range(count).flatMap((at) => [
        ...((at + 1) % width === 0 ? [] : [[at, at + 1]]),
        ...(at + width < count ? [[at, at + width]] : []),
      ]);
      return { count, links };
    }
    case 'lans': {
      // Three routers each, one of which is also on the next one.
      const starts = range(size - 1).filter((at) => at % 2 === 0);
      const lans = starts.map((at) => [...new Set([at, at + 1, (at + 2) % size])]);
      return { count: size, links: size % 2 === 1 ? [...lans, [0, size - 1]] : lans };
    }
  }
}
