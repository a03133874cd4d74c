import type { Family, IpAddress, PerFamily, Prefix } from './address.ts';

/** Where a value stands in the topology: `['regions', 'WDS', 'router']`. Resolved to line and column by `Source`. */
export type Path = readonly (string | number)[];

/**
 * A topology that passed every rule: defaults filled in, addresses parsed, references known to exist. Lists are
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
  readonly regionLabel: string;
  readonly regions: readonly Region[];
  readonly routers: readonly Router[];
  readonly nodes: readonly Node[];
  readonly hosts: readonly Host[];
  /** Undefined where the file has no `underlay`: every session endpoint then counts as reachable. */
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
  /** `aware`: BIRD's own default, which waits for others and announces nothing of its own. */
  readonly gracefulRestart: boolean | 'aware';
  /** `full`: every router with every other; else the pairs of router names that peer. */
  readonly backboneMesh: 'full' | readonly (readonly [string, string])[];
  /** Let routers also accept /32 and /128: addresses that one node borrowed from another's block. */
  readonly exportBorrowed: boolean;
}

export interface Pods {
  /** IPv4 first; of a family the one that pods get addresses of before those that retire. */
  readonly pools: readonly Pool[];
  readonly natOutgoing: boolean;
  /** Bytes; `auto` is the smallest MTU on any way that packets between pods take: analysis/pod-mtu.ts. */
  readonly mtu: number | 'auto';
}

export interface Pool {
  readonly cidr: Prefix;
  /** Prefix length of the IPAM blocks: 20 to 32 for IPv4, 116 to 128 for IPv6. */
  readonly blockSize: number;
  /** Routed, but no pod gets an address of it any more. */
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
  /** The group that a later change moves them to. Until then no engine may prune those of `api`: both are one stored object. */
  readonly apiMovesTo: CalicoApi | undefined;
  readonly nodeAddress: NodeAddressDetection;
  readonly containerIPForwarding: boolean;
  readonly imagePullSecrets: readonly string[];
  /** Required for versions that noencap does not carry itself; `path` is relative to the topology file. */
  readonly operatorManifest: OperatorManifest | undefined;
  readonly filters: readonly BgpFilter[];
}

export type CalicoApi = 'crd.projectcalico.org/v1' | 'projectcalico.org/v3';

export interface OperatorManifest {
  readonly path: string;
  /** Hex, lower case. */
  readonly sha256: string;
}

/** How calico-node finds the address it peers from: exactly one way. */
export type NodeAddressDetection =
  | { readonly method: 'firstFound' }
  | { readonly method: 'kubernetes' }
  | { readonly method: 'interface'; readonly interface: string }
  | { readonly method: 'skipInterface'; readonly interface: string }
  | { readonly method: 'canReach'; readonly address: string }
  | { readonly method: 'cidrs'; readonly cidrs: readonly Prefix[] };

/** A Calico BGPFilter and the routers on whose peerings it stands. */
export interface BgpFilter {
  readonly name: string;
  readonly routers: readonly string[];
  readonly import: readonly FilterRule[];
  readonly export: readonly FilterRule[];
  readonly path: Path;
}

export interface FilterRule {
  readonly action: 'Accept' | 'Reject';
  /** Undefined: the rule holds for every route of both families. */
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
  /** What K3s' installer may be; none: whoever runs install.sh has to say it. */
  readonly installerSha256: readonly string[];
  /** The server that starts the cluster; the others join it. */
  readonly firstServer: string;
  /** What the cluster was founded with, one a family, IPv4 first: not where pods are, once a pool has been retired. */
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
  /** `once`: a Job per node, run when it changes. `cron`: also a CronJob that keeps labels right for later joins. */
  readonly reconcile: 'once' | 'cron';
  /** Label keys that an earlier topology set and that must be taken off the nodes. */
  readonly retired: readonly string[];
}

export interface Region {
  readonly name: string;
  /** In the order of the file: the first is the default router of nodes without IGP. */
  readonly routers: readonly string[];
  readonly k3sMirror: 'cn' | undefined;
  /** Registry host -> endpoints, sorted by host. */
  readonly registryMirrors: readonly { readonly registry: string; readonly endpoints: readonly string[] }[];
  readonly path: Path;
}

export interface Router {
  readonly name: string;
  readonly routerId: IpAddress;
  /** Where nodes peer; empty for a backbone-only router. */
  readonly nodeAddress: PerFamily<IpAddress>;
  /** Where other routers peer; empty for a router without backbone sessions. */
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
  /** Segment name -> interface name on this router; needed where BIRD knows an interface by name only (OSPFv3). */
  readonly interfaces: ReadonlyMap<string, string>;
  readonly password: PasswordReference | undefined;
  readonly path: Path;
}

/** What a router does to the next hop of a route that it passes on; see `NextHopRule` of the fabric. */
export type ReflectorNextHop = 'keep' | 'self' | 'unchanged';

/**
 * How a router's OSPF announces its addresses on no segment. BIRD knows the distance to a BGP next hop from routes inside the area and
 * from E1 externals; that of an E2 external it takes as unknown (`rt_get_igp_metric`).
 */
export type LoopbackKind = 'stub' | 'e1' | 'e2';

export interface BirdOptions {
  readonly configDir: string;
  readonly mode: 'include' | 'standalone';
  readonly tables: { readonly ipv4: string; readonly ipv6: string };
  readonly constants: { readonly as: string; readonly routerId: string };
  readonly adopted: AdoptedSessions;
}

/** What a router's sessions ran with before noencap, kept so that BIRD does not reset them. */
export interface AdoptedSessions {
  /** The name that noencap gives a protocol -> the name that it has. */
  readonly protocols: Readonly<Record<string, string>>;
  /** Sessions also have a channel of the family that pods do not have. */
  readonly bothChannels: boolean;
  readonly extendedNextHop: boolean;
  readonly sourceAddress: boolean;
  /** Sessions name the cluster ID where it is the router's ID anyway. */
  readonly clusterId: boolean;
}

/** TCP-MD5 password of a router's node sessions. Both ends read it from outside git. */
export interface PasswordReference {
  /** File on the router that holds `password "...";`, included by each node session. Where it is delivered: fabric/password-file.ts. */
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
  /** Segment name -> interface name on this node, as far as the topology gives them. */
  readonly interfaces: ReadonlyMap<string, string>;
  readonly path: Path;
}

/** A machine on the underlay that is neither router nor node. */
export interface Host {
  readonly name: string;
  readonly igp: boolean;
  /** Packets of others: a gateway that noencap does not configure. True where it runs the IGP. */
  readonly forwards: boolean;
  /** Its static routes, a default route among them; the longest prefix first. */
  readonly routes: readonly HostRoute[];
  readonly path: Path;
}

/** A static route of a host; the next hop stands on a segment of it. */
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
  /** Bytes: of its own interface. What is larger it neither sends nor takes. */
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
