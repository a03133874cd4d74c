import type { Family, IpAddress, PerFamily, Prefix } from './address.ts';

/** Path of a value in the topology: `['regions', 'WDS', 'router']`. `Source` resolves it to line and column. */
export type Path = readonly (string | number)[];

/**
 * A topology that passed every rule: defaults filled in, addresses parsed, references resolved. Lists are
 * sorted by name, so that the order of keys in the file never reaches the output.
 */
export interface Topology {
  readonly name: string;
  readonly bgp: Bgp;
  readonly pods: Pods;
  readonly services: Services;
  readonly calico: Calico;
  readonly k3s: K3s;
  readonly gitops: Gitops;
  readonly labels: Labels;
  /** Undefined: no metrics are rendered. */
  readonly metrics: Metrics | undefined;
  readonly regionLabel: string;
  readonly regions: readonly Region[];
  readonly routers: readonly Router[];
  readonly nodes: readonly Node[];
  readonly hosts: readonly Host[];
  /** Undefined if the file has no `underlay`: every session endpoint then counts as reachable. */
  readonly segments: readonly Segment[] | undefined;
  readonly suppressions: readonly Suppression[];
}

export interface Bgp {
  /** 1 to 2^31-1: Calico's asNumber is an int32. */
  readonly asNumber: number;
  readonly nodeToNodeMesh: boolean;
  readonly reflectorNextHop: ReflectorNextHop;
  /** Seconds, on reflector and backbone sessions. */
  readonly holdTime: number;
  /** `aware`: BIRD's default: helps restarting peers, but does not ask them to keep its own routes. */
  readonly gracefulRestart: boolean | 'aware';
  /** `full`: every router with every other; otherwise the pairs of router names that peer. */
  readonly backboneMesh: 'full' | readonly (readonly [string, string])[];
  /** Routers also accept /32 and /128: addresses that a node borrowed from another node's block. */
  readonly exportBorrowed: boolean;
}

export interface Pods {
  /** IPv4 first; within a family the active pool before retiring ones. */
  readonly pools: readonly Pool[];
  readonly natOutgoing: boolean;
  /** Bytes; `auto` is the smallest MTU on any path between pods: analysis/pod-mtu.ts. */
  readonly mtu: number | 'auto';
}

export interface Pool {
  readonly cidr: Prefix;
  /** Prefix length of the IPAM blocks: 20 to 32 for IPv4, 116 to 128 for IPv6. */
  readonly blockSize: number;
  /** Still routed, but no pod gets a new address from it. */
  readonly retiring: boolean;
}

export interface Services {
  /** At most one per family, IPv4 first. */
  readonly cidrs: readonly Prefix[];
}

export interface Calico {
  readonly version: string;
  /** Registry host (and path) without scheme and trailing slash; undefined keeps upstream's. */
  readonly registry: string | undefined;
  /** The API group that Calico's own kinds are rendered in. */
  readonly api: CalicoApi;
  /** The group that a later change moves them to. Until then no engine may prune those of `api`: both are the same stored object. */
  readonly apiMovesTo: CalicoApi | undefined;
  readonly nodeAddress: NodeAddressDetection;
  readonly containerIPForwarding: boolean;
  readonly imagePullSecrets: readonly string[];
  /** Required for versions that noencap does not carry; `path` is relative to the topology file. */
  readonly operatorManifest: OperatorManifest | undefined;
  readonly filters: readonly BgpFilter[];
}

export type CalicoApi = 'crd.projectcalico.org/v1' | 'projectcalico.org/v3';

export interface OperatorManifest {
  readonly path: string;
  /** Hex, lower case. */
  readonly sha256: string;
}

/** How calico-node finds the address it peers from: exactly one method. */
export type NodeAddressDetection =
  | { readonly method: 'firstFound' }
  | { readonly method: 'kubernetes' }
  | { readonly method: 'interface'; readonly interface: string }
  | { readonly method: 'skipInterface'; readonly interface: string }
  | { readonly method: 'canReach'; readonly address: string }
  | { readonly method: 'cidrs'; readonly cidrs: readonly Prefix[] };

/** A Calico BGPFilter and the routers whose peerings use it. */
export interface BgpFilter {
  readonly name: string;
  readonly routers: readonly string[];
  readonly import: readonly FilterRule[];
  readonly export: readonly FilterRule[];
  readonly path: Path;
}

export interface FilterRule {
  readonly action: 'Accept' | 'Reject';
  /** Undefined: the rule applies to every route of both families. */
  readonly match:
    | { readonly cidr: Prefix; readonly operator: 'Equal' | 'NotEqual' | 'In' | 'NotIn' }
    | undefined;
  /** Prefix lengths inside `match.cidr`; from Calico v3.29. */
  readonly prefixLength: { readonly min?: number; readonly max?: number } | undefined;
  /** Routes learned from other BGP speakers only; from Calico v3.27. */
  readonly source: 'RemotePeers' | undefined;
}

export interface K3s {
  readonly version: string;
  /** Accepted SHA-256 sums of K3s' installer; if empty, whoever runs install.sh must supply one. */
  readonly installerSha256: readonly string[];
  /** The server that starts the cluster; the others join it. */
  readonly firstServer: string;
  /** The ranges the cluster was created with, one per family, IPv4 first: not those of the pods once a pool has retired. */
  readonly clusterCidrs: readonly Prefix[];
}

export interface Gitops {
  readonly engine: 'argocd' | 'flux' | 'both';
  readonly repoURL: string;
  readonly targetRevision: string;
}

export interface Labels {
  /** Image with `kubectl` as its entry point; undefined: the official one of the cluster's version. */
  readonly image: string | undefined;
  /** `once`: a Job per node, run when it changes. `cron`: also a CronJob that labels nodes that join later. */
  readonly reconcile: 'once' | 'cron';
  /** Label keys that an earlier topology set, to be removed from the nodes. */
  readonly retired: readonly string[];
}

/** Rules and a dashboard in the cluster. */
export interface Metrics {
  readonly namespace: string;
  /** By which Prometheus selects what is its own, sorted by key. */
  readonly labels: readonly (readonly [key: string, value: string])[];
}

export interface Region {
  readonly name: string;
  /** In file order: the first is the default router of nodes without the IGP. */
  readonly routers: readonly string[];
  readonly k3sMirror: 'cn' | undefined;
  /** Registry host -> endpoints, sorted by host. */
  readonly registryMirrors: readonly { readonly registry: string; readonly endpoints: readonly string[] }[];
  readonly path: Path;
}

export interface Router {
  readonly name: string;
  readonly routerId: IpAddress;
  /** The address that nodes peer with; empty for a backbone-only router. */
  readonly nodeAddress: PerFamily<IpAddress>;
  /** The address that other routers peer with; empty for a router without backbone sessions. */
  readonly backboneAddress: PerFamily<IpAddress>;
  readonly clusterId: IpAddress;
  /** BFD on backbone sessions; Calico offers none towards nodes. */
  readonly bfd: boolean;
  /** The BGPPeer is emitted, the router's own configuration is not. */
  readonly planned: boolean;
  readonly reflectorNextHop: ReflectorNextHop;
  readonly loopback: LoopbackKind;
  readonly ssh: { readonly host: string; readonly user: string; readonly port: number };
  readonly bird: BirdOptions;
  /** Segment name -> interface name on this router; required where BIRD identifies interfaces by name only (OSPFv3). */
  readonly interfaces: ReadonlyMap<string, string>;
  readonly password: PasswordReference | undefined;
  readonly path: Path;
}

/** What a router does to the next hop of routes that it advertises; see `NextHopRule` of the fabric. */
export type ReflectorNextHop = 'keep' | 'self' | 'unchanged';

/**
 * How a router's OSPF announces its off-segment addresses. BIRD knows the distance to a BGP next hop from intra-area routes and
 * E1 externals; it treats that of an E2 external as unknown (`rt_get_igp_metric`).
 */
export type LoopbackKind = 'stub' | 'e1' | 'e2';

export interface BirdOptions {
  readonly configDir: string;
  readonly mode: 'include' | 'standalone';
  readonly tables: { readonly ipv4: string; readonly ipv6: string };
  readonly constants: { readonly as: string; readonly routerId: string };
  readonly adopted: AdoptedSessions;
}

/** Settings that a router's sessions had before noencap, kept so that BIRD does not reset them. */
export interface AdoptedSessions {
  /** noencap's protocol name -> the existing name. */
  readonly protocols: Readonly<Record<string, string>>;
  /** Sessions also have a channel for the family that pods do not use. */
  readonly bothChannels: boolean;
  readonly extendedNextHop: boolean;
  readonly sourceAddress: boolean;
  /** Sessions set the cluster ID explicitly even where it equals the router ID. */
  readonly clusterId: boolean;
}

/** TCP-MD5 password of a router's node sessions. Both ends read it from outside git. */
export interface PasswordReference {
  /** File on the router that contains `password "...";`, included by each node session. When it is delivered: fabric/password-file.ts. */
  readonly file: string;
  /** Secret in Calico's namespace. */
  readonly secret: { readonly name: string; readonly key: string };
}

export interface Node {
  readonly name: string;
  readonly region: string;
  readonly role: 'server' | 'agent';
  readonly address: PerFamily<IpAddress>;
  readonly igp: boolean;
  /** IPAM blocks seen on the node; used by analysis and lab only. */
  readonly blocks: readonly Prefix[];
  /** A router, or a host that forwards. */
  readonly defaultRouter: string | undefined;
  /** Segment name -> interface name on this node, where the topology gives one. */
  readonly interfaces: ReadonlyMap<string, string>;
  readonly path: Path;
}

/** A machine on the underlay that is neither router nor node. */
export interface Host {
  readonly name: string;
  readonly igp: boolean;
  /** Forwards packets of others: a gateway that noencap does not configure. True if it runs the IGP. */
  readonly forwards: boolean;
  /** Its static routes, including any default route; the longest prefix first. */
  readonly routes: readonly HostRoute[];
  readonly path: Path;
}

/** A static route of a host; the next hop is on one of its segments. */
export interface HostRoute {
  readonly prefix: Prefix;
  readonly via: IpAddress;
}

/** An L2 broadcast domain or point-to-point link. */
export interface Segment {
  readonly name: string;
  readonly cidr: PerFamily<Prefix>;
  readonly mtu: number;
  /** IGP cost of every member's interface. */
  readonly cost: number;
  readonly members: readonly SegmentMember[];
  readonly path: Path;
}

export interface SegmentMember {
  readonly machine: string;
  readonly address: PerFamily<IpAddress>;
  /** MTU of its own interface in bytes. It neither sends nor accepts larger packets. */
  readonly mtu: number;
}

export interface Suppression {
  readonly id: string;
  readonly where: string;
  readonly reason: string;
  readonly path: Path;
}

/** The families that pods have, in output order. */
export const podFamilies = (topology: Topology): Family[] => [
  ...new Set(topology.pods.pools.map((pool) => pool.cidr.family)),
];
