import fc from 'fast-check';
import { parseTopologyValue, type TopologyInput } from '../../topology/index.ts';

/** An edit that somebody may make to any network: `name` says which, `at` to which part. */
type Edit = (base: TopologyInput, at: number) => TopologyInput | undefined;

export type EditName = keyof typeof EDITS;

/** One edit, and the part of the network that it applies to. */
export interface Edited {
  readonly does: EditName;
  readonly at: number;
}

/** The network after all edits; undefined if one has nothing to apply to, or if the result is refused. */
export function edited(base: TopologyInput, edits: readonly Edited[]): TopologyInput | undefined {
  let now: TopologyInput | undefined = base;
  for (const { does, at } of edits) now = now && (EDITS[does] as Edit)(now, at);
  return now !== undefined && parseTopologyValue(now).ok ? now : undefined;
}

/** A network and a change of it that is not empty. Most changes are one edit, some are two at once. */
export const arbitraryChange = (
  network: fc.Arbitrary<TopologyInput>,
  names: readonly EditName[] = EDIT_NAMES,
): fc.Arbitrary<{ base: TopologyInput; edits: Edited[]; head: TopologyInput }> => {
  const one = fc.record({ does: fc.constantFrom(...names), at: fc.nat(1000) });
  const edits = fc.oneof(
    { weight: 4, arbitrary: fc.tuple(one) },
    { weight: 1, arbitrary: fc.tuple(one, one) },
  );
  return fc
    .record({ base: network, edits })
    .map(({ base, edits }) => ({ base, edits, head: edited(base, edits) }))
    .filter((made): made is typeof made & { head: TopologyInput } => made.head !== undefined);
};

type Bgp = NonNullable<TopologyInput['bgp']>;
type Router = TopologyInput['routers'][string];
type Node = NonNullable<TopologyInput['nodes']>[string];
type Segment = NonNullable<TopologyInput['underlay']>['segments'][string];

const bgp =
  (change: (now: Bgp, at: number) => Bgp): Edit =>
  (base, at) => ({ ...base, bgp: { ...base.bgp, ...change(base.bgp ?? {}, at) } });

const pods =
  (change: (now: TopologyInput['pods'], at: number) => Partial<TopologyInput['pods']>): Edit =>
  (base, at) => ({ ...base, pods: { ...base.pods, ...change(base.pods, at) } });

const calico =
  (change: Partial<TopologyInput['calico']> | ((now: TopologyInput['calico']) => object)): Edit =>
  (base) => ({
    ...base,
    calico: { ...base.calico, ...(typeof change === 'function' ? change(base.calico) : change) },
  });

const pick = <T>(all: readonly T[], at: number): T | undefined => all[at % Math.max(1, all.length)];

const router =
  (change: (now: Router, name: string, base: TopologyInput) => Partial<Router> | undefined): Edit =>
  (base, at) => {
    const [name, now] = pick(Object.entries(base.routers), at) ?? [];
    const other = name === undefined || now === undefined ? undefined : change(now, name, base);
    if (name === undefined || other === undefined) return undefined;
    return { ...base, routers: { ...base.routers, [name]: { ...now, ...other } as Router } };
  };

const reflector =
  (change: (now: Router, name: string) => Partial<Router>): Edit =>
  (base, at) => {
    const name = pick(Object.values(base.regions).flatMap(reflectorsOf), at);
    if (name === undefined) return undefined;
    const now = base.routers[name] as Router;
    return { ...base, routers: { ...base.routers, [name]: { ...now, ...change(now, name) } as Router } };
  };

const node =
  (change: (now: Node, name: string, base: TopologyInput) => Partial<Node> | undefined): Edit =>
  (base, at) => {
    const [name, now] = pick(Object.entries(base.nodes ?? {}), at) ?? [];
    const other = name === undefined || now === undefined ? undefined : change(now, name, base);
    if (name === undefined || other === undefined) return undefined;
    return { ...base, nodes: { ...base.nodes, [name]: { ...now, ...other } as Node } };
  };

const withSegments = (
  base: TopologyInput,
  segments: NonNullable<TopologyInput['underlay']>['segments'],
): TopologyInput => ({ ...base, underlay: { ...base.underlay, segments } });

const segmentsOf = (base: TopologyInput) => base.underlay?.segments ?? {};

/** Links between routers only. */
const linksOf = (base: TopologyInput): [string, Segment][] =>
  Object.entries(segmentsOf(base)).filter(([, { members }]) =>
    Object.keys(members).every((name) => base.routers[name] !== undefined),
  );

const segment =
  (change: (now: Segment) => Partial<Segment>, isLink = false): Edit =>
  (base, at) => {
    const [name, now] = pick(isLink ? linksOf(base) : Object.entries(segmentsOf(base)), at) ?? [];
    if (name === undefined || now === undefined) return undefined;
    return withSegments(base, { ...segmentsOf(base), [name]: { ...now, ...change(now) } as Segment });
  };

const reflectorsOf = (region: TopologyInput['regions'][string]): readonly string[] =>
  region.routers ?? (region.router === undefined ? [] : [region.router]);

/** The network with one of its parts renamed everywhere. */
const renamed = (base: TopologyInput, old: string | undefined): TopologyInput | undefined =>
  old === undefined
    ? undefined
    : JSON.parse(
        JSON.stringify(base).replaceAll(JSON.stringify(old), JSON.stringify(`b-${old}`.toLowerCase())),
      );

/** The network without these machines, and without any reference to them. */
function without(base: TopologyInput, gone: ReadonlySet<string>): TopologyInput {
  const stay = <T>(all: Record<string, T>): Record<string, T> =>
    Object.fromEntries(Object.entries(all).filter(([name]) => !gone.has(name)));
  const segments = Object.entries(segmentsOf(base)).map(([name, one]): [string, Segment] => [
    name,
    { ...one, members: stay(one.members), ...(one.memberMtu ? { memberMtu: stay(one.memberMtu) } : {}) },
  ]);
  const regions = Object.entries(base.regions).map(([name, one]) => {
    const left = reflectorsOf(one).filter((router) => !gone.has(router));
    const { router: _, routers: __, ...rest } = one;
    return [name, { ...rest, routers: left }] as const;
  });
  return {
    ...base,
    regions: Object.fromEntries(regions.filter(([, { routers }]) => routers.length > 0)),
    routers: stay(base.routers),
    nodes: Object.fromEntries(
      Object.entries(stay(base.nodes ?? {})).map(([name, { defaultRouter, ...one }]) => [
        name,
        defaultRouter === undefined || gone.has(defaultRouter) ? one : { ...one, defaultRouter },
      ]),
    ),
    underlay: {
      segments: Object.fromEntries(segments.filter(([, { members }]) => Object.keys(members).length > 1)),
    },
  };
}

/** A free address on a segment. */
function freeOn({ cidr, members }: Segment, host: number): string | undefined {
  if (typeof cidr !== 'string') return undefined;
  const [start = '', length = '0'] = cidr.split('/');
  if (!start.includes(':') && Number(length) > 24) return undefined;
  const taken = new Set(Object.values(members).map(String));
  const base = start.includes(':') ? start.replace(/::$/, '::') : start.replace(/\.0$/, '.');
  for (let at = host; at < host + 20; at++) {
    if (!taken.has(`${base}${at}`)) return `${base}${at}`;
  }
  return undefined;
}

/** Adds a machine to another segment. */
function joined(
  base: TopologyInput,
  name: string,
  machine: string,
  host: number,
): [TopologyInput, string] | undefined {
  const one = segmentsOf(base)[name];
  const address = one && freeOn(one, host);
  if (one === undefined || address === undefined || one.members[machine] !== undefined) return undefined;
  const members = { ...one.members, [machine]: address };
  return [withSegments(base, { ...segmentsOf(base), [name]: { ...one, members } }), address];
}

/** The segment where a node has its address. */
const lanOf = (base: TopologyInput, nodeName: string): string | undefined => {
  const address = base.nodes?.[nodeName]?.address;
  return Object.entries(segmentsOf(base)).find(
    ([, { members }]) => String(members[nodeName]) === String(address),
  )?.[0];
};

const isV6 = (base: TopologyInput): boolean => (base.pods.cidrs[0] ?? '').includes(':');

function withRouter(base: TopologyInput, at: number, planned: boolean): TopologyInput | undefined {
  const region = pick(Object.entries(base.regions), at);
  const node = Object.entries(base.nodes ?? {}).find(([, one]) => one.region === region?.[0])?.[0];
  const lan = node === undefined ? undefined : lanOf(base, node);
  const link = pick(
    linksOf(base).filter(([, one]) => freeOn(one, 77) !== undefined),
    at,
  )?.[0];
  if (region === undefined || lan === undefined) return undefined;
  const made = joined(base, lan, 'fresh', 77);
  if (made === undefined) return undefined;
  const [own, address] = made;
  const neighbour = pick(Object.keys(base.routers), at) ?? '';
  const segments =
    link === undefined ? { ...segmentsOf(own), fresh: freshLink(base, 'fresh', neighbour) } : segmentsOf(own);
  const wired = withSegments(own, segments);
  const linked = link === undefined ? wired : (joined(wired, link, 'fresh', 77)?.[0] ?? wired);
  const loopback = isV6(base) ? 'fd00:ff::77' : '10.255.0.77';
  return {
    ...linked,
    routers: {
      ...linked.routers,
      fresh: { routerId: '10.254.0.77', nodeAddress: address, backboneAddress: loopback, planned } as Router,
    },
    regions: {
      ...linked.regions,
      [region[0]]: { routers: [...reflectorsOf(region[1]), 'fresh'] },
    },
  };
}

const freshLink = (base: TopologyInput, one: string, other: string): Segment => ({
  cidr: isV6(base) ? 'fd00:bb::/64' : '10.201.0.0/30',
  mtu: 1420,
  cost: 10,
  members: isV6(base)
    ? { [one]: 'fd00:bb::1', [other]: 'fd00:bb::2' }
    : { [one]: '10.201.0.1', [other]: '10.201.0.2' },
});

const secret = (name: string): Router['password'] => ({
  file: `/etc/bird/${name}.conf`,
  secret: { name: `bgp-${name}` },
});

const reject = { action: 'Reject' as const };
const accept = { action: 'Accept' as const };

const filtered =
  (rules: (base: TopologyInput) => object): Edit =>
  (base, at) => {
    const name = pick(Object.values(base.regions).flatMap(reflectorsOf), at);
    if (name === undefined) return undefined;
    const filters = { ...base.calico.filters, odd: { routers: [name], ...rules(base) } };
    return { ...base, calico: { ...base.calico, filters } };
  };

const EDITS = {
  'node added': (base, at) => {
    const like = pick(Object.entries(base.nodes ?? {}), at);
    const lan = like && lanOf(base, like[0]);
    const made = lan === undefined ? undefined : joined(base, lan, 'fresh-node', 88);
    if (like === undefined || made === undefined) return undefined;
    const [own, address] = made;
    return { ...own, nodes: { ...own.nodes, 'fresh-node': { ...like[1], role: 'agent', address } } };
  },
  'node removed': (base, at) => {
    const agents = Object.entries(base.nodes ?? {}).filter(([, { role }]) => role === 'agent');
    const name = pick(agents, at)?.[0];
    return name === undefined ? undefined : without(base, new Set([name]));
  },
  'node renamed': (base, at) => renamed(base, pick(Object.keys(base.nodes ?? {}), at)),
  'node at another address': (base, at) => {
    const name = pick(Object.keys(base.nodes ?? {}), at) ?? '';
    const lan = lanOf(base, name) ?? '';
    const one = segmentsOf(base)[lan];
    const address = one && freeOn(one, 89);
    if (one === undefined || address === undefined) return undefined;
    const segments = { ...segmentsOf(base), [lan]: { ...one, members: { ...one.members, [name]: address } } };
    const now = withSegments(base, segments);
    return { ...now, nodes: { ...now.nodes, [name]: { ...(now.nodes?.[name] as Node), address } } };
  },
  'node with the IGP or without': node(({ igp }) => ({ igp: igp !== true })),
  'node with another default router': node(({ region, defaultRouter }, _, base) => {
    const all = reflectorsOf(base.regions[region] ?? {});
    const other = all.find((name) => name !== (defaultRouter ?? all[0]));
    return other === undefined ? undefined : { defaultRouter: other };
  }),
  'node in another region of the same reflectors': (base, at) => {
    const [name, now] = pick(Object.entries(base.nodes ?? {}), at) ?? [];
    if (name === undefined || now === undefined) return undefined;
    const region = base.regions[now.region];
    return {
      ...base,
      regions: { ...base.regions, Beside: { ...region } },
      nodes: { ...base.nodes, [name]: { ...now, region: 'Beside' } },
    };
  },
  'router added to a region': (base, at) => withRouter(base, at, false),
  'router planned for a region': (base, at) => withRouter(base, at, true),
  'router with a link, and no region': (base, at) => {
    const neighbour = pick(Object.keys(base.routers), at);
    if (neighbour === undefined) return undefined;
    const now = withSegments(base, { ...segmentsOf(base), fresh: freshLink(base, 'fresh', neighbour) });
    const backboneAddress = isV6(base) ? 'fd00:ff::77' : '10.255.0.77';
    return { ...now, routers: { ...now.routers, fresh: { routerId: '10.254.0.77', backboneAddress } } };
  },
  'router removed': (base, at) => {
    const name = pick(Object.keys(base.routers), at);
    return name === undefined ? undefined : without(base, new Set([name]));
  },
  'router renamed': (base, at) => renamed(base, pick(Object.keys(base.routers), at)),
  'router no longer there yet': router(({ planned }) => ({ planned: planned !== true })),
  'router at another address for nodes': (base, at) => {
    const name = pick(Object.values(base.regions).flatMap(reflectorsOf), at) ?? '';
    const old = String(base.routers[name]?.nodeAddress);
    const lan = Object.entries(segmentsOf(base)).find(([, { members }]) => String(members[name]) === old);
    const address = lan && freeOn(lan[1], 66);
    if (lan === undefined || address === undefined) return undefined;
    const members = { ...lan[1].members, [name]: address };
    const now = withSegments(base, { ...segmentsOf(base), [lan[0]]: { ...lan[1], members } });
    const routers = { ...now.routers, [name]: { ...now.routers[name], nodeAddress: address } as Router };
    return { ...now, routers };
  },
  'router with another backbone address': router((_, __, base) => ({
    backboneAddress: isV6(base) ? 'fd00:ff::66' : '10.255.0.66',
  })),
  'router on another segment': (base, at) => {
    const links = linksOf(base);
    const from = pick(links, at);
    const [name] = pick(Object.entries(from?.[1].members ?? {}), at) ?? [];
    const other = pick(
      Object.keys(base.routers).filter((one) => from?.[1].members[one] === undefined),
      at,
    );
    if (from === undefined || name === undefined || other === undefined) return undefined;
    const segments = Object.fromEntries(Object.entries(segmentsOf(base)).filter(([one]) => one !== from[0]));
    return withSegments(base, { ...segments, fresh: freshLink(base, name, other) });
  },
  'another cluster ID': router(() => ({ clusterId: '10.7.7.7' })),
  'another router ID': router(() => ({ routerId: '10.254.0.99' })),
  'one cluster ID for all': (base) => ({
    ...base,
    routers: Object.fromEntries(
      Object.entries(base.routers).map(([name, one]) => [name, { ...one, clusterId: '10.7.7.7' }]),
    ),
  }),
  'BFD of a router': router(({ bfd }) => ({ bfd: bfd !== true })),
  'BFD of all routers': (base) => ({
    ...base,
    routers: Object.fromEntries(
      Object.entries(base.routers).map(([name, one]) => [name, { ...one, bfd: true }]),
    ),
  }),
  'next hops of one reflector': reflector((now) => ({
    reflectorNextHop: now.reflectorNextHop === 'self' ? 'keep' : 'self',
  })),
  'loopback as an external route': router(() => ({ loopback: 'e1' })),
  'a password or none': reflector((now, name) => ({
    password: now.password === undefined ? secret(name) : undefined,
  })),
  'passwords of all reflectors': (base) => {
    const all = new Set(Object.values(base.regions).flatMap(reflectorsOf));
    const routers = Object.entries(base.routers).map(([name, one]) => [
      name,
      all.has(name) ? { ...one, password: secret(name) } : one,
    ]);
    return { ...base, routers: Object.fromEntries(routers) };
  },
  'tables of another name': router(() => ({
    bird: { tables: { ipv4: 'other_v4', ipv6: 'other_v6' } },
  })),
  'constants of another name': router(() => ({ bird: { constants: { as: 'OWN_AS', routerId: 'OWN_ID' } } })),
  'another folder': router(() => ({ bird: { configDir: '/etc/bird/noencap' } })),
  'another way in for ship': router(() => ({ ssh: { host: 'other.example', user: 'ops' } })),
  'region added': (base, at) => {
    const one = pick(Object.keys(base.routers), at);
    const used = new Set(Object.values(base.regions).flatMap(reflectorsOf));
    const free =
      one !== undefined && used.has(one) ? Object.keys(base.routers).find((name) => !used.has(name)) : one;
    const now = free === undefined ? undefined : base.routers[free];
    if (free === undefined || now === undefined) return undefined;
    const [cidr, ours, theirs] = isV6(base)
      ? ['fd00:cc::/64', 'fd00:cc::1', 'fd00:cc::11']
      : ['10.202.0.0/24', '10.202.0.1', '10.202.0.11'];
    return {
      ...withSegments(base, {
        ...segmentsOf(base),
        'fresh-lan': { cidr, mtu: 1500, members: { [free]: ours, 'fresh-node': theirs } },
      }),
      routers: { ...base.routers, [free]: { ...now, nodeAddress: ours } },
      regions: { ...base.regions, Fresh: { routers: [free] } },
      nodes: { ...base.nodes, 'fresh-node': { region: 'Fresh', role: 'agent', address: theirs } },
    };
  },
  'region removed': (base, at) => {
    const first = Object.values(base.nodes ?? {}).find(({ role }) => role === 'server')?.region;
    const name = pick(
      Object.keys(base.regions).filter((one) => one !== first),
      at,
    );
    if (name === undefined) return undefined;
    const nodes = Object.entries(base.nodes ?? {}).flatMap(([one, { region }]) =>
      region === name ? [one] : [],
    );
    const now = without(base, new Set(nodes));
    const regions = Object.fromEntries(Object.entries(now.regions).filter(([one]) => one !== name));
    return { ...now, regions };
  },
  'region renamed': (base, at) => {
    const old = pick(Object.keys(base.regions), at);
    return old === undefined
      ? undefined
      : JSON.parse(JSON.stringify(base).replaceAll(JSON.stringify(old), JSON.stringify(`${old}b`)));
  },
  'reflectors in another order': (base, at) => {
    const [name, one] = pick(Object.entries(base.regions), at) ?? [];
    if (name === undefined || one === undefined || reflectorsOf(one).length < 2) return undefined;
    return { ...base, regions: { ...base.regions, [name]: { routers: [...reflectorsOf(one)].reverse() } } };
  },
  'a reflector less': (base, at) => {
    const all = Object.entries(base.regions).filter(([, one]) => reflectorsOf(one).length > 1);
    const [name, one] = pick(all, at) ?? [];
    if (name === undefined || one === undefined) return undefined;
    return { ...base, regions: { ...base.regions, [name]: { routers: reflectorsOf(one).slice(0, 1) } } };
  },
  'link added': (base, at) => {
    const one = pick(Object.keys(base.routers), at);
    const other = pick(
      Object.keys(base.routers).filter((name) => name !== one),
      Math.floor(at / 7),
    );
    if (one === undefined || other === undefined) return undefined;
    return withSegments(base, { ...segmentsOf(base), fresh: freshLink(base, one, other) });
  },
  'link removed': (base, at) => {
    const name = pick(linksOf(base), at)?.[0];
    return withSegments(
      base,
      Object.fromEntries(Object.entries(segmentsOf(base)).filter(([one]) => one !== name)),
    );
  },
  'segment renamed': (base, at) => renamed(base, pick(Object.keys(segmentsOf(base)), at)),
  'another cost': segment(({ cost }) => ({ cost: cost === 15 ? 25 : 15 }), true),
  'a cost that nobody takes': segment(() => ({ cost: 1000 }), true),
  'a narrower link': segment(() => ({ mtu: 1300 }), true),
  'a wider link': segment(() => ({ mtu: 1500 }), true),
  'another hold time': bgp(({ holdTime }) => ({ holdTime: holdTime === 9 ? 6 : 9 })),
  'the mesh on or off': bgp(({ nodeToNodeMesh }) => ({ nodeToNodeMesh: nodeToNodeMesh === false })),
  'the other rule for next hops': bgp(({ reflectorNextHop }) => ({
    reflectorNextHop: reflectorNextHop === 'self' ? 'keep' : 'self',
  })),
  'another graceful restart': bgp(({ gracefulRestart }, at) => ({
    gracefulRestart:
      pick(
        [true, false, 'aware' as const].filter((one) => one !== (gracefulRestart ?? true)),
        at,
      ) ?? true,
  })),
  'another AS number': bgp(() => ({ asNumber: 64999 })),
  'borrowed addresses or none': bgp(({ exportBorrowed }) => ({ exportBorrowed: exportBorrowed === false })),
  'no backbone mesh': bgp(({ backboneMesh }) => ({ backboneMesh: backboneMesh === false })),
  'another MTU of pods': pods(({ mtu }) => ({ mtu: mtu === 1300 ? 1350 : 1300 })),
  'a larger MTU of pods': pods(() => ({ mtu: 1500 })),
  'NAT or none': pods(({ natOutgoing }) => ({ natOutgoing: natOutgoing === false })),
  'another block size': pods((now) => ({
    blockSize: (now.cidrs[0] ?? '').includes(':') ? 124 : 28,
  })),
  'another pool, the old one retiring': (base) => {
    if (isV6(base)) return undefined;
    return {
      ...base,
      pods: { ...base.pods, cidrs: ['10.44.0.0/16'], retiring: [...base.pods.cidrs] },
      k3s: { ...base.k3s, clusterCidrs: [...base.pods.cidrs] },
    };
  },
  'another pool at once': (base) =>
    isV6(base) ? undefined : { ...base, pods: { ...base.pods, cidrs: ['10.44.0.0/16'] } },
  'another Calico': calico(({ version }) => ({ version: version === 'v3.31.7' ? 'v3.32.1' : 'v3.31.7' })),
  'another registry': calico({ registry: 'registry.example/calico' }),
  'another detection of addresses': calico({ nodeAddress: 'firstFound' }),
  'no forwarding in pods': calico({ containerIPForwarding: false }),
  'a filter that rejects what nodes get': filtered(() => ({ import: [reject] })),
  'a filter that rejects what nodes send': filtered(() => ({ export: [reject] })),
  'a filter that lets the pool through': filtered((base) => ({
    import: [{ ...accept, match: { cidr: base.pods.cidrs[0] ?? '', operator: 'In' } }],
    export: [{ ...accept, match: { cidr: base.pods.cidrs[0] ?? '', operator: 'In' } }],
  })),
  'another key of the label': (base) => ({ ...base, regionLabel: 'zone' }),
  'another key of the label, the old one retired': (base) => ({
    ...base,
    regionLabel: 'zone',
    labels: { retired: [base.regionLabel ?? 'region'] },
  }),
  'another K3s': (base) => ({ ...base, k3s: { ...base.k3s, version: 'v1.34.6+k3s1' } }),
  'a registry mirror': (base, at) => {
    const [name, one] = pick(Object.entries(base.regions), at) ?? [];
    if (name === undefined || one === undefined) return undefined;
    const registryMirrors = { 'docker.io': ['https://mirror.example'] };
    return { ...base, regions: { ...base.regions, [name]: { ...one, registryMirrors } } };
  },
} as const satisfies Readonly<Record<string, Edit>>;

export const EDIT_NAMES = Object.keys(EDITS) as EditName[];
