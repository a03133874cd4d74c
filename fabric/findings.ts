import { addressBits, contains, type IpAddress } from '../topology/address.ts';
import type { Path } from '../topology/model.ts';
import type { Fabric, FabricRegion, NextHopRule, NodeSpeaker } from './fabric.ts';
import { igpPaths } from './igp.ts';

/** Something about a valid topology that its author should know. */
export interface Finding {
  /** Stable; docs/checks/<id>.md explains it. */
  readonly id: string;
  /** `error`: broken today. `warning`: fragile or wasteful. */
  readonly severity: 'error' | 'warning' | 'info';
  /** What the finding is about, in the topology. */
  readonly path: Path;
  readonly says: string;
  readonly evidence: readonly string[];
  readonly mend: string;
  /** The reason given under `checks.suppress`; such a finding is shown and counts for nothing. */
  readonly suppressed: string | undefined;
}

type Rule = (fabric: Fabric) => readonly Omit<Finding, 'suppressed'>[];

/** Everything that can be said of a fabric without simulating it, in the order of ids and then of the topology. */
export function fabricFindings(fabric: Fabric): Finding[] {
  return rules
    .flatMap((rule) => rule(fabric))
    .map((finding) => ({ ...finding, suppressed: suppression(fabric, finding) }));
}

function suppression(fabric: Fabric, finding: Omit<Finding, 'suppressed'>): string | undefined {
  const where = finding.path.join('.');
  return fabric.suppressions.find((one) => one.id === finding.id && one.where === where)?.reason;
}

/** NE401: its peering exists in Calico and selects no node. */
const regionWithoutNodes: Rule = (fabric) =>
  fabric.regions
    .filter((region) => region.nodes.length === 0)
    .map((region) => ({
      id: 'NE401',
      severity: 'info',
      path: region.path,
      says: `region ${region.name} has routers and no nodes`,
      evidence: fabric.peerings
        .filter((peering) => peering.region === region.name)
        .map((peering) => `BGPPeer ${peering.name} selects no node`),
      mend: 'Add a node to the region, or remove it if it is no longer planned.',
    }));

/** Calico's documentation advises reflectors beyond about 100 nodes: sessions grow with the square. */
const MESH_LIMIT = 100;

/** NE402: the full mesh costs each node a session with every other. */
const meshTooLarge: Rule = (fabric) => {
  const nodes = fabric.nodes.length;
  if (!fabric.bgp.nodeToNodeMesh || nodes <= MESH_LIMIT) return [];
  return [
    {
      id: 'NE402',
      severity: 'warning',
      path: ['bgp', 'nodeToNodeMesh'],
      says: `Calico's full mesh of ${nodes} nodes is ${(nodes * (nodes - 1)) / 2} sessions per family`,
      evidence: [`each node keeps ${nodes - 1} sessions besides those with its reflectors`],
      mend: 'Set bgp.nodeToNodeMesh: false once every region has its reflectors; they carry the same routes.',
    },
  ];
};

/** NE403: Calico gives every node at least one block; without a free one its pods get no address. */
const poolTooSmall: Rule = (fabric) =>
  fabric.pods.pools.flatMap((pool) => {
    const family = pool.cidr.family;
    const blocks = 2n ** BigInt(pool.blockSize - pool.cidr.length);
    const nodes = fabric.nodes.filter((node) => node.address[family] !== undefined).length;
    if (BigInt(nodes) <= blocks) return [];
    const hosts = 2n ** BigInt(addressBits(family) - pool.blockSize);
    return [
      {
        id: 'NE403',
        severity: 'error',
        path: ['pods', 'cidrs'],
        says: `pool ${pool.cidr.text} has ${blocks} blocks of /${pool.blockSize} for ${nodes} nodes`,
        evidence: [`${nodes - Number(blocks)} nodes get no block of ${hosts} addresses`],
        mend: 'Use a larger pool, or a larger pods.blockSize (smaller blocks).',
      },
    ];
  });

/** NE404: without the client's segment the only safe rule is `next hop self`. One finding a reflector. */
const hairpinUnknown: Rule = (fabric) => {
  if (fabric.bgp.reflectorNextHop === 'self') return [];
  const clients = new Map<string, string[]>();
  const neighbours = withNeighbours(fabric);
  for (const { kind, ends } of fabric.sessions) {
    const [reflector, client] = ends;
    if (kind !== 'reflector' || isKept(reflector.nextHop, client.address)) continue;
    if (reflector.nextHop.rule === 'keep' && !neighbours.has(client.speaker)) continue;
    clients.set(reflector.speaker, [...(clients.get(reflector.speaker) ?? []), client.speaker]);
  }
  return [...clients].map(([router, sessions]) => {
    const nodes = [...new Set(sessions)];
    return {
      id: 'NE404',
      severity: 'info',
      path: ['routers', router],
      says: `${router} sets itself as next hop for ${nodes.length === 1 ? nodes[0] : `${nodes.length} nodes`}: the address is on no segment of the node's`,
      evidence: [`nodes: ${someOf(nodes)}`, 'flows between neighbours may take the detour over the router'],
      mend: 'List the nodes under underlay.segments with the address that they peer from; flows on that segment then stay on it.',
    };
  });
};

/** Whether a route of this node would keep its next hop towards a neighbour on the node's own segment. */
const isKept = (rule: NextHopRule, address: IpAddress): boolean =>
  rule.rule === 'keep' && rule.onSegments.some((segment) => contains(segment, address));

/** The nodes that share a segment with another one. */
function withNeighbours(fabric: Fabric): ReadonlySet<string> {
  const on = new Map<string, string[]>();
  for (const { name, attachments } of fabric.nodes) {
    for (const { segment } of attachments) on.set(segment, [...(on.get(segment) ?? []), name]);
  }
  return new Set([...on.values()].filter((names) => names.length > 1).flat());
}

/** At most ten names, and how many more there are. */
const someOf = (names: readonly string[]): string =>
  names.length <= 10 ? names.join(', ') : `${names.slice(0, 10).join(', ')} and ${names.length - 10} more`;

/** Longer than a minute, and people look at the network before BGP does. */
const PATIENT_HOLD_TIME = 60;

/** NE405: Calico has no BFD, so that only the hold time notices a silent neighbour. */
const slowHoldTime: Rule = (fabric) =>
  fabric.bgp.holdTime <= PATIENT_HOLD_TIME
    ? []
    : [
        {
          id: 'NE405',
          severity: 'warning',
          path: ['bgp', 'holdTime'],
          says: `a router that dies silently keeps attracting traffic for up to ${fabric.bgp.holdTime} s`,
          evidence: ['the hold time is the only timer that notices: Calico offers no BFD'],
          mend: 'Use the default of 15 s, or anything up to 60.',
        },
      ];

/** NE406: the session would never come up. Only what the underlay describes is held against it. */
const unreachablePeer: Rule = (fabric) => {
  if (fabric.segments === undefined) return [];
  const pathsTo = igpPaths(fabric);
  const machines = new Map([...fabric.routers, ...fabric.nodes].map((machine) => [machine.name, machine]));
  return fabric.sessions.flatMap(({ id, transport, ends: [a, b] }): Omit<Finding, 'suppressed'>[] => {
    const stray = [a, b].find(({ speaker }) => machines.get(speaker)?.attachments.length === 0);
    const node = machines.get(b.speaker);
    const known = node === undefined || node.kind === 'router' || knowsWay(fabric, node, b.address);
    if (known && pathsTo(a.speaker, transport).distanceTo(b.speaker) !== Number.POSITIVE_INFINITY) return [];
    const about = machines.get((stray ?? b).speaker);
    return [
      {
        id: 'NE406',
        severity: stray === undefined ? 'error' : 'warning',
        path: about?.path ?? [],
        says:
          stray === undefined
            ? `${a.speaker} and ${b.speaker} peer, and nothing leads from one to the other`
            : `${stray.speaker} is on no segment, so that nothing is known of its way to ${(stray === a ? b : a).speaker}`,
        evidence: [`session ${id}: ${a.address.text} with ${b.address.text}`],
        mend: 'Add the segments that connect them under underlay.segments, with addresses of that family.',
      },
    ];
  });
};

/** A node without the IGP is reached on its segment, or by its routers' route to an address that is on none. */
const knowsWay = (fabric: Fabric, node: NodeSpeaker, address: IpAddress): boolean =>
  node.igp ||
  node.attachments.some(({ address: own }) => own[address.family]?.value === address.value) ||
  fabric.routers.some(({ staticRoutes }) => staticRoutes.some(({ machine }) => machine === node.name));

/** NE407: iBGP passes nothing on from one peer to another: regions know of each other by a session of their own. */
const isolatedRegions: Rule = (fabric) => {
  const served = fabric.regions.filter(({ nodes }) => nodes.length > 0);
  const sessions = new Set(
    fabric.sessions
      .filter(({ kind }) => kind === 'backbone')
      .map(({ ends: [a, b] }) => `${a.speaker} ${b.speaker}`),
  );
  const live = (region: FabricRegion) =>
    region.routers.filter(({ planned }) => !planned).map(({ name }) => name);
  const joined = (a: string, b: string) => a === b || sessions.has(`${a} ${b}`) || sessions.has(`${b} ${a}`);
  return served.flatMap((one, index) =>
    served
      .slice(index + 1)
      .filter((other) => !live(one).some((a) => live(other).some((b) => joined(a, b))))
      .map((other) => ({
        id: 'NE407',
        severity: fabric.bgp.nodeToNodeMesh ? ('warning' as const) : ('error' as const),
        path: other.path,
        says: `no router of region ${one.name} has a session with one of region ${other.name}`,
        evidence: [
          `${one.name}: ${live(one).join(', ')}; ${other.name}: ${live(other).join(', ')}`,
          fabric.bgp.nodeToNodeMesh
            ? "only Calico's mesh tells their nodes of each other, and no router between them"
            : 'their nodes have no routes to each other',
        ],
        mend: 'Give routers of both a backboneAddress; with bgp.backboneMesh as a list, add their pair.',
      })),
  );
};

const rules: readonly Rule[] = [
  regionWithoutNodes,
  meshTooLarge,
  poolTooSmall,
  hairpinUnknown,
  slowHoldTime,
  unreachablePeer,
  isolatedRegions,
];
