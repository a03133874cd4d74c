import { contains, type Family, type IpAddress, type Prefix } from '../topology/address.ts';
import { nodeBlocks } from './blocks.ts';
import type { Fabric, NodeSpeaker, RouterSpeaker, Session, TransitHost } from './fabric.ts';
import { igpPaths } from './igp.ts';
import { leadsTo } from './leads-to.ts';
import { defaultRoutes, type Gateway, gatewayRouteTo, gatewaysOf } from './own-ways.ts';
import { meshSessions } from './sessions.ts';
import type { IgpHop, ShortestPaths } from './shortest-paths.ts';

/**
 * What must be true of a network that runs this fabric. One set for everyone who checks one: the lab, a simulator, a running
 * network. States what is right, not what will happen: each of several equal paths is right.
 */
export interface Expectations {
  /** Established at both ends. */
  readonly sessions: readonly Session[];
  /** Every ordered pair of nodes and every family of pods. */
  readonly pairs: readonly PairExpectation[];
  /** How many routes an end of a session sends; undefined if that depends only on who reflects for whom. */
  readonly exported?: (session: Session, speaker: string) => number;
  /** Expectations for borrowed addresses; undefined if there are none. */
  readonly borrowed?: readonly LoanExpectation[];
}

/** A pod with an address that its node borrowed from another node's block. */
export interface LoanExpectation {
  readonly address: IpAddress;
  readonly node: string;
  /** The node that has the block. */
  readonly owner: string;
  /** The machines that have a route to the address itself; undefined after a failure: Calico's mesh keeps the routes of a silent peer for minutes. */
  readonly withRoute: ReadonlySet<string> | undefined;
  /** By node, whether packets of its pods arrive there, and replies come back. */
  readonly arrives: ReadonlyMap<string, 'all' | 'some' | 'none'>;
}

/** Reachability from the pods of one node to those of another. */
export interface PairExpectation {
  readonly from: string;
  readonly to: string;
  readonly family: Family;
  /** Whether the fabric has a path at all. */
  readonly reachable: boolean;
  /** Whether some packets are lost although others arrive: one of several paths is broken. */
  readonly isLossy?: boolean;
  /** The right next steps of every machine that a packet may visit. The target has none. */
  readonly steps: ReadonlyMap<string, readonly IgpHop[]>;
  /** By prefix, the right next hops of the machines' routes to it, if packets can match several prefixes: otherwise `steps` to each block. */
  readonly routes?: ReadonlyMap<string, ReadonlyMap<string, readonly IgpHop[]>>;
}

export function expectations(fabric: Fabric): Expectations {
  const ways = waysOf(fabric);
  return {
    sessions: [...fabric.sessions, ...meshSessions(fabric)],
    pairs: fabric.pods.families.flatMap((family) =>
      fabric.nodes.flatMap((from) =>
        fabric.nodes.flatMap((to): PairExpectation[] => {
          if (from === to || from.address[family] === undefined || to.address[family] === undefined)
            return [];
          const steps = stepsBetween(ways, from, to, family);
          return [
            {
              from: from.name,
              to: to.name,
              family,
              reachable: leadsTo(from.name, to.name, (machine) => steps.get(machine) ?? []),
              steps,
            },
          ];
        }),
      ),
    ),
  };
}

interface FabricIndex {
  readonly fabric: Fabric;
  /** The IGP of a family runs over the segments that have the family. */
  readonly pathsTo: (machine: string, family: Family) => ShortestPaths;
  readonly routers: ReadonlyMap<string, RouterSpeaker>;
  readonly nodes: ReadonlyMap<string, NodeSpeaker>;
  readonly gateways: ReadonlyMap<string, Gateway>;
  readonly blocks: ReadonlyMap<string, readonly Prefix[]>;
  /** By node and family, the routers that have a session with it. */
  readonly reflectorsOf: ReadonlyMap<string, readonly string[]>;
  /** The same for those that reach it through another router. */
  readonly farReflectorsOf: ReadonlyMap<string, readonly string[]>;
  /** By two router names, the sessions between them. */
  readonly backbone: ReadonlyMap<string, readonly Session[]>;
}

function waysOf(fabric: Fabric): FabricIndex {
  const reflectorsOf = new Map<string, string[]>();
  const farReflectorsOf = new Map<string, string[]>();
  const backbone = new Map<string, Session[]>();
  const add = <T>(map: Map<string, T[]>, key: string, value: T) =>
    map.set(key, [...(map.get(key) ?? []), value]);
  for (const session of fabric.sessions) {
    const [a, b] = session.ends.map(({ speaker }) => speaker) as [string, string];
    if (session.kind === 'reflector') {
      add(reflectorsOf, `${b} ${session.transport}`, a);
      if (session.isFar) add(farReflectorsOf, `${b} ${session.transport}`, a);
    } else for (const key of [`${a} ${b}`, `${b} ${a}`]) add(backbone, key, session);
  }
  const routers = new Map(fabric.routers.map((router) => [router.name, router]));
  return {
    fabric,
    pathsTo: igpPaths(fabric),
    routers,
    nodes: new Map(fabric.nodes.map((node) => [node.name, node])),
    gateways: gatewaysOf(fabric),
    blocks: nodeBlocks(fabric),
    reflectorsOf,
    farReflectorsOf,
    backbone,
  };
}

/** All machines on the path, each with its right next steps. */
function stepsBetween(
  ways: FabricIndex,
  from: NodeSpeaker,
  to: NodeSpeaker,
  family: Family,
): Map<string, IgpHop[]> {
  const steps = new Map<string, IgpHop[]>([[from.name, firstSteps(ways, from, to, family)]]);
  const open = (steps.get(from.name) ?? []).map((step) => step.to);
  for (let machine = open.pop(); machine !== undefined; machine = open.pop()) {
    if (steps.has(machine) || machine === to.name) continue;
    const next = stepsAt(ways, machine, to, family);
    steps.set(machine, next);
    open.push(...next.map((step) => step.to));
  }
  return steps;
}

/**
 * A node reaches nodes on its own segment directly, unless reflectors set themselves as next hop and Calico's mesh is
 * off; everything else through one of its reflectors. The mesh adds the underlay's path to the other node.
 */
function firstSteps(ways: FabricIndex, from: NodeSpeaker, to: NodeSpeaker, family: Family): IgpHop[] {
  const { bgp } = ways.fabric;
  const reflectors = (ways.reflectorsOf.get(`${from.name} ${family}`) ?? []).flatMap(
    (name) => ways.routers.get(name) ?? [],
  );
  const direct = sharedSegments(from, to, family).map((segment) => ({ segment, to: to.name }));
  const hasSession = bgp.nodeToNodeMesh || reflectors.length > 0;
  if (direct.length > 0 && hasSession && bgp.reflectorNextHop === 'keep') return direct;
  if (reflectors.some(({ name }) => leavesNextHops(ways, name, from.name, family))) {
    const exits = (ways.reflectorsOf.get(`${to.name} ${family}`) ?? []).flatMap(
      (name) => ways.routers.get(name) ?? [],
    );
    return unique([to, ...exits].flatMap((next) => underlaySteps(ways, from, next, family)));
  }
  return unique([
    ...reflectors.flatMap((reflector) => underlaySteps(ways, from, reflector, family)),
    ...(bgp.nodeToNodeMesh ? (direct.length > 0 ? direct : underlaySteps(ways, from, to, family)) : []),
  ]);
}

/** Whether a reflector sends a node unchanged next hops. */
const leavesNextHops = ({ fabric }: FabricIndex, router: string, node: string, family: Family): boolean =>
  fabric.sessions.some(
    ({ transport, ends: [reflector, client] }) =>
      reflector.speaker === router &&
      client.speaker === node &&
      transport === family &&
      reflector.nextHop.rule === 'unchanged',
  );

/** A node without the IGP has its segments and one default route. */
function underlaySteps(
  { gateways, pathsTo }: FabricIndex,
  from: NodeSpeaker,
  to: NodeSpeaker | RouterSpeaker,
  family: Family,
): readonly IgpHop[] {
  if (from.igp) return pathsTo(to.name, family).firstHopsFrom(from.name);
  const near = sharedSegments(from, to, family);
  if (near.length > 0) return near.map((segment) => ({ segment, to: to.name }));
  return defaultRoutes(from, gateways)
    .filter(({ via }) => via.family === family)
    .map(({ segment }) => ({ segment, to: from.defaultRouter }));
}

/** A gateway without BGP uses its own routes: those that contain the node's blocks, since no segment's range does. */
function gatewaySteps(
  { blocks }: FabricIndex,
  gateway: TransitHost,
  to: NodeSpeaker,
  family: Family,
): IgpHop[] {
  const [block] = (blocks.get(to.name) ?? []).filter((one) => one.family === family);
  const route = block && gatewayRouteTo(gateway.routes, block);
  return route === undefined ? [] : [{ segment: route.segment, to: route.to }];
}

/** A static route may lead back to a node, which forwards as if one of its own pods had sent the packet. */
function stepsAt(ways: FabricIndex, machine: string, to: NodeSpeaker, family: Family): IgpHop[] {
  const gateway = ways.gateways.get(machine);
  if (gateway?.kind === 'host') return gatewaySteps(ways, gateway, to, family);
  const node = ways.nodes.get(machine);
  return node === undefined ? routerSteps(ways, machine, to, family) : firstSteps(ways, node, to, family);
}

/**
 * A router forwards directly to a node that it reflects for, and to one on a segment that it shares with another reflector of the
 * node, which keeps the next hop there; it forwards to the routers that reflect for the node, if it has a session with them. A reflector
 * that is not adjacent to the node may do either.
 */
function routerSteps(ways: FabricIndex, machine: string, to: NodeSpeaker, family: Family): IgpHop[] {
  const { pathsTo, reflectorsOf, farReflectorsOf } = ways;
  const reflectors = reflectorsOf.get(`${to.name} ${family}`) ?? [];
  const far = farReflectorsOf.get(`${to.name} ${family}`) ?? [];
  const direct = reflectors.includes(machine) ? pathsTo(to.name, family).firstHopsFrom(machine) : [];
  if (reflectors.includes(machine) && !far.includes(machine)) return [...direct];
  return unique([...direct, ...reflectors.flatMap((name) => stepsBy(ways, machine, name, to, family))]);
}

/** The next steps of a router to which a reflector announces the node. */
function stepsBy(
  { fabric, pathsTo, routers, farReflectorsOf, backbone }: FabricIndex,
  machine: string,
  reflector: string,
  to: NodeSpeaker,
  family: Family,
): readonly IgpHop[] {
  const router = routers.get(machine);
  return (backbone.get(`${machine} ${reflector}`) ?? [])
    .filter(({ carries }) => carries.includes(family))
    .flatMap(({ transport, ends }) => {
      const { nextHop } = ends.find(({ speaker }) => speaker === reflector) ?? ends[0];
      const isFar = farReflectorsOf.get(`${to.name} ${family}`)?.includes(reflector) ?? false;
      const isLeft = nextHop.rule === 'unchanged' || (nextHop.rule === 'keep' && nextHop.farClients && isFar);
      if (isLeft) return pathsTo(to.name, family).firstHopsFrom(machine);
      const kept = nextHop.rule === 'keep' && router !== undefined ? sharedSegments(router, to, family) : [];
      return kept.length > 0 && fabric.bgp.reflectorNextHop === 'keep'
        ? kept.map((segment) => ({ segment, to: to.name }))
        : pathsTo(reflector, transport).firstHopsFrom(machine);
    });
}

/** Segments of both that have the second one's BGP address: a node may peer from an off-segment address. */
function sharedSegments(
  a: NodeSpeaker | RouterSpeaker,
  b: NodeSpeaker | RouterSpeaker,
  family: Family,
): string[] {
  const address = b.kind === 'node' ? b.address[family] : undefined;
  const ofB = b.attachments.filter(({ cidr, address: onSegment }) => {
    const range = cidr[family];
    return (
      range !== undefined &&
      onSegment[family] !== undefined &&
      (address === undefined || contains(range, address))
    );
  });
  const ofA = new Set(a.attachments.filter((one) => one.address[family]).map(({ segment }) => segment));
  return ofB.map(({ segment }) => segment).filter((segment) => ofA.has(segment));
}

const unique = (steps: readonly IgpHop[]): IgpHop[] => [
  ...new Map(steps.map((step) => [`${step.segment} ${step.to}`, step])).values(),
];
