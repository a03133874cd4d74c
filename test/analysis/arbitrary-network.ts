import fc from 'fast-check';
import type { TopologyInput } from '../../topology/index.ts';
import { withGateway } from './arbitrary-gateway.ts';

/**
 * Random networks that a lab can boot: what somebody could plausibly build, and much that nobody should. They cover everything that
 * the simulator models: see the fields of `Choice`.
 */
export const arbitraryNetwork = (): fc.Arbitrary<TopologyInput> => withGateway(choice().map(networkOfChoice));

type Choice = ReturnType<typeof choice> extends fc.Arbitrary<infer T> ? T : never;

const mtu = fc.constantFrom(1500, 1500, 1420, 1400);
const cost = fc.constantFrom(10, 10, 10, 5, 20, 1);

const choice = () =>
  fc.record({
    families: fc.constantFrom('ipv4', 'ipv4', 'ipv6', 'dual'),
    mesh: fc.boolean(),
    nextHop: fc.constantFrom('keep', 'keep', 'self'),
    calico: fc.constantFrom('v3.31.7', 'v3.32.1'),
    sharedCluster: fc.boolean(),
    /** Where backbone sessions end: loopbacks, addresses of the core, or IPv6 loopbacks only. */
    backbone: fc.constantFrom('loopback', 'loopback', 'interface', 'ipv6-loopback'),
    /** Where nodes peer with their reflectors. */
    reflector: fc.constantFrom('lan', 'lan', 'loopback'),
    core: fc.record({
      shape: fc.constantFrom('segment', 'ring', 'star'),
      costs: fc.array(cost, { minLength: 7, maxLength: 7 }),
      mtus: fc.array(mtu, { minLength: 7, maxLength: 7 }),
    }),
    /** Missing sessions, by the index of their pair. */
    missing: fc.array(fc.nat(9), { maxLength: 3 }),
    backboneOnly: fc.boolean(),
    /** A machine on the first link of the core that forwards, with or without the IGP. */
    host: fc.constantFrom('none', 'none', 'igp', 'plain'),
    /** Both first regions on one LAN. */
    sharedLan: fc.constantFrom(false, false, false, true),
    filter: fc.constantFrom('none', 'none', 'none', 'none', ...FILTERS),
    holdsBack: fc.integer({ min: 0, max: 3 }).map((one) => one === 0),
    /** A machine whose interface on the first LAN or the core has a smaller MTU than the segment. */
    narrow: fc.constantFrom('none', 'none', 'none', 'router', 'node', 'core'),
    /** Blocks of one address, for which a node has no route until a pod has it. */
    tiny: fc.constantFrom(false, false, false, false, true),
    podMtu: fc.constantFrom('auto' as const, 'auto' as const, 1400, 1450),
    regions: fc.array(
      fc.record({
        reflectors: fc.integer({ min: 1, max: 2 }),
        cost,
        mtu,
        nodes: fc.array(
          fc.record({
            igp: fc.constantFrom(false, false, true),
            /** It peers from an address on no segment. */
            loopback: fc.constantFrom(false, false, false, true),
            lastRouter: fc.boolean(),
            /** It is also on the core's first segment. */
            twice: fc.constantFrom(false, false, false, false, true),
          }),
          { minLength: 0, maxLength: 2 },
        ),
      }),
      { minLength: 1, maxLength: 3 },
    ),
  });

interface Pair {
  readonly ipv4: string;
  readonly ipv6: string;
}

function networkOfChoice(choice: Choice): TopologyInput {
  const [v4, v6] = [choice.families !== 'ipv6', choice.families !== 'ipv4'];
  const of = ({ ipv4, ipv6 }: Pair) => (v4 && v6 ? { ipv4, ipv6 } : v4 ? ipv4 : ipv6);
  const regions: TopologyInput['regions'] = {};
  const routers: TopologyInput['routers'] = {};
  const nodes: NonNullable<TopologyInput['nodes']> = {};
  const segments: NonNullable<TopologyInput['underlay']>['segments'] = {};
  const onLan = (lan: number, host: number): Pair => ({
    ipv4: `192.168.${lan}.${host}`,
    ipv6: `fd00:${lan}::${host}`,
  });
  const loopback = (id: number): Pair => ({ ipv4: `10.0.0.${id}`, ipv6: `fd00:ff::${id}` });

  // The first region always has a node: a cluster needs a server.
  const wanted = choice.regions.map((region, index) =>
    index === 0 && region.nodes.length === 0
      ? { ...region, nodes: [{ igp: false, loopback: false, lastRouter: false, twice: false }] }
      : region,
  );
  const names: string[] = [];
  const coreMembers: { name: string; id: number }[] = [];
  for (const [index, region] of wanted.entries()) {
    const lan = choice.sharedLan && index === 1 ? 0 : index;
    const segment = `lan${lan}`;
    const members = (segments[segment]?.members ?? {}) as Record<string, string | Pair>;
    const own = Array.from({ length: region.reflectors }, (_, at) => `r${index}${'ab'[at]}`);
    for (const [at, name] of own.entries()) {
      const address = onLan(lan, 1 + 2 * index + at);
      members[name] = of(address);
      names.push(name);
      coreMembers.push({ name, id: names.length });
      routers[name] = {
        routerId: `10.9.0.${names.length}`,
        nodeAddress: of(choice.reflector === 'loopback' ? loopback(names.length) : address),
      };
    }
    regions[`R${index}`] = { routers: own };
    for (const [at, node] of region.nodes.entries()) {
      const name = `n${index}${'xy'[at]}`;
      const address = onLan(lan, 11 + 10 * index + at);
      members[name] = of(address);
      nodes[name] = {
        region: `R${index}`,
        role: Object.keys(nodes).length === 0 ? 'server' : 'agent',
        address: of(node.loopback ? loopback(100 + 10 * index + at) : address),
        igp: node.igp,
        ...(node.lastRouter ? { defaultRouter: own.at(-1) ?? '' } : {}),
      };
      if (node.twice) coreMembers.push({ name, id: 100 + 10 * index + at });
    }
    segments[segment] = {
      cidr: of({ ipv4: `192.168.${lan}.0/24`, ipv6: `fd00:${lan}::/64` }),
      cost: region.cost,
      mtu: region.mtu,
      members,
    };
  }
  if (choice.backboneOnly) {
    names.push('core');
    coreMembers.push({ name: 'core', id: names.length });
    routers.core = { routerId: `10.9.0.${names.length}` };
  }
  const hosts: TopologyInput['hosts'] = {};
  if (choice.host !== 'none') {
    hosts.h = { igp: choice.host === 'igp' };
    coreMembers.push({ name: 'h', id: 90 });
  }
  const links = coreLinks(choice.core.shape, coreMembers, names);
  for (const [index, members] of links.entries()) {
    segments[`core${index}`] = {
      cidr: of({ ipv4: `172.16.${index}.0/24`, ipv6: `fd00:fe${index}::/64` }),
      cost: choice.core.costs[index % choice.core.costs.length] ?? 10,
      mtu: choice.core.mtus[index % choice.core.mtus.length] ?? 1500,
      members: Object.fromEntries(
        members.map(({ name, id }) => [
          name,
          of({ ipv4: `172.16.${index}.${id}`, ipv6: `fd00:fe${index}::${id}` }),
        ]),
      ),
    };
  }
  const onCore = new Map(
    links
      .flatMap((members, index) => members.map(({ name, id }) => [name, { index, id }] as const))
      .reverse(),
  );
  for (const [at, name] of names.entries()) {
    const router = routers[name];
    const place = onCore.get(name);
    if (router === undefined) continue;
    const isInterface = choice.backbone === 'interface' && place !== undefined;
    const isIpv6 = choice.backbone === 'ipv6-loopback' && choice.families === 'ipv4';
    const address = isInterface
      ? of({ ipv4: `172.16.${place.index}.${place.id}`, ipv6: `fd00:fe${place.index}::${place.id}` })
      : isIpv6
        ? loopback(at + 1).ipv6
        : of(loopback(at + 1));
    routers[name] = {
      ...router,
      backboneAddress: address,
      ...(choice.sharedCluster ? { clusterId: `10.8.0.${Number(name[1]) || 9}` } : {}),
    };
  }
  const narrow = {
    none: undefined,
    router: ['lan0', 'r0a'],
    node: ['lan0', 'n0x'],
    core: ['core0', 'r0a'],
  } as const;
  const [segment, machine] = narrow[choice.narrow] ?? [];
  const chosen = segment === undefined ? undefined : segments[segment];
  if (segment !== undefined && machine !== undefined && chosen?.members[machine] !== undefined) {
    segments[segment] = { ...chosen, memberMtu: { [machine]: 1380 } };
  }
  const pairs = names.flatMap((a, index) => names.slice(index + 1).map((b): [string, string] => [a, b]));
  const isMissing = (index: number) => choice.missing.includes(index);
  const [first = ''] = names;
  const servers = Object.keys(nodes);
  return {
    version: 1,
    name: 'random',
    bgp: {
      nodeToNodeMesh: choice.mesh,
      reflectorNextHop: choice.nextHop,
      holdTime: 6,
      backboneMesh: pairs.filter((_, index) => !isMissing(index)),
      ...(choice.holdsBack && { exportBorrowed: false }),
    },
    pods: {
      cidrs: [...(v4 ? ['10.42.0.0/16'] : []), ...(v6 ? ['fd42::/112'] : [])],
      ...(choice.tiny ? { blockSize: v4 && v6 ? { ipv4: 32, ipv6: 128 } : v4 ? 32 : 128 } : {}),
      mtu: choice.podMtu,
    },
    services: { cidrs: [...(v4 ? ['10.43.0.0/16'] : []), ...(v6 ? ['fd43::/112'] : [])] },
    calico: { version: choice.calico, ...filters(choice, first) },
    k3s: { version: 'v1.34.5+k3s1', ...(servers.length > 0 ? { firstServer: servers[0] ?? '' } : {}) },
    gitops: { repoURL: 'https://git.example/net.git' },
    regions,
    routers,
    nodes,
    hosts,
    underlay: { segments },
  };
}

/** The members of each core segment: all on one, each with the next (in a ring), or each with the first. */
function coreLinks(
  shape: Choice['core']['shape'],
  members: readonly { readonly name: string; readonly id: number }[],
  routers: readonly string[],
): { name: string; id: number }[][] {
  const own = members.filter(({ name }) => routers.includes(name));
  const others = members.filter(({ name }) => !routers.includes(name));
  if (shape === 'segment' || own.length < 3) return [[...own, ...others]];
  const first = own[0] as { name: string; id: number };
  const links =
    shape === 'ring'
      ? own.map((one, index) => [one, own[(index + 1) % own.length] as typeof one])
      : own.slice(1).map((one) => [first, one]);
  links[0]?.push(...others);
  return links;
}

/**
 * BGPFilters on sessions with the first router: one block rejected or accepted, everything accepted, some pods of a block, everything but
 * single addresses, single addresses rejected, and lengths that confd misreads.
 */
const FILTERS = [
  'import',
  'export',
  'accept',
  'accept-all',
  'accept-half',
  'blocks-alone',
  'import-blocks-alone',
  'equal-lengths',
  'not-equal-lengths',
] as const;

function filters({ filter, families, tiny }: Choice, router: string): object {
  if (filter === 'none') return {};
  const [base, length] = families === 'ipv6' ? ['fd42::', tiny ? 128 : 122] : ['10.42.0.0', tiny ? 32 : 26];
  const cidr = `${base}/${length}`;
  const half = `${base}/${tiny ? length : length + 1}`;
  const pool = families === 'ipv6' ? 'fd42::/112' : '10.42.0.0/16';
  const most = families === 'ipv6' ? 128 : 32;
  const single = { min: most, max: most };
  const reject = { action: 'Reject', match: { cidr, operator: 'Equal' } };
  const prefixLength = { min: length, max: length };
  const rules = {
    import: [reject],
    export: [reject],
    accept: [{ ...reject, action: 'Accept' }],
    'accept-all': [{ action: 'Accept' }],
    'accept-half': [{ action: 'Accept', match: { cidr: half, operator: 'In' } }],
    'blocks-alone': [{ action: 'Reject', match: { cidr: pool, operator: 'In' }, prefixLength: single }],
    'import-blocks-alone': [
      { action: 'Reject', match: { cidr: pool, operator: 'In' }, prefixLength: single },
    ],
    'equal-lengths': [{ ...reject, prefixLength }],
    'not-equal-lengths': [{ ...reject, match: { cidr, operator: 'NotEqual' }, prefixLength }],
  }[filter];
  return {
    filters: { odd: { routers: [router], [filter.startsWith('import') ? 'import' : 'export']: rules } },
  };
}
