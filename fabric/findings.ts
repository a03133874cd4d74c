import { addressBits } from '../topology/address.ts';
import type { Path } from '../topology/model.ts';
import type { Fabric } from './fabric.ts';

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
  for (const { kind, ends } of fabric.sessions) {
    const [reflector, client] = ends;
    if (kind !== 'reflector' || reflector.nextHop.rule !== 'self') continue;
    clients.set(reflector.speaker, [...(clients.get(reflector.speaker) ?? []), client.speaker]);
  }
  return [...clients].map(([router, sessions]) => {
    const nodes = [...new Set(sessions)];
    return {
      id: 'NE404',
      severity: 'info',
      path: ['routers', router],
      says: `${router} sets itself as next hop towards ${nodes.length === 1 ? nodes[0] : `${nodes.length} nodes`}, whose segment is unknown`,
      evidence: [`nodes: ${someOf(nodes)}`, 'flows between neighbours may take the detour over the router'],
      mend: 'List the nodes as members of their segment under underlay.segments; flows on that segment then stay on it.',
    };
  });
};

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

const rules: readonly Rule[] = [regionWithoutNodes, meshTooLarge, poolTooSmall, hairpinUnknown, slowHoldTime];
