import fc from 'fast-check';
import type { TopologyInput } from '../../topology/index.ts';

type Pair = { readonly ipv4?: string | undefined; readonly ipv6?: string | undefined };
type Segment = NonNullable<TopologyInput['underlay']>['segments'][string];
type Route = NonNullable<NonNullable<TopologyInput['hosts']>[string]['routes']>[number];

const GATEWAY = 'gw';

const choice = () =>
  fc.record({
    igp: fc.boolean(),
    /** On the core's first segment beside the first LAN. */
    onCore: fc.boolean(),
    /** By the index of a member of its segments, where its routes lead: to all pods, half of them, another LAN, anywhere. */
    routes: fc.array(
      fc.record({
        to: fc.constantFrom('pods', 'half', 'lan', 'anywhere'),
        via: fc.nat(20),
      }),
      { maxLength: 3 },
    ),
    /** The nodes of the LAN that use it as default router. */
    defaultOf: fc.array(fc.nat(3), { maxLength: 3 }),
  });

/** The same networks, some of them with a gateway on the first LAN that is not one of noencap's routers. */
export const withGateway = (networks: fc.Arbitrary<TopologyInput>): fc.Arbitrary<TopologyInput> =>
  fc
    .tuple(networks, fc.option(choice(), { freq: 2, nil: undefined }))
    .map(([topology, gateway]) => (gateway === undefined ? topology : joined(topology, gateway)));

function joined(
  topology: TopologyInput,
  { igp, onCore, routes, defaultOf }: ReturnType<typeof choice> extends fc.Arbitrary<infer T> ? T : never,
): TopologyInput {
  const segments = structuredClone(topology.underlay?.segments ?? {});
  const own = ['lan0', ...(onCore ? ['core0'] : [])].filter((name) => segments[name] !== undefined);
  const nodes = { ...topology.nodes };
  const [lan] = own;
  if (lan === undefined) return topology;
  const neighbours = own.flatMap((name) => {
    const members = (segments[name] as Segment).members;
    const all = Object.entries(members).filter(
      ([machine]) => machine in topology.routers || machine in nodes,
    );
    const [[, sample] = []] = all;
    if (sample !== undefined) members[GATEWAY] = written(sample, (one) => one.replace(/\d+$/, '99')) as never;
    return all.map(([, address]) => address as string | Pair);
  });
  const onLan = Object.keys(segments[lan]?.members ?? {}).filter((name) => name in nodes);
  for (const place of defaultOf) {
    const name = onLan[place];
    const node = nodes[name ?? ''];
    if (name !== undefined && node !== undefined && node.igp !== true)
      nodes[name] = { ...node, defaultRouter: GATEWAY };
  }
  const seen = new Set<string>();
  const all = routes.flatMap(({ to, via }) => {
    const next = neighbours[via % Math.max(1, neighbours.length)];
    return next === undefined
      ? []
      : byFamily(next).map((address) => ({ to: prefixOf(to, address), via: address }));
  });
  const isNew = ({ to }: Route) => !seen.has(to) && seen.add(to);
  return {
    ...topology,
    nodes,
    hosts: { ...topology.hosts, [GATEWAY]: { forwards: true, igp, routes: all.filter(isNew) } },
    underlay: { ...topology.underlay, segments },
  };
}

const RANGES = {
  pods: ['10.42.0.0/16', 'fd42::/112'],
  half: ['10.42.0.0/25', 'fd42::/121'],
  lan: ['192.168.1.0/24', 'fd00:1::/64'],
  anywhere: ['0.0.0.0/0', '::/0'],
} as const;

const prefixOf = (to: keyof typeof RANGES, via: string): string => RANGES[to][via.includes(':') ? 1 : 0];

const byFamily = (address: string | Pair): string[] =>
  typeof address === 'string' ? [address] : [address.ipv4, address.ipv6].filter((one) => one !== undefined);

const written = (address: string | Pair, change: (one: string) => string): string | Pair =>
  typeof address === 'string'
    ? change(address)
    : { ipv4: change(address.ipv4 ?? ''), ipv6: change(address.ipv6 ?? '') };
