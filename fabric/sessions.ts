import type { Family, IpAddress, PerFamily, Prefix } from '../topology/address.ts';
import { familiesOf, valuesOf } from '../topology/address.ts';
import type { Topology } from '../topology/model.ts';
import { podFamilies } from '../topology/model.ts';
import type {
  Fabric,
  FabricRegion,
  NextHopRule,
  NodeSpeaker,
  RouterSpeaker,
  Session,
  SessionEnd,
} from './fabric.ts';
import { isFar, mayHaveNodesIn, mayPassFarClients } from './far-clients.ts';
import { type Forwarders, haveForwarder } from './forwarders.ts';
import type { PathsTo } from './igp.ts';
import { type Meeting, meetingOf } from './meeting.ts';
import { backboneProtocol, nodeProtocol } from './protocol-names.ts';

/**
 * BIRD's preference for routes from a reflector's own clients; all other BGP routes have 100. Without it a reflector that is as
 * close to the client as another reflector treats the other's route to the client as equally good: packets loop between the two,
 * and which one announces the block depends on which was first.
 */
export const CLIENT_PREFERENCE = 110;

/** The session of one node with one of its region's reflectors. Both ends share `address.family`. */
export function reflectorSession(
  topology: Topology,
  router: RouterSpeaker,
  node: NodeSpeaker,
  family: Family,
  forwarders: Forwarders,
  pathsTo: PathsTo,
): Session | undefined {
  const routerAddress = router.nodeAddress[family];
  const nodeAddress = node.address[family];
  if (routerAddress === undefined || nodeAddress === undefined) return undefined;
  const talking = [routerAddress, nodeAddress];
  const meeting = meetingOf(router.attachments, node.attachments, family, talking);
  return {
    id: sessionId(router.name, node.name, family),
    kind: 'reflector',
    transport: family,
    carries: [family],
    ends: [
      {
        speaker: router.name,
        kind: 'router',
        address: routerAddress,
        asNumber: topology.bgp.asNumber,
        role: 'reflector',
        nextHop: towardsClient(topology, router, routerAddress, node, meeting, forwarders, pathsTo),
        protocol: asNamed(router, nodeProtocol(node.name, family)),
      },
      nodeEnd(topology.bgp.asNumber, node, nodeAddress, 'client'),
    ],
    bfd: false,
    isFar: isFar(router, node, family, pathsTo),
    isByDefault: topology.segments !== undefined && !node.igp && meeting === undefined,
  };
}

/** Sessions between routers: every pair, or the pairs that `bgp.backboneMesh` lists. */
export function backboneSessions(
  topology: Topology,
  routers: readonly RouterSpeaker[],
  regions: readonly FabricRegion[],
): Session[] {
  const speakers = routers.filter((router) => !router.planned && valuesOf(router.backboneAddress).length > 0);
  return pairsOf(speakers)
    .filter(([a, b]) => peers(topology, a, b))
    .flatMap(([a, b]) =>
      backboneTransports(a.backboneAddress, b.backboneAddress, podFamilies(topology)).map(
        ({ transport, carries, addresses: [addressA, addressB] }): Session => {
          const shared = sharedSegments(a, b, regions, carries);
          const end = (router: RouterSpeaker, address: IpAddress, other: RouterSpeaker): SessionEnd => ({
            speaker: router.name,
            kind: 'router',
            address,
            asNumber: topology.bgp.asNumber,
            role: 'peer',
            nextHop: nextHopRule(
              router,
              shared,
              carries.map(() => address),
              router.farClients.includes(transport),
            ),
            protocol: asNamed(router, backboneProtocol(other.name, carries, transport)),
          });
          return {
            id: sessionId(a.name, b.name, transport),
            kind: 'backbone',
            transport,
            carries,
            ends: [end(a, addressA, b), end(b, addressB, a)],
            bfd: a.bfd && b.bfd,
            isFar: false,
            isByDefault: false,
          };
        },
      ),
    );
}

/**
 * Calico's own full mesh, which Calico creates itself: for the simulator, the lab and the diff. A generator,
 * because 1,000 nodes have half a million of these.
 */
export function* meshSessions(fabric: Fabric): Generator<Session> {
  if (!fabric.bgp.nodeToNodeMesh) return;
  for (const [a, b] of pairsOf(fabric.nodes)) {
    for (const family of fabric.pods.families) {
      const [addressA, addressB] = [a.address[family], b.address[family]];
      if (addressA === undefined || addressB === undefined) continue;
      yield {
        id: sessionId(a.name, b.name, family),
        kind: 'mesh',
        transport: family,
        carries: [family],
        ends: [
          nodeEnd(fabric.bgp.asNumber, a, addressA, 'peer'),
          nodeEnd(fabric.bgp.asNumber, b, addressB, 'peer'),
        ],
        bfd: false,
        isFar: false,
        isByDefault: false,
      };
    }
  }
}

/** This speaker's end and the one across. Throws if the speaker is not on the session: a bug of the caller. */
export function endsFor(session: Session, speaker: string): { local: SessionEnd; remote: SessionEnd } {
  const [first, second] = session.ends;
  if (first.speaker === speaker) return { local: first, remote: second };
  if (second.speaker === speaker) return { local: second, remote: first };
  throw new Error(`${speaker} is not an end of ${session.id}`);
}

function nodeEnd(
  asNumber: number,
  node: NodeSpeaker,
  address: IpAddress,
  role: SessionEnd['role'],
): SessionEnd {
  return {
    speaker: node.name,
    kind: 'node',
    address,
    asNumber,
    role,
    nextHop: { rule: 'own' },
    protocol: undefined,
  };
}

/** The name that a protocol had before noencap, if the topology keeps it. */
const asNamed = ({ bird: { adopted } }: RouterSpeaker, name: string): string =>
  Object.hasOwn(adopted.protocols, name) ? (adopted.protocols[name] ?? name) : name;

/**
 * What a reflector does to the next hop of a route it reflects to a client. A next hop on a segment of the client
 * is kept, since the client reaches it directly: `next hop self` there would send half of the flows to the router
 * and back out of the same interface. Everything else goes through the reflector itself, except for clients that may be on its path.
 */
function towardsClient(
  topology: Topology,
  router: RouterSpeaker,
  session: IpAddress,
  node: NodeSpeaker,
  meeting: Meeting | undefined,
  forwarders: Forwarders,
  pathsTo: PathsTo,
): NextHopRule {
  const { family } = session;
  if (isOnTheWay(topology, router, node, family, pathsTo) && router.reflectorNextHop === 'keep')
    return { rule: 'unchanged' };
  const near = node.attachments.filter(({ cidr }) => cidr[family] !== undefined);
  // With the IGP a client reaches the reflector over whichever segment is up; others have one default route, perhaps to another
  // router, and reach this one only over their own segment.
  const fallback = node.igp ? session : (meeting?.own.address[family] ?? session);
  const rule = nextHopRule(
    router,
    near.flatMap(({ cidr }) => cidr[family] ?? []),
    [fallback],
  );
  if (rule.rule !== 'keep') return rule;
  const segments = near.map(({ segment }) => segment);
  const isBehindOther = haveForwarder(forwarders, segments, family, [router.name, node.name]);
  // Its neighbours then also peer from an off-segment address: the static routes to them lead through their addresses on the segment.
  const isOnNone = node.attachments.every(
    ({ address }) => address[family]?.text !== node.address[family]?.text,
  );
  return { ...rule, gateways: isBehindOther || (isOnNone && !node.igp) };
}

/**
 * A node on several segments that runs the IGP may be the next hop on its reflector's own path to another router: if it sent to the
 * reflector, the two would send packets to each other. Such a node resolves every next hop itself; except IPv6 next hops of IPv4
 * routes (RFC 8950), which Calico's BIRD does not accept: routers without an IPv4 backbone address use these.
 */
function isOnTheWay(
  { routers }: Topology,
  router: RouterSpeaker,
  { name, igp, attachments }: NodeSpeaker,
  family: Family,
  pathsTo: PathsTo,
): boolean {
  if (!igp || attachments.length < 2) return false;
  if (mayPassFarClients(router, attachments, family)) return true;
  const exits = routers.filter(
    (one) => one.name !== router.name && !one.planned && familiesOf(one.backboneAddress).length > 0,
  );
  return (
    exits.every(({ backboneAddress }) => backboneAddress[family] !== undefined) &&
    exits.some((exit) =>
      pathsTo(exit.name, family)
        .firstHopsFrom(router.name)
        .some(({ to }) => to === name),
    )
  );
}

/** `near` are the ranges in which the other end reaches next hops directly. */
function nextHopRule(
  { reflectorNextHop }: RouterSpeaker,
  near: readonly Prefix[],
  otherwise: readonly IpAddress[],
  farClients = false,
): NextHopRule {
  if (reflectorNextHop === 'unchanged') return { rule: 'unchanged' };
  if (reflectorNextHop === 'self' || (near.length === 0 && !farClients)) return { rule: 'self' };
  return { rule: 'keep', onSegments: near, gateways: false, farClients, otherwise };
}

/**
 * The ranges that two reflectors of one region share, and those of two routers in which one of them may have nodes: the rule of
 * `towardsClient` also applies to the session between them. With plain `next hop self` a node that lost one of its two sessions
 * hairpins, as does one whose packets reach its segment through another router. Independent of existing nodes: otherwise a new node
 * would change the session of its routers.
 */
function sharedSegments(
  a: RouterSpeaker,
  b: RouterSpeaker,
  regions: readonly FabricRegion[],
  carries: readonly Family[],
): Prefix[] {
  const together = regions.some((region) => region.routers.includes(a) && region.routers.includes(b));
  const ofB = new Set(b.attachments.map((attachment) => attachment.segment));
  return a.attachments
    .filter(({ segment }) => ofB.has(segment))
    .flatMap(({ cidr }) => carries.flatMap((family) => cidr[family] ?? []))
    .filter((range) => together || [a, b].some((router) => mayHaveNodesIn(router, range)));
}

interface Transport {
  readonly transport: Family;
  readonly carries: readonly Family[];
  readonly addresses: readonly [IpAddress, IpAddress];
}

/**
 * Each family uses its own transport if both ends have one. IPv4 can also use IPv6 (RFC 8950, extended
 * next hop), as in the field report; IPv6 over IPv4 has no such encoding, and the topology's rules refuse it.
 */
export function backboneTransports(
  a: PerFamily<IpAddress>,
  b: PerFamily<IpAddress>,
  families: readonly Family[],
): Transport[] {
  const v4 = a.ipv4 && b.ipv4 ? ([a.ipv4, b.ipv4] as const) : undefined;
  const v6 = a.ipv6 && b.ipv6 ? ([a.ipv6, b.ipv6] as const) : undefined;
  const onV4 = families.filter((family) => family === 'ipv4' && v4);
  const onV6 = families.filter((family) => v6 && (family === 'ipv6' || !v4));
  return [
    ...(v4 && onV4.length > 0 ? [{ transport: 'ipv4' as const, carries: onV4, addresses: v4 }] : []),
    ...(v6 && onV6.length > 0 ? [{ transport: 'ipv6' as const, carries: onV6, addresses: v6 }] : []),
  ];
}

function peers(topology: Topology, a: RouterSpeaker, b: RouterSpeaker): boolean {
  const mesh = topology.bgp.backboneMesh;
  return (
    mesh === 'full' || mesh.some(([x, y]) => (x === a.name && y === b.name) || (x === b.name && y === a.name))
  );
}

/** All unordered pairs of a list sorted by name, the lower name first. */
function* pairs<T>(items: readonly T[]): Generator<readonly [T, T]> {
  for (const [index, first] of items.entries()) {
    for (const second of items.slice(index + 1)) yield [first, second];
  }
}

const pairsOf = <T>(items: readonly T[]): (readonly [T, T])[] => [...pairs(items)];

export function sessionId(a: string, b: string, family: Family): string {
  return a < b ? `${a}--${b}/${family}` : `${b}--${a}/${family}`;
}
