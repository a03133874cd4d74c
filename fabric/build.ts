import { hostPrefix, valuesOf } from '../topology/address.ts';
import type { HostRoute, Node, Router, Segment, SegmentMember, Topology } from '../topology/model.ts';
import { podFamilies } from '../topology/model.ts';
import { distancesOf } from './distances.ts';
import type {
  Attachment,
  Fabric,
  FabricRegion,
  GatewayRoute,
  NodeSpeaker,
  RouterSpeaker,
  StaticRoute,
  TransitHost,
} from './fabric.ts';
import { farClientsOf } from './far-clients.ts';
import { forwardersOf } from './forwarders.ts';
import { igpFamilies, igpPaths } from './igp.ts';
import { meetingOf } from './meeting.ts';
import { buildPeerings } from './peerings.ts';
import { backboneSessions } from './sessions.ts';

/**
 * Resolves a topology into its BGP intent. Total: everything that the topology's rules accept has a fabric, so there
 * is no error to return. Pure, and independent of the order of keys in the file. `smallestPodMtu` resolves `pods.mtu: auto`:
 * packet paths follow from the intent, and only the analysis knows them.
 */
export function buildFabric(
  topology: Topology,
  smallestPodMtu: (fabric: Fabric) => number | undefined,
): Fabric {
  const { mtu } = topology.pods;
  const fabric = resolved(topology, mtu === 'auto' ? undefined : mtu);
  if (mtu !== 'auto') return fabric;
  return { ...fabric, pods: { ...fabric.pods, mtu: smallestPodMtu(fabric) } };
}

function resolved(topology: Topology, podMtu: number | undefined): Fabric {
  const attachments = attachmentsOf(topology);
  const withoutFarClients = topology.routers.map((router) => routerSpeaker(router, topology, attachments));
  const firstRouter = new Map(topology.regions.map((region) => [region.name, region.routers[0]]));
  const nodes = topology.nodes.map((node) => nodeSpeaker(node, firstRouter.get(node.region), attachments));
  const hosts: TransitHost[] = topology.hosts.map((host) => ({
    ...host,
    kind: 'host',
    routes: host.routes.flatMap((route) => gatewayRoute(route, host.name, topology)),
    attachments: attachments.get(host.name) ?? [],
  }));
  const pathsTo = igpPaths({ segments: topology.segments, routers: withoutFarClients, nodes, hosts });
  const regionsWithoutFarClients = resolveRegions(topology, withoutFarClients, nodes);
  const distances = distancesOf(topology, regionsWithoutFarClients, pathsTo);
  const routers = withoutFarClients.map((router) => ({
    ...router,
    distances: distances(router),
    farClients: farClientsOf(router, withoutFarClients, regionsWithoutFarClients),
  }));
  const regions = resolveRegions(topology, routers, nodes);
  const forwarders = forwardersOf(topology, nodes);
  const peerings = buildPeerings(topology, regions, forwarders, pathsTo);
  const backbone = backboneSessions(topology, routers, regions);
  const sessions = [...peerings.flatMap((peering) => peering.sessions), ...backbone];
  const pools = topology.pods.pools;

  return {
    name: topology.name,
    bgp: {
      asNumber: topology.bgp.asNumber,
      nodeToNodeMesh: topology.bgp.nodeToNodeMesh,
      reflectorNextHop: topology.bgp.reflectorNextHop,
      holdTime: topology.bgp.holdTime,
      gracefulRestart: topology.bgp.gracefulRestart,
      exportBorrowed: topology.bgp.exportBorrowed,
    },
    pods: {
      pools,
      families: podFamilies(topology),
      natOutgoing: topology.pods.natOutgoing,
      mtu: podMtu,
      allocation: undefined,
    },
    services: topology.services,
    calico: topology.calico,
    k3s: topology.k3s,
    gitops: topology.gitops,
    labels: topology.labels,
    metrics: topology.metrics,
    regionLabel: topology.regionLabel,
    regions,
    routers,
    nodes,
    hosts,
    peerings,
    sessions: sessions.sort((a, b) => (a.id < b.id ? -1 : 1)),
    segments: topology.segments,
    suppressions: topology.suppressions,
  };
}

function routerSpeaker(
  router: Router,
  topology: Topology,
  attachments: ReadonlyMap<string, readonly Attachment[]>,
): RouterSpeaker {
  const routerAttachments = (attachments.get(router.name) ?? []).map((attachment) => ({
    ...attachment,
    interface: router.interfaces.get(attachment.segment),
  }));
  const served = new Set(
    topology.regions.filter((region) => region.routers.includes(router.name)).map((region) => region.name),
  );
  const clients = topology.nodes.filter((node) => served.has(node.region));
  return {
    kind: 'router',
    name: router.name,
    routerId: router.routerId,
    clusterId: router.clusterId,
    nodeAddress: router.nodeAddress,
    backboneAddress: router.backboneAddress,
    bfd: router.bfd,
    planned: router.planned,
    reflectorNextHop: router.reflectorNextHop,
    loopback: router.loopback,
    bird: router.bird,
    ssh: router.ssh,
    password: router.password,
    attachments: routerAttachments,
    distances: [],
    farClients: [],
    staticRoutes: clients.flatMap((node) =>
      staticRoutesTo(node, attachments.get(node.name) ?? [], router, routerAttachments),
    ),
    path: router.path,
  };
}

function nodeSpeaker(
  node: Node,
  firstRouter: string | undefined,
  attachments: ReadonlyMap<string, readonly Attachment[]>,
): NodeSpeaker {
  const defaultRouter = node.defaultRouter ?? firstRouter;
  if (defaultRouter === undefined) throw new Error(`node ${node.name} has no region with a router`);
  const { interfaces, ...rest } = node;
  const nodeAttachments = (attachments.get(node.name) ?? []).map((attachment) => ({
    ...attachment,
    interface: interfaces.get(attachment.segment),
  }));
  return { ...rest, kind: 'node', defaultRouter, attachments: nodeAttachments };
}

/** The next hop is on a segment of the host: the topology's rules ensure that. */
function gatewayRoute({ prefix, via }: HostRoute, host: string, { segments = [] }: Topology): GatewayRoute[] {
  return segments
    .filter(({ members }) => members.some(({ machine }) => machine === host))
    .flatMap(({ name, members }) =>
      members
        .filter(({ address }) => address[via.family]?.text === via.text)
        .map(({ machine }) => ({ prefix, segment: name, via, to: machine })),
    );
}

/**
 * A node that does not run the IGP and peers from an off-segment address (a loopback, another NIC) is
 * unknown to the underlay: its region's routers reach that address through the node's address on a shared segment.
 */
function staticRoutesTo(
  node: Node,
  nodeSide: readonly Attachment[],
  router: Router,
  routerSide: readonly Attachment[],
): StaticRoute[] {
  if (node.igp) return [];
  return valuesOf(node.address).flatMap((address) => {
    const { family } = address;
    const onSegment = nodeSide.some((attachment) => attachment.address[family]?.value === address.value);
    const meeting = meetingOf(nodeSide, routerSide, family, [router.nodeAddress[family]]);
    const via = meeting?.own.address[family];
    return onSegment || via === undefined ? [] : [{ machine: node.name, prefix: hostPrefix(address), via }];
  });
}

function resolveRegions(
  topology: Topology,
  routers: readonly RouterSpeaker[],
  nodes: readonly NodeSpeaker[],
): FabricRegion[] {
  const routerNamed = new Map(routers.map((router) => [router.name, router]));
  const nodesIn = new Map<string, NodeSpeaker[]>(topology.regions.map((region) => [region.name, []]));
  for (const node of nodes) nodesIn.get(node.region)?.push(node);
  return topology.regions.map((region) => ({
    name: region.name,
    routers: region.routers.flatMap((name) => routerNamed.get(name) ?? []),
    nodes: nodesIn.get(region.name) ?? [],
    k3sMirror: region.k3sMirror,
    registryMirrors: region.registryMirrors,
    path: region.path,
  }));
}

/** Every machine's attachments to segments, in the order of segment names. */
function attachmentsOf(topology: Topology): ReadonlyMap<string, readonly Attachment[]> {
  const all = new Map<string, Attachment[]>();
  const igp = igpFamilies(topology);
  for (const segment of topology.segments ?? []) {
    for (const member of segment.members) {
      const ofMachine = all.get(member.machine) ?? [];
      ofMachine.push(attachment(segment, member, igp(segment, member)));
      all.set(member.machine, ofMachine);
    }
  }
  return all;
}

function attachment(segment: Segment, { address, mtu }: SegmentMember, igp: Attachment['igp']): Attachment {
  return {
    segment: segment.name,
    cidr: segment.cidr,
    address,
    mtu,
    cost: segment.cost,
    igp,
    interface: undefined,
  };
}
