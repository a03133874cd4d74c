import { BLOCK_SIZES } from '../calico/defaults.ts';
import type { Family, Prefix } from './address.ts';
import { compareAddresses, prefixOf, valuesOf } from './address.ts';
import type {
  BgpFilter,
  Calico,
  FilterRule,
  Host,
  HostRoute,
  Node,
  NodeAddressDetection,
  Pool,
  Region,
  Router,
  Segment,
  Topology,
} from './model.ts';
import type { TopologyFile } from './schema.ts';

/**
 * Turns a file without faults into a topology: fills in defaults that depend on other fields, and makes records lists
 * sorted by name. Never fails on what the rules accept.
 */
export function withDefaults(file: TopologyFile): Topology {
  const { bgp, pods, services, k3s, gitops, labels, checks } = file;
  return {
    name: file.name,
    bgp: {
      asNumber: bgp.asNumber,
      nodeToNodeMesh: bgp.nodeToNodeMesh,
      reflectorNextHop: bgp.reflectorNextHop,
      holdTime: bgp.holdTime,
      gracefulRestart: bgp.gracefulRestart,
      backboneMesh: bgp.backboneMesh === true ? 'full' : bgp.backboneMesh === false ? [] : bgp.backboneMesh,
      exportBorrowed: bgp.exportBorrowed,
    },
    pods: {
      pools: poolsOf(pods),
      natOutgoing: pods.natOutgoing,
      mtu: pods.mtu,
    },
    services: { cidrs: byAddress(services.cidrs) },
    calico: finaliseCalico(file.calico),
    k3s: {
      version: k3s.version,
      installerSha256: [...(k3s.installerSha256 ?? [])].sort(),
      firstServer: k3s.firstServer ?? onlyServer(file),
      clusterCidrs: byAddress(k3s.clusterCidrs ?? pods.cidrs),
    },
    gitops,
    labels: { image: labels.image, reconcile: labels.reconcile, retired: [...labels.retired].sort() },
    metrics: file.metrics && {
      namespace: file.metrics.namespace,
      labels: byName(file.metrics.labels, (key, value) => [key, value] as const),
    },
    regionLabel: file.regionLabel,
    regions: byName(
      file.regions,
      (name, region): Region => ({
        name,
        routers: region.routers ?? (region.router === undefined ? [] : [region.router]),
        k3sMirror: region.k3sMirror,
        registryMirrors: byName(region.registryMirrors, (registry, endpoints) => ({ registry, endpoints })),
        path: ['regions', name],
      }),
    ),
    routers: byName(file.routers, (name, router) => finaliseRouter(name, router, bgp.reflectorNextHop)),
    nodes: byName(
      file.nodes,
      (name, node): Node => ({
        name,
        region: node.region,
        role: node.role,
        address: node.address,
        igp: node.igp,
        blocks: byAddress(node.block ?? []),
        defaultRouter: node.defaultRouter,
        interfaces: new Map(byName(node.interfaces, (segment, ifname) => [segment, ifname] as const)),
        path: ['nodes', name],
      }),
    ),
    hosts: byName(
      file.hosts,
      (name, host): Host => ({
        name,
        igp: host.igp,
        forwards: host.forwards ?? host.igp,
        routes: hostRoutes(host),
        path: ['hosts', name],
      }),
    ),
    segments: file.underlay && byName(file.underlay.segments, finaliseSegment),
    suppressions: checks.suppress.map((suppression, index) => ({
      ...suppression,
      path: ['checks', 'suppress', index],
    })),
  };
}

function poolsOf({ cidrs, retiring, blockSize }: TopologyFile['pods']): Pool[] {
  const pool = (cidr: Prefix, isRetiring: boolean): Pool => ({
    cidr,
    blockSize: blockSizeOf(blockSize, cidr.family),
    retiring: isRetiring,
  });
  return byAddress(cidrs).flatMap((cidr) => [
    pool(cidr, false),
    ...byAddress(retiring.filter(({ family }) => family === cidr.family)).map((one) => pool(one, true)),
  ]);
}

/** The block size of a family: the number if it suits that family, otherwise Calico's own default. */
export function blockSizeOf(written: TopologyFile['pods']['blockSize'], family: Family): number {
  const { least, most, byDefault } = BLOCK_SIZES[family];
  if (typeof written !== 'number') return written?.[family] ?? byDefault;
  return written >= least && written <= most ? written : byDefault;
}

function finaliseCalico(calico: TopologyFile['calico']): Calico {
  return {
    version: calico.version,
    registry: calico.registry,
    api: typeof calico.api === 'string' ? calico.api : calico.api.from,
    apiMovesTo: typeof calico.api === 'string' ? undefined : calico.api.to,
    nodeAddress: detection(calico.nodeAddress),
    containerIPForwarding: calico.containerIPForwarding,
    imagePullSecrets: calico.imagePullSecrets,
    operatorManifest: calico.operatorManifest,
    filters: byName(
      calico.filters,
      (name, filter): BgpFilter => ({
        name,
        routers: [...filter.routers].sort(),
        import: filter.import.map(finaliseRule),
        export: filter.export.map(finaliseRule),
        path: ['calico', 'filters', name],
      }),
    ),
  };
}

function finaliseRule(rule: TopologyFile['calico']['filters'][string]['import'][number]): FilterRule {
  const { min, max } = rule.prefixLength ?? {};
  return {
    action: rule.action,
    match: rule.match,
    prefixLength:
      min === undefined && max === undefined
        ? undefined
        : { ...(min !== undefined && { min }), ...(max !== undefined && { max }) },
    source: rule.source,
  };
}

function detection(written: TopologyFile['calico']['nodeAddress']): NodeAddressDetection {
  if (typeof written === 'string') return { method: written };
  if (written.interface !== undefined) return { method: 'interface', interface: written.interface };
  if (written.skipInterface !== undefined)
    return { method: 'skipInterface', interface: written.skipInterface };
  if (written.canReach !== undefined) return { method: 'canReach', address: written.canReach };
  return { method: 'cidrs', cidrs: written.cidrs ?? [] };
}

function finaliseRouter(
  name: string,
  router: TopologyFile['routers'][string],
  reflectorNextHop: Router['reflectorNextHop'],
): Router {
  return {
    name,
    routerId: router.routerId,
    nodeAddress: router.nodeAddress ?? {},
    backboneAddress: router.backboneAddress ?? {},
    clusterId: router.clusterId ?? router.routerId,
    bfd: router.bfd,
    planned: router.planned,
    reflectorNextHop: router.reflectorNextHop ?? reflectorNextHop,
    loopback: router.loopback,
    ssh: { host: router.ssh.host ?? name, user: router.ssh.user, port: router.ssh.port },
    bird: router.bird,
    interfaces: new Map(byName(router.interfaces, (segment, ifname) => [segment, ifname] as const)),
    password: router.password,
    path: ['routers', name],
  };
}

function hostRoutes({ routes, default: gateway }: TopologyFile['hosts'][string]): HostRoute[] {
  return [
    ...routes.map(({ to, via }) => ({ prefix: to, via })),
    ...valuesOf(gateway ?? {}).map((via) => ({ prefix: prefixOf(via, 0), via })),
  ].sort((a, b) => b.prefix.length - a.prefix.length || compareAddresses(a.prefix, b.prefix));
}

function finaliseSegment(
  name: string,
  segment: NonNullable<TopologyFile['underlay']>['segments'][string],
): Segment {
  return {
    name,
    cidr: segment.cidr,
    mtu: segment.mtu,
    cost: segment.cost,
    members: byName(segment.members, (machine, address) => ({
      machine,
      address,
      mtu: segment.memberMtu[machine] ?? segment.mtu,
    })),
    path: ['underlay', 'segments', name],
  };
}

/** The rules require `firstServer` if there is a choice. A file without nodes starts no cluster. */
function onlyServer(file: TopologyFile): string {
  return Object.entries(file.nodes).find(([, node]) => node.role === 'server')?.[0] ?? '';
}

/** Entries sorted by the code units of their names, independent of locale. */
function byName<V, T>(record: Readonly<Record<string, V>>, make: (name: string, value: V) => T): T[] {
  return Object.entries(record)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => make(name, value));
}

const byAddress = (prefixes: readonly Prefix[]): Prefix[] => [...prefixes].sort(compareAddresses);
