import fc from 'fast-check';
import type { TopologyInput } from '../../topology/index.ts';

/**
 * Random redundant networks as people build them: rings, stars, chains, squares and Clos fabrics, one or two
 * reflectors per region, unusual costs, nodes on a second LAN. Nothing in them is broken: no packet may be lost.
 */
export const redundantNetwork = (): fc.Arbitrary<TopologyInput> => choice().map(networkOfChoice);

/** The same with misplaced machines: a router on a LAN that is not its own, nodes on another router's LAN. */
export const visitedNetwork = (): fc.Arbitrary<TopologyInput> =>
  fc
    .record({ choice: choice(), host: fc.nat(100), guest: fc.nat(100), isNode: fc.boolean() })
    .map(({ choice, host, guest, isNode }) => visited(networkOfChoice(choice), host, guest, isNode));

function visited(topology: TopologyInput, host: number, guest: number, isNode: boolean): TopologyInput {
  const segments = { ...topology.underlay?.segments };
  const v6 = topology.pods.cidrs[0]?.startsWith('fd') ?? false;
  const names = Object.keys(topology.routers);
  const router = names[guest % names.length] ?? '';
  if (isNode) {
    const own = Object.entries(topology.nodes ?? {}).filter(([, { region }]) => region === 'R0');
    const at = (id: number) => (v6 ? `fd00:99::${id}` : `10.99.0.${id}`);
    segments.away = {
      cidr: v6 ? 'fd00:99::/64' : '10.99.0.0/24',
      mtu: 1500,
      members: Object.fromEntries([
        [router, at(1)],
        ...own.map(([name], index): [string, string] => [name, at(index + 11)]),
      ]),
    };
  } else {
    const lans = Object.keys(segments).filter((name) => name.startsWith('lan'));
    const lan = lans[host % lans.length] ?? '';
    const { members, ...rest } = segments[lan] as NonNullable<(typeof segments)[string]>;
    const address = String(rest.cidr)
      .replace(/0\/24$/, '99')
      .replace(/\/64$/, '99');
    segments[lan] = { ...rest, members: { [router]: address, ...members } };
  }
  return { ...topology, underlay: { segments } };
}

type Choice = ReturnType<typeof choice> extends fc.Arbitrary<infer T> ? T : never;

const cost = fc.constantFrom(10, 10, 10, 20, 5, 100, 1);

const choice = () =>
  fc.record({
    shape: fc.constantFrom('ring', 'star', 'chain', 'square', 'clos'),
    /** How many routers a ring, a star or a chain has; columns of squares; leaves of a Clos fabric. */
    size: fc.integer({ min: 2, max: 5 }),
    costs: fc.array(cost, { minLength: 12, maxLength: 12 }),
    family: fc.constantFrom('ipv4', 'ipv4', 'ipv4', 'ipv6'),
    mesh: fc.constantFrom(false, false, false, true),
    calico: fc.constantFrom('v3.31.7', 'v3.32.1'),
    /** Where nodes peer with their reflectors. */
    reflector: fc.constantFrom('lan', 'lan', 'loopback'),
    regions: fc.array(
      fc.record({
        /** Indices of its reflectors among the routers; the second if it has two. */
        at: fc.tuple(fc.nat(100), fc.nat(100)),
        two: fc.boolean(),
        cost,
        /** Whether its reflectors and nodes share a second LAN, and whether nodes peer over that one. */
        second: fc.constantFrom('none', 'none', 'none', 'idle', 'used'),
        nodes: fc.integer({ min: 1, max: 2 }),
        lastRouter: fc.boolean(),
        igp: fc.constantFrom(false, false, false, true),
      }),
      { minLength: 2, maxLength: 4 },
    ),
  });

function networkOfChoice(choice: Choice): TopologyInput {
  const v6 = choice.family === 'ipv6';
  const links = linksOf(choice);
  const count = 1 + Math.max(...links.flat());
  const name = (router: number) => `r${router}`;
  const loopback = (id: number) => (v6 ? `fd00:ff::${id}` : `10.255.0.${id}`);
  const onLan = (lan: number, host: number) => (v6 ? `fd00:${lan}::${host}` : `10.${lan}.0.${host}`);
  const range = (lan: number) => (v6 ? `fd00:${lan}::/64` : `10.${lan}.0.0/24`);

  const routers: TopologyInput['routers'] = Object.fromEntries(
    Array.from({ length: count }, (_, at) => [
      name(at),
      { routerId: `10.254.0.${at + 1}`, backboneAddress: loopback(at + 1) },
    ]),
  );
  const segments: NonNullable<TopologyInput['underlay']>['segments'] = {};
  for (const [at, [a, b]] of links.entries()) {
    segments[`w${at}`] = {
      cidr: v6 ? `fd00:a${at}::/64` : `10.200.${at}.0/30`,
      cost: choice.costs[at % choice.costs.length] ?? 10,
      mtu: 1420,
      members: Object.fromEntries(
        [a, b].map((router, side) => [
          name(router),
          v6 ? `fd00:a${at}::${side + 1}` : `10.200.${at}.${side + 1}`,
        ]),
      ),
    };
  }
  const regions: TopologyInput['regions'] = {};
  const nodes: NonNullable<TopologyInput['nodes']> = {};
  const taken = new Set<number>();
  for (const [index, region] of choice.regions.entries()) {
    const free = Array.from({ length: count }, (_, at) => at).filter((at) => !taken.has(at));
    const [first, second] = region.at;
    const one = free[first % Math.max(1, free.length)];
    if (one === undefined) continue;
    const left = free.filter((at) => at !== one);
    const other = region.two ? left[second % Math.max(1, left.length)] : undefined;
    const own = [one, ...(other === undefined ? [] : [other])];
    for (const at of own) taken.add(at);
    const lan = 1 + 2 * index;
    const lans = region.second === 'none' ? [lan] : [lan, lan + 1];
    const used = region.second === 'used' ? lan + 1 : lan;
    for (const [place, at] of own.entries()) {
      const router = routers[name(at)];
      const peering = choice.reflector === 'loopback' ? loopback(at + 1) : onLan(used, place + 1);
      if (router !== undefined) routers[name(at)] = { ...router, nodeAddress: peering };
    }
    const names = Array.from({ length: region.nodes }, (_, at) => `n${index}${'xy'[at]}`);
    for (const one of lans) {
      segments[`${one === lan ? 'lan' : 'also'}${index}`] = {
        cidr: range(one),
        cost: one === lan ? region.cost : 10,
        mtu: 1500,
        members: Object.fromEntries([
          ...own.map((at, place) => [name(at), onLan(one, place + 1)]),
          ...names.map((node, place) => [node, onLan(one, place + 11)]),
        ]),
      };
    }
    regions[`R${index}`] = { routers: own.map(name) };
    for (const [place, node] of names.entries()) {
      nodes[node] = {
        region: `R${index}`,
        role: Object.keys(nodes).length === 0 ? 'server' : 'agent',
        address: onLan(used, place + 11),
        igp: region.igp,
        ...(region.lastRouter ? { defaultRouter: name(own.at(-1) ?? 0) } : {}),
      };
    }
  }
  return {
    version: 1,
    name: 'redundant',
    bgp: { nodeToNodeMesh: choice.mesh, holdTime: 6 },
    pods: { cidrs: [v6 ? 'fd42::/112' : '10.42.0.0/16'] },
    services: { cidrs: [v6 ? 'fd43::/112' : '10.43.0.0/16'] },
    calico: { version: choice.calico, nodeAddress: 'kubernetes' },
    k3s: { version: 'v1.34.5+k3s1' },
    gitops: { repoURL: 'https://git.example/net.git' },
    regions,
    routers,
    nodes,
    underlay: { segments },
  };
}

/** Pairs of routers, by index. */
function linksOf({ shape, size }: Choice): (readonly [number, number])[] {
  const chain = Array.from({ length: size }, (_, at) => [at, at + 1] as const);
  switch (shape) {
    case 'chain':
      return chain;
    case 'ring':
      return [...chain, [size, 0] as const];
    case 'star':
      return chain.map(([, leaf]) => [0, leaf] as const);
    case 'square':
      // Two rows of `size` routers.
      return Array.from({ length: size }, (_, at) => [
        [2 * at, 2 * at + 1] as const,
        ...(at + 1 < size ? [[2 * at, 2 * at + 2] as const, [2 * at + 1, 2 * at + 3] as const] : []),
      ]).flat();
    case 'clos':
      // Two spines.
      return Array.from({ length: size }, (_, at) => [[0, at + 2] as const, [1, at + 2] as const]).flat();
  }
}
