import { type Family, parseAddress } from '../topology/address.ts';
import { type Cluster, type RunningNode, text } from './cluster.ts';
import { type ClusterObject, type Fields, fieldAt, isFields, textOf } from './cluster-objects.ts';
import { type Fact, fact, guess, type Note, within } from './facts.ts';
import { labelIs } from './selector.ts';

/** A BGPPeer that a topology can make: all nodes of a region to one address, inside the cluster's own AS. */
export interface RegionPeer {
  readonly object: ClusterObject;
  readonly region: string;
  readonly family: Family;
  readonly address: string;
  readonly filters: readonly string[];
  readonly secret: { readonly name: string; readonly key: string } | undefined;
}

export interface Peers {
  readonly peers: readonly RegionPeer[];
  readonly regionLabel: string | undefined;
  /** BGPPeers that stay beside what noencap makes, with why. */
  readonly notes: readonly Note[];
}

/** Fields of a BGPPeer that a topology holds, and those that say what Calico does anyway. */
const HELD = new Set(['nodeSelector', 'peerIP', 'asNumber', 'password', 'filters']);
const WITHOUT_EFFECT: Readonly<Record<string, readonly unknown[]>> = {
  sourceAddress: ['UseNodeIP'],
  keepOriginalNextHop: [false],
  nextHopMode: ['Auto'],
  reversePeering: ['Auto'],
  node: [''],
  peerSelector: [''],
  maxRestartTime: [null],
  numAllowedLocalASNumbers: [null],
  ttlSecurity: [null],
};

/** Sorts the cluster's BGPPeers into those that a topology makes and those that it has no word for. */
export function regionPeers(running: Cluster, asNumber: unknown): Peers {
  const read = running.of('BGPPeer').map((object) => ({ object, ...readPeer(object, asNumber) }));
  const counts = new Map<string, number>();
  for (const { key } of read) if (key !== undefined) counts.set(key, (counts.get(key) ?? 0) + 1);
  const [regionLabel] = [...counts].sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1))[0] ?? [];
  return {
    regionLabel,
    peers: read.flatMap(({ peer, key }) => (peer !== undefined && key === regionLabel ? [peer] : [])),
    notes: read.flatMap(({ object, why, key }): Note[] => {
      const says =
        why ??
        (key === regionLabel ? undefined : `it selects by ${key}, and a topology has one label for regions`);
      return says === undefined ? [] : [{ what: `BGPPeer ${object.name}`, says }];
    }),
  };
}

function readPeer(
  object: ClusterObject,
  clusterAs: unknown,
): { readonly key?: string; readonly peer?: RegionPeer; readonly why?: string } {
  const spec = fieldAt(object.value, ['spec']);
  if (!isFields(spec)) return { why: 'it has no spec' };
  const selector = text(spec.nodeSelector) ?? '';
  const label = labelIs(selector);
  if (text(spec.node) !== undefined && spec.node !== '')
    return { why: `it is for the node ${textOf(spec.node)} alone` };
  if (selector === '') return { why: 'it is for every node, whatever its region' };
  if (label === undefined) return { why: `it selects nodes by ${selector}` };
  const peerIP = text(spec.peerIP);
  const address = parseAddress(peerIP ?? '');
  if (address === undefined)
    return { why: peerIP === undefined ? 'it names no peerIP' : `its peerIP ${peerIP} is no plain address` };
  if (spec.asNumber !== clusterAs)
    return {
      why: `it peers with AS ${textOf(spec.asNumber)}, and noencap's routers are in the cluster's own`,
    };
  const more = Object.keys(spec).filter(
    (field) => !HELD.has(field) && !(WITHOUT_EFFECT[field] ?? []).includes(spec[field]),
  );
  if (more.length > 0) return { why: `it has ${more.sort().join(', ')}, which a topology does not` };
  return {
    key: label.key,
    peer: {
      object,
      region: label.value,
      family: address.family,
      address: address.text,
      filters: Array.isArray(spec.filters) ? spec.filters.map(textOf) : [],
      secret: secretOf(spec),
    },
  };
}

function secretOf(spec: Fields): RegionPeer['secret'] {
  const name = text(fieldAt(spec, ['password', 'secretKeyRef', 'name']));
  const key = text(fieldAt(spec, ['password', 'secretKeyRef', 'key']));
  return name === undefined || key === undefined ? undefined : { name, key };
}

/** Regions and the label that makes them; `routerOf` is the name of the router at a peer's address. */
export function regionFacts({ peers, regionLabel }: Peers, routerOf: (peer: RegionPeer) => string): Fact[] {
  const [first] = peers;
  if (regionLabel === undefined || first === undefined) return [];
  const byRegion = new Map<string, RegionPeer[]>();
  for (const peer of [...peers].sort((a, b) => (a.object.name < b.object.name ? -1 : 1))) {
    byRegion.set(peer.region, [...(byRegion.get(peer.region) ?? []), peer]);
  }
  return [
    fact(
      ['regionLabel'],
      regionLabel,
      'what BGPPeers select by',
      within(first.object, 'spec', 'nodeSelector'),
    ),
    ...[...byRegion].map(([region, own]) => {
      const routers = [...new Set(own.map(routerOf))];
      const names = own.map(({ object }) => object.name).join(', ');
      const [origin] = own;
      return fact(
        ['regions', region],
        routers.length === 1 ? { router: routers[0] } : { routers },
        `BGPPeer ${names}${routers.length === 1 ? '' : ': the first is the default router'}`,
        origin && within(origin.object, 'spec', 'nodeSelector'),
      );
    }),
  ];
}

/** The nodes, with their addresses, regions and blocks. */
export function nodeFacts(running: Cluster, nodes: readonly RunningNode[], { regionLabel }: Peers): Fact[] {
  const blocks = blocksOf(running);
  return nodes.flatMap((node): Fact[] => {
    const { ipv4, ipv6 } = node.address;
    const own = blocks.get(node.name) ?? [];
    const region =
      regionLabel === undefined || !Object.hasOwn(node.labels, regionLabel)
        ? undefined
        : node.labels[regionLabel];
    const path = ['nodes', node.name];
    const from = [ipv4, ipv6].flatMap((one) => one?.from ?? []);
    const isAnnotated = from.includes('annotations');
    return [
      ...(region === undefined
        ? []
        : [
            fact(
              [...path, 'region'],
              region,
              '',
              within(node.object, 'metadata', 'labels', regionLabel ?? ''),
            ),
          ]),
      fact(
        [...path, 'role'],
        node.isServer ? 'server' : 'agent',
        '',
        within(node.object, 'metadata', 'labels'),
      ),
      ...(ipv4 === undefined && ipv6 === undefined
        ? []
        : [
            (isAnnotated ? fact : guess)(
              [...path, 'address'],
              ipv4 !== undefined && ipv6 !== undefined
                ? { ipv4: ipv4.text, ipv6: ipv6.text }
                : (ipv4 ?? ipv6)?.text,
              isAnnotated ? '' : "kubelet's InternalIP, since calico-node has left no annotation",
              within(node.object, ...((ipv4 ?? ipv6)?.from ?? [])),
            ),
          ]),
      ...(own.length === 0
        ? []
        : [
            fact(
              [...path, 'block'],
              own.length === 1 ? own[0]?.cidr : own.map(({ cidr }) => cidr),
              '',
              own[0] && within(own[0].object, 'spec', 'cidr'),
            ),
          ]),
    ];
  });
}

/** Blocks that IPAM has given to nodes and not taken back. */
function blocksOf(running: Cluster): ReadonlyMap<string, readonly { cidr: string; object: ClusterObject }[]> {
  const found = new Map<string, { cidr: string; object: ClusterObject }[]>();
  for (const object of running.of('BlockAffinity')) {
    const spec = (field: string) => fieldAt(object.value, ['spec', field]);
    const [node, cidr] = [text(spec('node')), text(spec('cidr'))];
    const isGone =
      textOf(spec('deleted')) === 'true' || (spec('state') !== undefined && spec('state') !== 'confirmed');
    const isForNodes = spec('type') === undefined || spec('type') === 'host';
    if (node === undefined || cidr === undefined || isGone || !isForNodes) continue;
    found.set(node, [...(found.get(node) ?? []), { cidr, object }]);
  }
  for (const own of found.values()) own.sort((a, b) => (a.cidr < b.cidr ? -1 : 1));
  return found;
}
