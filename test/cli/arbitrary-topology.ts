import fc from 'fast-check';
import type { TopologyInput } from '../../topology/index.ts';

/**
 * Valid topologies of every kind that the schema knows: families, redundant reflectors, planned and backbone-only
 * routers, with and without an underlay, both BIRD modes, every option of Calico. Small, so that a failure reads well.
 */
export const arbitraryTopology: fc.Arbitrary<TopologyInput> = fc
  .record({
    families: fc.constantFrom<Families>('ipv4', 'ipv6', 'both'),
    regions: fc.array(
      fc.record({
        name: fc.stringMatching(/^[A-Za-z]{1,4}$/),
        reflectors: fc.integer({ min: 1, max: 2 }),
        roles: fc.array(fc.constantFrom('server' as const, 'agent' as const), { maxLength: 3 }),
        mirrored: fc.boolean(),
      }),
      { minLength: 1, maxLength: 3 },
    ),
    word: fc.stringMatching(/^[a-z0-9]{1,12}$/),
    dotted: fc.boolean(),
    backboneOnly: fc.boolean(),
    backbone: fc.constantFrom<'none' | 'own' | 'ipv6'>('none', 'own', 'ipv6'),
    plannedRegion: fc.boolean(),
    underlay: fc.boolean(),
    standalone: fc.boolean(),
    igp: fc.boolean(),
    blocks: fc.boolean(),
    password: fc.boolean(),
    bgp: fc.record({
      asNumber: fc.integer({ min: 64512, max: 65534 }),
      nodeToNodeMesh: fc.boolean(),
      reflectorNextHop: fc.constantFrom('keep' as const, 'self' as const),
      holdTime: fc.integer({ min: 3, max: 240 }),
      gracefulRestart: fc.boolean(),
      exportBorrowed: fc.boolean(),
    }),
    bfd: fc.boolean(),
    sharedCluster: fc.boolean(),
    natOutgoing: fc.boolean(),
    mtu: fc.oneof(fc.constant('auto' as const), fc.integer({ min: 1280, max: 9216 })),
    calico: fc.constantFrom<TopologyInput['calico'][]>(
      { version: 'v3.30.7' },
      { version: 'v3.31.7', registry: 'registry.example:5000/mirror', imagePullSecrets: ['pull.secret'] },
      { version: 'v3.32.1', api: 'projectcalico.org/v3' as const },
      { version: 'v3.32.1', nodeAddress: 'kubernetes' as const },
      { version: 'v3.31.7', nodeAddress: { interface: 'eth0' } },
    ),
    filter: fc.boolean(),
    labels: fc.constantFrom<NonNullable<TopologyInput['labels']>[]>(
      {},
      { reconcile: 'cron' as const },
      { image: 'registry.example/kubectl:v1', retired: ['old.example/zone', 'zone'] },
    ),
  })
  .map(build);

type Families = 'ipv4' | 'ipv6' | 'both';

interface Choices {
  readonly families: Families;
  readonly regions: readonly {
    readonly name: string;
    readonly reflectors: number;
    readonly roles: readonly ('server' | 'agent')[];
    readonly mirrored: boolean;
  }[];
  readonly word: string;
  readonly dotted: boolean;
  readonly backboneOnly: boolean;
  readonly backbone: 'none' | 'own' | 'ipv6';
  readonly plannedRegion: boolean;
  readonly underlay: boolean;
  readonly standalone: boolean;
  readonly igp: boolean;
  readonly blocks: boolean;
  readonly password: boolean;
  readonly bgp: NonNullable<TopologyInput['bgp']>;
  readonly bfd: boolean;
  readonly sharedCluster: boolean;
  readonly natOutgoing: boolean;
  readonly mtu: number | 'auto';
  readonly calico: TopologyInput['calico'];
  readonly filter: boolean;
  readonly labels: NonNullable<TopologyInput['labels']>;
}

function build(choice: Choices): TopologyInput {
  const v4 = choice.families !== 'ipv6';
  const v6 = choice.families !== 'ipv4';
  const pair = (ipv4: string, ipv6: string) => (v4 && v6 ? { ipv4, ipv6 } : v4 ? ipv4 : ipv6);
  const backboneFamily = choice.backbone === 'ipv6' ? 'ipv6' : 'own';
  const loopback = (id: number) => {
    const [ipv4, ipv6] = [`10.255.0.${id}`, `fd00:ff::${id}`];
    return backboneFamily === 'ipv6' ? ipv6 : pair(ipv4, ipv6);
  };

  const regions: TopologyInput['regions'] = {};
  const routers: TopologyInput['routers'] = {};
  const nodes: NonNullable<TopologyInput['nodes']> = {};
  const segments: NonNullable<TopologyInput['underlay']>['segments'] = {};
  const core: Record<string, string | { ipv4: string; ipv6: string }> = {};
  let id = 0;
  let block = 0;

  const addRouter = (name: string, nodeAddress: string | { ipv4: string; ipv6: string } | undefined) => {
    id += 1;
    core[name] = pair(`172.31.0.${id}`, `fd00:fe::${id}`);
    const lan = name.slice(0, name.indexOf('x'));
    routers[name] = {
      routerId: `10.254.0.${id}`,
      ...(nodeAddress === undefined ? {} : { nodeAddress }),
      ...(choice.backbone === 'none' ? {} : { backboneAddress: loopback(id) }),
      ...(choice.sharedCluster ? { clusterId: '10.254.1.1' } : {}),
      bfd: choice.bfd,
      ...(choice.standalone ? { bird: { mode: 'standalone' } } : {}),
      ...(choice.standalone && choice.underlay
        ? { interfaces: { core: 'eth1', ...(nodeAddress === undefined ? {} : { [`lan-${lan}`]: 'eth0' }) } }
        : {}),
      ...(choice.password && nodeAddress !== undefined
        ? { password: { file: '/etc/bird-secrets/k3s.conf', secret: { name: 'bgp', key: name } } }
        : {}),
    };
  };

  for (const [index, region] of choice.regions.entries()) {
    const lan = (host: number) => pair(`10.${100 + index}.0.${host}`, `fd00:${index + 1}::${host}`);
    const members: Record<string, string | { ipv4: string; ipv6: string }> = {};
    const name = `${region.name}${index}`;
    const reflectors = Array.from({ length: region.reflectors }, (_, at) => `r${index}x${at}${choice.word}`);
    regions[name] = {
      ...(reflectors.length === 1 ? { router: reflectors[0] ?? '' } : { routers: reflectors }),
      ...(region.mirrored
        ? { k3sMirror: 'cn', registryMirrors: { 'docker.io': ['https://mirror.example/v2'] } }
        : {}),
    };
    for (const [at, reflector] of reflectors.entries()) {
      members[reflector] = lan(1 + at);
      addRouter(reflector, lan(1 + at));
    }
    const roles = index === 0 && region.roles.length === 0 ? (['server'] as const) : region.roles;
    for (const [at, role] of roles.entries()) {
      const node = `n${index}-${at}${choice.dotted ? '.' : '-'}${choice.word}`;
      members[node] = lan(11 + at);
      block += 1;
      nodes[node] = {
        region: name,
        role: Object.keys(nodes).length === 0 ? 'server' : role,
        address: lan(11 + at),
        igp: choice.igp,
        ...(choice.blocks ? { block: v4 ? [`10.42.${block}.0/26`] : [`fd42::${block}:0/122`] } : {}),
      };
    }
    segments[`lan-r${index}`] = {
      cidr: pair(`10.${100 + index}.0.0/24`, `fd00:${index + 1}::/64`),
      mtu: 1500,
      members,
    };
  }
  if (choice.backboneOnly) addRouter(`core${choice.word}`, undefined);
  if (choice.plannedRegion) {
    routers.later = { routerId: '10.254.2.1', nodeAddress: pair('10.200.0.1', 'fd00:c8::1'), planned: true };
    regions.Later = { router: 'later' };
  }
  segments.core = { cidr: pair('172.31.0.0/24', 'fd00:fe::/64'), mtu: 1420, members: core };

  const servers = Object.keys(nodes).filter((name) => nodes[name]?.role === 'server');
  const [reflector = ''] = Object.keys(routers);
  return {
    version: 1,
    name: `net-${choice.word}`,
    bgp: choice.bgp,
    pods: {
      cidrs: [...(v4 ? ['10.42.0.0/16'] : []), ...(v6 ? ['fd42::/48'] : [])],
      natOutgoing: choice.natOutgoing,
      mtu: choice.mtu,
    },
    services: { cidrs: [...(v4 ? ['10.43.0.0/16'] : []), ...(v6 ? ['fd43::/112'] : [])] },
    calico: {
      ...choice.calico,
      ...(choice.filter
        ? {
            filters: {
              'no-default': {
                routers: [reflector],
                import: [
                  { action: 'Reject', match: { cidr: v4 ? '0.0.0.0/0' : '::/0', operator: 'Equal' } },
                  { action: 'Accept' },
                ],
              },
            },
          }
        : {}),
    },
    k3s: { version: 'v1.34.5+k3s1', ...(servers.length > 1 ? { firstServer: servers[0] ?? '' } : {}) },
    gitops: { engine: 'both', repoURL: 'ssh://git@git.example/net.git' },
    labels: choice.labels,
    regions,
    routers,
    nodes,
    ...(choice.underlay ? { underlay: { segments } } : {}),
  };
}

/** The same topology with the keys of every map in a different order. */
export function shuffled(value: unknown, order: (keys: string[]) => string[]): unknown {
  if (Array.isArray(value)) return value.map((item) => shuffled(item, order));
  if (typeof value !== 'object' || value === null) return value;
  const record = value as Record<string, unknown>;
  return Object.fromEntries(order(Object.keys(record)).map((key) => [key, shuffled(record[key], order)]));
}
