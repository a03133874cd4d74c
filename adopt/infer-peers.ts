import { type Family, parseAddress } from '../topology/address.ts';
import { type Cluster, type RunningNode, text } from './cluster.ts';
import { type ClusterObject, type Fields, fieldAt, isFields, textOf } from './cluster-objects.ts';
import { type Fact, fact, guess, type Note, type Origin, within } from './facts.ts';
import { labelIs, takesAll } from './selector.ts';

/** A BGPPeer that a topology can express: all nodes of a region to one address, inside the cluster's own AS. */
export interface RegionPeer {
  readonly object: ClusterObject;
  readonly region: string;
  /** Whether a node with these labels peers with it. */
  readonly selects: (labels: RunningNode['labels']) => boolean;
  readonly family: Family;
  readonly address: string;
  readonly filters: readonly string[];
  readonly secret: { readonly name: string; readonly key: string } | undefined;
}

export interface Peers {
  readonly peers: readonly RegionPeer[];
  readonly regionLabel: string | undefined;
  /** No BGPPeer selects by a label: all nodes are in one made-up region. */
  readonly isOneRegion: boolean;
  /** BGPPeers that stay next to noencap's, with the reason. */
  readonly notes: readonly Note[];
}

/** Fields of a BGPPeer that a topology covers, and those that state Calico's default. */
const HELD = new Set(['nodeSelector', 'peerIP', 'asNumber', 'password', 'filters']);
const WITHOUT_EFFECT: Readonly<Record<string, readonly unknown[]>> = {
  sourceAddress: ['UseNodeIP'],
  // Calico applies it to a peer of another AS only (confd, bgp_processor.go), and such a peer is refused before.
  keepOriginalNextHop: [false, true],
  nextHopMode: ['Auto'],
  reversePeering: ['Auto'],
  node: [''],
  peerSelector: [''],
  maxRestartTime: [null],
  numAllowedLocalASNumbers: [null],
  ttlSecurity: [null],
};

/** Sorts the cluster's BGPPeers into those that a topology can express and those that it cannot. */
export function regionPeers(running: Cluster, nodes: readonly RunningNode[], asNumber: unknown): Peers {
  const read = running.of('BGPPeer').map((object) => readPeer(object, asNumber));
  const counts = new Map<string, number>();
  for (const { key } of read) if (key !== undefined) counts.set(key, (counts.get(key) ?? 0) + 1);
  const [most] = [...counts].sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1))[0] ?? [];
  if (most !== undefined) {
    return {
      regionLabel: most,
      isOneRegion: false,
      peers: read.flatMap(({ peer, key }) => (peer !== undefined && key === most ? [peer] : [])),
      notes: read.flatMap(({ what, why, key, at }): Note[] => {
        const other =
          key === most ? undefined : `it selects by ${key}, but a topology has one label for regions`;
        const message = why ?? other;
        return message === undefined ? [] : [{ what, message, at }];
      }),
    };
  }
  const labels = nodes.map((node) => node.labels);
  const wide = read.filter(({ every }) => every !== undefined && takesAll(every.selector, labels));
  return {
    // A label of that name used for something else must not be overwritten.
    regionLabel:
      wide.length === 0
        ? undefined
        : labels.some((nodeLabels) => Object.hasOwn(nodeLabels, 'region'))
          ? 'noencap-region'
          : 'region',
    isOneRegion: wide.length > 0,
    peers: wide.flatMap(({ every }) => every?.peer ?? []),
    notes: read.flatMap((one): Note[] =>
      one.why === undefined || wide.includes(one) ? [] : [{ what: one.what, message: one.why, at: one.at }],
    ),
  };
}

/** The name of the one region with all nodes. */
export const ONE_REGION = 'home';

interface ReadPeer {
  readonly what: string;
  /** The label that it selects by, if a topology can express it. */
  readonly key?: string;
  readonly peer?: RegionPeer;
  /** Why a topology cannot express it, and the responsible field. */
  readonly why?: string;
  readonly at: Origin;
  /** What it would be if its selector matched every node. */
  readonly every?: { readonly selector: string; readonly peer: RegionPeer };
}

function readPeer(object: ClusterObject, clusterAs: unknown): ReadPeer {
  const what = `BGPPeer ${object.name}`;
  const spec = fieldAt(object.value, ['spec']);
  if (!isFields(spec)) return { what, why: 'it has no spec', at: within(object, 'metadata', 'name') };
  const selector = text(spec.nodeSelector) ?? '';
  const label = labelIs(selector);
  const address = parseAddress(text(spec.peerIP) ?? '');
  const refused = refusalOf(spec, clusterAs);
  const selects =
    selector === ''
      ? 'it is for every node, whatever its region'
      : `it selects nodes by ${selector}, but a topology selects by one label and value`;
  const at = within(
    object,
    'spec',
    ...(refused === undefined ? (selector === '' ? [] : ['nodeSelector']) : refused.field),
  );
  if (refused !== undefined || address === undefined) {
    return {
      what,
      why: `${refused?.message}${label === undefined && selector !== '' ? `, and ${selects}` : ''}`,
      at,
    };
  }
  const peer = {
    object,
    region: label?.value ?? ONE_REGION,
    selects: (labels: RunningNode['labels']) =>
      label === undefined || (Object.hasOwn(labels, label.key) && labels[label.key] === label.value),
    family: address.family,
    address: address.text,
    filters: Array.isArray(spec.filters) ? spec.filters.map(textOf) : [],
    secret: secretOf(spec),
  };
  return label === undefined
    ? { what, why: selects, at, every: { selector, peer } }
    : { what, key: label.key, peer, at };
}

/** Why a topology cannot express such a peer, whatever its nodes, and the responsible field of its spec. */
function refusalOf(
  spec: Fields,
  clusterAs: unknown,
): { message: string; field: readonly string[] } | undefined {
  const peerIP = text(spec.peerIP);
  if (text(spec.node) !== undefined && spec.node !== '')
    return { message: `it is for node ${textOf(spec.node)} only`, field: ['node'] };
  if (text(spec.peerSelector) !== undefined && spec.peerSelector !== '')
    return { message: 'it peers nodes with nodes (peerSelector)', field: ['peerSelector'] };
  if (text(spec.localWorkloadSelector) !== undefined && spec.localWorkloadSelector !== '')
    return {
      message: 'it peers nodes with their own pods (localWorkloadSelector)',
      field: ['localWorkloadSelector'],
    };
  if (peerIP === undefined) return { message: 'it has no peerIP', field: [] };
  if (parseAddress(peerIP) === undefined)
    return { message: `its peerIP ${peerIP} is not a plain address`, field: ['peerIP'] };
  if (spec.asNumber === undefined) return { message: 'it has no asNumber', field: [] };
  if (spec.asNumber !== clusterAs) {
    const message = `it peers with AS ${textOf(spec.asNumber)}, but noencap's routers are in the cluster's own AS`;
    return { message, field: ['asNumber'] };
  }
  const more = Object.keys(spec)
    .filter((field) => !HELD.has(field) && !isWithoutEffect(field, spec[field]))
    .sort();
  return more[0] === undefined
    ? undefined
    : { message: `it has ${more.join(', ')}, which a topology cannot express`, field: [more[0]] };
}

const isWithoutEffect = (field: string, value: unknown): boolean =>
  Object.hasOwn(WITHOUT_EFFECT, field) && (WITHOUT_EFFECT[field] ?? []).includes(value);

function secretOf(spec: Fields): RegionPeer['secret'] {
  const name = text(fieldAt(spec, ['password', 'secretKeyRef', 'name']));
  const key = text(fieldAt(spec, ['password', 'secretKeyRef', 'key']));
  return name === undefined || key === undefined ? undefined : { name, key };
}

/** Regions and the label that defines them; `routerOf` is the name of the router at a peer's address. */
export function regionFacts(
  { peers, regionLabel, isOneRegion }: Peers,
  routerOf: (peer: RegionPeer) => string,
): Fact[] {
  const [first] = peers;
  if (regionLabel === undefined || first === undefined) return [];
  const byRegion = new Map<string, RegionPeer[]>();
  for (const peer of [...peers].sort((a, b) => (a.object.name < b.object.name ? -1 : 1))) {
    byRegion.set(peer.region, [...(byRegion.get(peer.region) ?? []), peer]);
  }
  return [
    isOneRegion
      ? guess(['regionLabel'], regionLabel, 'no BGPPeer selects by a label; Jobs will set this one')
      : fact(
          ['regionLabel'],
          regionLabel,
          'what BGPPeers select by',
          within(first.object, 'spec', 'nodeSelector'),
        ),
    ...[...byRegion].map(([region, ofRegion]) => {
      const routers = [...new Set(ofRegion.map(routerOf))];
      const names = ofRegion.map(({ object }) => object.name).join(', ');
      const [origin] = ofRegion;
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
export function nodeFacts(
  running: Cluster,
  nodes: readonly RunningNode[],
  { regionLabel, isOneRegion }: Peers,
): Fact[] {
  const blocks = blocksOf(running);
  return nodes.flatMap((node): Fact[] => {
    const { ipv4, ipv6 } = node.address;
    const nodeBlocks = blocks.get(node.name) ?? [];
    const labelled =
      regionLabel === undefined || !Object.hasOwn(node.labels, regionLabel)
        ? undefined
        : node.labels[regionLabel];
    const region = isOneRegion ? ONE_REGION : labelled;
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
              isAnnotated ? '' : "kubelet's InternalIP, since there is no annotation from calico-node",
              within(node.object, ...((ipv4 ?? ipv6)?.from ?? [])),
            ),
          ]),
      ...(nodeBlocks.length === 0
        ? []
        : [
            fact(
              [...path, 'block'],
              nodeBlocks.length === 1 ? nodeBlocks[0]?.cidr : nodeBlocks.map(({ cidr }) => cidr),
              '',
              nodeBlocks[0] && within(nodeBlocks[0].object, 'spec', 'cidr'),
            ),
          ]),
    ];
  });
}

/** Blocks that IPAM has assigned to nodes and not released. */
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
  for (const nodeBlocks of found.values()) nodeBlocks.sort((a, b) => (a.cidr < b.cidr ? -1 : 1));
  return found;
}
