import type { Fabric, NodeSpeaker, Peering, RouterSpeaker, TransitHost } from '../fabric/index.ts';
import type { PerFamily } from '../topology/address.ts';
import { valuesOf } from '../topology/address.ts';
import type { Segment } from '../topology/model.ts';

/** A part of the network that is added, removed or changed; or a file that deliveries trust. */
export interface PartChange {
  readonly kind: 'network' | 'region' | 'router' | 'node' | 'host' | 'segment' | 'reflector' | 'file';
  readonly name: string;
  readonly change: 'added' | 'removed' | 'changed';
  /** `hold time 15 -> 20`; none for additions and removals. */
  readonly details: readonly string[];
}

/**
 * What the network is made of, before and after: its own settings first, then its parts from the largest to the smallest. `before`
 * has the machines' names of `after`; `names` are those that it had, and what they became.
 */
export function partChanges(
  before: Fabric,
  after: Fabric,
  names: ReadonlyMap<string, string> = new Map(),
): PartChange[] {
  const oldNames = new Map([...names].map(([old, now]) => [now, old]));
  const [partsBefore, partsAfter] = [partsOf(before), partsOf(after)];
  const settings = differences(settingsOf(before), settingsOf(after));
  const network: PartChange[] =
    settings.length === 0
      ? []
      : [{ kind: 'network', name: after.name, change: 'changed', details: settings }];
  const added = [...partsAfter].flatMap(([key, part]): PartChange[] =>
    partsBefore.has(key) ? [] : [{ kind: part.kind, name: part.name, change: 'added', details: [] }],
  );
  const others = [...partsBefore].flatMap(([key, part]): PartChange[] => {
    const { kind, name } = part;
    const now = partsAfter.get(key);
    if (now === undefined) return [{ kind, name, change: 'removed', details: [] }];
    const old = kind === 'router' || kind === 'node' ? oldNames.get(name) : undefined;
    const details = [
      ...(old === undefined ? [] : [`name ${old} -> ${name}`]),
      ...differences(part.traits, now.traits),
    ];
    return details.length === 0 ? [] : [{ kind, name, change: 'changed', details }];
  });
  const place = ({ kind, name }: PartChange) => `${KINDS.indexOf(kind)} ${name}`;
  return [...network, ...[...added, ...others].sort((a, b) => (place(a) < place(b) ? -1 : 1))];
}

const KINDS = ['region', 'router', 'reflector', 'node', 'host', 'segment'];

/** The described fields of a part by name; for lists, additions and removals. */
type Traits = Readonly<Record<string, string | readonly string[]>>;

interface Part {
  readonly kind: Exclude<PartChange['kind'], 'network' | 'file'>;
  readonly name: string;
  readonly traits: Traits;
}

function partsOf(fabric: Fabric): Map<string, Part> {
  const parts: Part[] = [
    ...fabric.regions.map(
      ({ name, routers, k3sMirror, registryMirrors }): Part => ({
        kind: 'region',
        name,
        traits: {
          routers: routers.map((one) => one.name),
          'K3s mirror': k3sMirror ?? NONE,
          'registry mirrors': registryMirrors.map(
            ({ registry, endpoints }) => `${registry}: ${endpoints.join(' ')}`,
          ),
        },
      }),
    ),
    ...fabric.routers.map(
      (one): Part => ({ kind: 'router', name: one.name, traits: routerTraits(one, fabric) }),
    ),
    ...fabric.peerings.map(
      (one): Part => ({ kind: 'reflector', name: one.name, traits: peeringTraits(one) }),
    ),
    ...fabric.nodes.map((one): Part => ({ kind: 'node', name: one.name, traits: nodeTraits(one) })),
    ...fabric.hosts.map((one): Part => ({ kind: 'host', name: one.name, traits: hostTraits(one) })),
    ...(fabric.segments ?? []).map(
      (one): Part => ({ kind: 'segment', name: one.name, traits: segmentTraits(one) }),
    ),
  ];
  return new Map(parts.map((part) => [`${part.kind} ${part.name}`, part]));
}

const NONE = 'none';
const yesNo = (value: boolean): string => (value ? 'yes' : 'no');
const addresses = (both: PerFamily<{ readonly text: string }>): string =>
  valuesOf(both)
    .map(({ text }) => text)
    .join(', ') || NONE;

const routerTraits = (router: RouterSpeaker, { bgp }: Fabric): Traits => ({
  'router ID': router.routerId.text,
  'cluster ID': router.clusterId.text,
  'address for nodes': addresses(router.nodeAddress),
  'backbone address': addresses(router.backboneAddress),
  BFD: yesNo(router.bfd),
  planned: yesNo(router.planned),
  'next hop': router.reflectorNextHop === bgp.reflectorNextHop ? "the fabric's" : router.reflectorNextHop,
  'loopback announced as': router.loopback,
  BIRD: `${router.bird.mode} in ${router.bird.configDir}`,
  tables: `${router.bird.tables.ipv4}, ${router.bird.tables.ipv6}`,
  constants: `${router.bird.constants.as}, ${router.bird.constants.routerId}`,
  'names kept from before noencap': [
    ...Object.entries(router.bird.adopted.protocols).map(([name, kept]) => `${name} named ${kept}`),
    ...(router.bird.adopted.bothChannels ? ['both channels'] : []),
    ...(router.bird.adopted.extendedNextHop ? [] : ['no extended next hop']),
    ...(router.bird.adopted.sourceAddress ? [] : ['no source address']),
    ...(router.bird.adopted.clusterId ? [] : ['no cluster ID']),
  ],
  SSH: `${router.ssh.user}@${router.ssh.host}:${router.ssh.port}`,
  'password from':
    router.password === undefined
      ? NONE
      : `${router.password.file}, Secret ${router.password.secret.name}/${router.password.secret.key}`,
});

const peeringTraits = (peering: Peering): Traits => ({
  'peer address': peering.peerAddress.text,
  filters: peering.filters.map(({ name }) => name),
});

const nodeTraits = (node: NodeSpeaker): Traits => ({
  region: node.region,
  role: node.role,
  address: addresses(node.address),
  IGP: yesNo(node.igp),
  blocks: node.blocks.map(({ text }) => text),
  'default router': node.defaultRouter,
});

const hostTraits = (host: TransitHost): Traits => ({
  IGP: yesNo(host.igp),
  forwards: yesNo(host.forwards),
  routes: host.routes.map(({ prefix, via }) => `${prefix.text} via ${via.text}`),
});

const segmentTraits = (segment: Segment): Traits => ({
  range: addresses(segment.cidr),
  MTU: String(segment.mtu),
  cost: String(segment.cost),
  members: segment.members.map(
    ({ machine, address, mtu }) =>
      `${machine} ${addresses(address)}${mtu === segment.mtu ? '' : ` MTU ${mtu}`}`,
  ),
});

const settingsOf = (fabric: Fabric): Traits => ({
  name: fabric.name,
  'AS number': String(fabric.bgp.asNumber),
  "Calico's mesh": fabric.bgp.nodeToNodeMesh ? 'on' : 'off',
  'next hop of reflectors': fabric.bgp.reflectorNextHop,
  'hold time': `${fabric.bgp.holdTime} s`,
  'graceful restart':
    fabric.bgp.gracefulRestart === 'aware' ? 'aware' : fabric.bgp.gracefulRestart ? 'on' : 'off',
  'borrowed addresses': fabric.bgp.exportBorrowed ? 'accepted' : 'refused',
  'pod ranges': fabric.pods.pools.map(
    ({ cidr, blockSize, retiring }) =>
      `${cidr.text} in blocks of /${blockSize}${retiring ? ', retiring' : ''}`,
  ),
  'NAT of outgoing packets': fabric.pods.natOutgoing ? 'on' : 'off',
  'pod MTU': fabric.pods.mtu === undefined ? "the hosts' own" : String(fabric.pods.mtu),
  'service ranges': fabric.services.cidrs.map(({ text }) => text),
  Calico: fabric.calico.version,
  'registry of Calico': fabric.calico.registry ?? NONE,
  "API of Calico's objects":
    fabric.calico.apiMovesTo === undefined
      ? fabric.calico.api
      : `${fabric.calico.api}, about to move to ${fabric.calico.apiMovesTo}`,
  'IP forwarding by pods': yesNo(fabric.calico.containerIPForwarding),
  'node address': JSON.stringify(fabric.calico.nodeAddress, (key, value) =>
    key === 'cidrs' ? value.map(({ text }: { text: string }) => text) : value,
  ),
  K3s: fabric.k3s.version,
  'first server': fabric.k3s.firstServer,
  'cluster CIDRs at creation': fabric.k3s.clusterCidrs.map(({ text }) => text),
  engine: fabric.gitops.engine,
  repository: fabric.gitops.repoURL,
  revision: fabric.gitops.targetRevision,
  'region label': fabric.regionLabel,
  'suppressed findings': fabric.suppressions.map(({ id, where }) => `${id} at ${where}`),
  underlay: fabric.segments === undefined ? 'not described' : 'described',
});

function differences(before: Traits, after: Traits): string[] {
  return Object.entries(after).flatMap(([name, is]) => {
    const was = before[name];
    if (typeof is === 'string' || typeof was === 'string')
      return was === is ? [] : [`${name} ${was} -> ${is}`];
    return listDifferences(name, was ?? [], is);
  });
}

function listDifferences(name: string, was: readonly string[], is: readonly string[]): string[] {
  const [before, after] = [new Set(was), new Set(is)];
  const come = is.filter((one) => !before.has(one)).map((one) => `${name} + ${one}`);
  const gone = was.filter((one) => !after.has(one)).map((one) => `${name} - ${one}`);
  // The order counts: the first router of a region is the default router of its nodes.
  if (come.length + gone.length > 0 || is.join() === was.join()) return [...come, ...gone];
  return [`${name} ${was.join(', ')} -> ${is.join(', ')}`];
}
