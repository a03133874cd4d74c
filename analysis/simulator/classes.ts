import {
  type Fabric,
  gatewayRouteTo,
  letOut,
  loopbacks,
  type NodeSpeaker,
  nodeBlocks,
  type Session,
  treatment,
} from '../../fabric/index.ts';
import { addressBits, FAMILIES, type IpAddress, type Prefix, valuesOf } from '../../topology/address.ts';
import { routerIdOf } from './network.ts';
import { isCarried } from './policy.ts';

/**
 * A fabric in which two nodes represent each class of indistinguishable nodes, so that the analysis grows with the
 * regions, not with the nodes.
 */
export interface Reduced {
  readonly fabric: Fabric;
  /** Blocks of the full fabric, of the first of every class only: the second is there to send to the first. */
  readonly blocks: ReadonlyMap<string, readonly Prefix[]>;
  /** The nodes that a node represents, itself first. */
  like(node: string): readonly string[];
  /** How many ordered pairs of nodes a pair represents; 0 if another pair represents them. */
  weight(from: string, to: string): number;
  /** The pair that represents any two nodes of the full fabric. */
  standIn(from: string, to: string): readonly [from: string, to: string];
}

/**
 * Two nodes are of one class if every line of the simulator that reads something of a node reads the same of both. Router IDs
 * are not among it: routes that are compared lead to one block, so all have the same originator. `apart` are nodes that must stand
 * for themselves, since something happens to them alone: their own failure, or that of one of their sessions. `split` tells nodes apart
 * that the fabric does not.
 */
export function reduced(
  fabric: Fabric,
  given: ReadonlyMap<string, readonly Prefix[]> = nodeBlocks(fabric),
  apart: ReadonlySet<string> = new Set(),
  split: (node: string) => string = () => '',
): Reduced {
  const blocks = fabric.pods.allocation === undefined ? given : oneOfEachKind(fabric, given, apart);
  const isUnlike = unlike(fabric);
  const traits = traitsIn(fabric, blocks);
  const alike = new Map<string, string[]>();
  for (const node of fabric.nodes) {
    const isAlone = apart.has(node.name) || isUnlike(node);
    const key = isAlone ? `only ${node.name}` : `${split(node.name)} ${traits(node)}`;
    const members = alike.get(key) ?? [];
    members.push(node.name);
    alike.set(key, members);
  }
  // Two would only represent each other: nothing is saved, and people look for both by name.
  const classes = [...alike.values()].flatMap((members) =>
    members.length > 2 ? [members] : members.map((member) => [member]),
  );
  const classOf = new Map(classes.flatMap((members) => members.map((member) => [member, members])));
  const kept = new Set(classes.flatMap((members) => members.slice(0, 2)));
  const membersWith = (node: string): readonly string[] => classOf.get(node) ?? [node];
  const first = (node: string): string => membersWith(node)[0] ?? node;
  return {
    fabric: restrictedTo(fabric, kept),
    blocks: new Map([...blocks].filter(([node]) => first(node) === node)),
    like: (node) => [node, ...membersWith(node).filter((other) => other !== node)],
    weight(from, to) {
      const [senders, receivers] = [membersWith(from), membersWith(to)];
      if (to !== receivers[0]) return 0;
      if (senders !== receivers) return from === senders[0] ? senders.length * receivers.length : 0;
      return from === senders[1] ? senders.length * (senders.length - 1) : 0;
    },
    standIn: (from, to) => {
      const [senders, receivers] = [membersWith(from), membersWith(to)];
      const sender = senders === receivers && from !== to ? senders[1] : senders[0];
      return [sender ?? from, receivers[0] ?? to];
    },
  };
}

/** The first node of a node's class, which may be itself. */
export function alikeIn(fabric: Fabric): (node: string) => string {
  const { standIn } = reduced(fabric);
  return (node) => standIn(node, node)[0];
}

/**
 * Nodes that are like no other: those that forward for others or may speak for a segment, and those of which an address or the router ID is that of
 * another machine as well.
 */
function unlike(fabric: Fabric): (node: NodeSpeaker) => boolean {
  const machines = [...fabric.routers, ...fabric.nodes, ...fabric.hosts];
  const ownerOf = new Map<string, string>();
  const idOf = new Map<number, string>();
  const twice = new Set<string>();
  const note = <K>(owners: Map<K, string>, key: K, name: string) => {
    const owner = owners.get(key);
    if (owner === undefined) owners.set(key, name);
    else if (owner !== name) twice.add(owner).add(name);
  };
  for (const machine of machines) {
    const { name, kind, attachments } = machine;
    for (const { address } of attachments) {
      for (const { text } of valuesOf(address)) note(ownerOf, text, name);
    }
    if (kind !== 'host') for (const { text } of loopbacks(machine)) note(ownerOf, text, name);
    note(idOf, routerIdOf(machine), name);
  }
  // A gateway's route leads to one node, and to no other.
  for (const { to } of fabric.hosts.flatMap(({ routes }) => routes)) twice.add(to);
  // Which of them is the designated router decides whom OSPF joins on a segment of uneven MTU.
  const uneven = new Set(
    (fabric.segments ?? [])
      .filter(({ mtu, members }) => members.some((member) => member.mtu !== mtu))
      .map(({ name }) => name),
  );
  return ({ name, igp, attachments }) =>
    twice.has(name) ||
    (igp && (attachments.length > 1 || attachments.some(({ segment }) => uneven.has(segment))));
}

/**
 * In a cluster, nodes have any number of blocks. Of those that nothing tells apart one stands for all, so that nodes with more of them are
 * not of another class; nodes that are asked about keep all.
 */
function oneOfEachKind(
  fabric: Fabric,
  blocks: ReadonlyMap<string, readonly Prefix[]>,
  apart: ReadonlySet<string>,
): ReadonlyMap<string, readonly Prefix[]> {
  const traits = blockTraitsIn(fabric);
  const nodes = new Map(fabric.nodes.map((node) => [node.name, node]));
  return new Map(
    [...blocks].map(([name, own]): [string, readonly Prefix[]] => {
      const node = nodes.get(name);
      if (node === undefined || apart.has(name)) return [name, own];
      const kinds = new Map<string, Prefix>();
      for (const block of own) {
        const kind = JSON.stringify(traits(node, block));
        if (!kinds.has(kind)) kinds.set(kind, block);
      }
      const sorted = [...kinds].sort(([a], [b]) => (a < b ? -1 : 1));
      return [name, sorted.map(([, block]) => block)];
    }),
  );
}

/** What of a block the simulator reads, beside its addresses. */
function blockTraitsIn(fabric: Fabric): (node: NodeSpeaker, block: Prefix) => readonly unknown[] {
  const { filters } = fabric.calico;
  return (node, block) => {
    const { pods, all } = letOut(fabric, node, block);
    return [
      block.family,
      isCarried(fabric, block),
      ...fabric.hosts.map(({ routes }) => gatewayRouteTo(routes, block)?.prefix.text ?? ''),
      ...[block, ...pods].map((prefix) => treatment(filters, prefix)),
      all,
    ];
  };
}

/** Everything the simulator reads about a node, as one text. */
function traitsIn(
  fabric: Fabric,
  blocks: ReadonlyMap<string, readonly Prefix[]>,
): (node: NodeSpeaker) => string {
  const rangesWith = rangesOf(fabric);
  const blockTraits = blockTraitsIn(fabric);
  return (node) =>
    JSON.stringify([
      node.region,
      node.igp,
      node.defaultRouter,
      node.attachments.map(({ segment, address, igp, mtu }) => [
        segment,
        mtu,
        igp,
        ...FAMILIES.map((family) => address[family] && rangesWith(address[family])),
      ]),
      FAMILIES.map((family) => {
        const nodeAddress = node.address[family];
        if (nodeAddress === undefined) return 'none';
        const at = node.attachments.find(({ address }) => address[family]?.text === nodeAddress.text);
        return [at?.segment ?? 'loopback', ...rangesWith(nodeAddress)];
      }),
      (blocks.get(node.name) ?? []).map((block) => blockTraits(node, block)),
    ]);
}

/** The ranges of segments, and those that a gateway has a route to, that hold an address. By length: there are few of these, and thousands of ranges. */
function rangesOf({ segments, hosts }: Fabric): (address: IpAddress) => string[] {
  const lengths = new Map<string, { family: string; shift: bigint; ranges: Map<bigint, string> }>();
  const written = hosts.flatMap(({ routes }) => routes.map(({ prefix }) => prefix));
  for (const range of [...(segments ?? []).flatMap(({ cidr }) => valuesOf(cidr)), ...written]) {
    const key = `${range.family}/${range.length}`;
    const shift = BigInt(addressBits(range.family) - range.length);
    const entry = lengths.get(key) ?? { family: range.family, shift, ranges: new Map<bigint, string>() };
    entry.ranges.set(range.value >> shift, range.text);
    lengths.set(key, entry);
  }
  const all = [...lengths.values()];
  return ({ family, value }) =>
    all.flatMap((one) => (one.family === family ? (one.ranges.get(value >> one.shift) ?? []) : []));
}

/** The fabric as it would be with these nodes only. */
function restrictedTo(fabric: Fabric, kept: ReadonlySet<string>): Fabric {
  const gone = new Set(fabric.nodes.filter(({ name }) => !kept.has(name)).map(({ name }) => name));
  const isLeft = ({ ends: [a, b] }: Session): boolean => !gone.has(a.speaker) && !gone.has(b.speaker);
  const nodes = fabric.nodes.filter(({ name }) => kept.has(name));
  const routers = fabric.routers.map((router) => ({
    ...router,
    staticRoutes: router.staticRoutes.filter(({ machine }) => !gone.has(machine)),
  }));
  const routerNamed = new Map(routers.map((router) => [router.name, router]));
  return {
    ...fabric,
    routers,
    nodes,
    regions: fabric.regions.map((region) => ({
      ...region,
      routers: region.routers.flatMap(({ name }) => routerNamed.get(name) ?? []),
      nodes: region.nodes.filter(({ name }) => kept.has(name)),
    })),
    peerings: fabric.peerings.map((peering) => ({ ...peering, sessions: peering.sessions.filter(isLeft) })),
    sessions: fabric.sessions.filter(isLeft),
    segments: fabric.segments?.map((segment) => ({
      ...segment,
      members: segment.members.filter(({ machine }) => !gone.has(machine)),
    })),
  };
}
