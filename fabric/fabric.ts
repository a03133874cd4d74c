import type { Family, IpAddress, PerFamily, Prefix } from '../topology/address.ts';
import type {
  BgpFilter,
  BirdOptions,
  Calico,
  Gitops,
  K3s,
  Labels,
  LoopbackKind,
  Metrics,
  PasswordReference,
  Path,
  Pool,
  ReflectorNextHop,
  Region,
  Router,
  Segment,
  Suppression,
} from '../topology/model.ts';
import type { Allocation } from './allocation.ts';

/**
 * The BGP intent of one topology: every speaker, every session with both its ends, every policy. All emitters,
 * the simulator, the lab and the review read this value and nothing else; a fact that two of them need belongs here.
 */
export interface Fabric {
  readonly name: string;
  readonly bgp: FabricBgp;
  readonly pods: FabricPods;
  readonly services: { readonly cidrs: readonly Prefix[] };
  readonly calico: Calico;
  readonly k3s: K3s;
  readonly gitops: Gitops;
  readonly labels: Labels;
  readonly metrics: Metrics | undefined;
  readonly regionLabel: string;
  /** Sorted by name, like every list below. */
  readonly regions: readonly FabricRegion[];
  readonly routers: readonly RouterSpeaker[];
  readonly nodes: readonly NodeSpeaker[];
  /** Machines on the underlay that speak no BGP. */
  readonly hosts: readonly TransitHost[];
  readonly peerings: readonly Peering[];
  /** Reflector and backbone sessions. Calico's own mesh is quadratic and never rendered: see `meshSessions`. */
  readonly sessions: readonly Session[];
  /** Undefined if the topology describes no underlay. */
  readonly segments: readonly Segment[] | undefined;
  readonly suppressions: readonly Suppression[];
}

export interface FabricBgp {
  readonly asNumber: number;
  readonly nodeToNodeMesh: boolean;
  readonly reflectorNextHop: ReflectorNextHop;
  /** Seconds. */
  readonly holdTime: number;
  readonly gracefulRestart: boolean | 'aware';
  /** Routers carry single addresses that a node borrowed from another node's block. */
  readonly exportBorrowed: boolean;
}

export interface FabricPods {
  readonly pools: readonly Pool[];
  /** The pools' families, IPv4 first. */
  readonly families: readonly Family[];
  readonly natOutgoing: boolean;
  /** Bytes, `auto` already resolved; undefined without an underlay: Calico then uses the hosts' own. */
  readonly mtu: number | undefined;
  /** What a running cluster has given out, where it was asked: see `withAllocation`. Otherwise blocks are the topology's, and assumed ones. */
  readonly allocation: Allocation | undefined;
}

export interface FabricRegion {
  readonly name: string;
  /** In the topology's order of preference. */
  readonly routers: readonly RouterSpeaker[];
  readonly nodes: readonly NodeSpeaker[];
  readonly k3sMirror: Region['k3sMirror'];
  readonly registryMirrors: Region['registryMirrors'];
  readonly path: Path;
}

/** A router under our BIRD config. `planned` ones have no sessions and no config yet, and peerings only if no node waits for them. */
export interface RouterSpeaker {
  readonly kind: 'router';
  readonly name: string;
  readonly routerId: IpAddress;
  readonly clusterId: IpAddress;
  readonly nodeAddress: PerFamily<IpAddress>;
  readonly backboneAddress: PerFamily<IpAddress>;
  readonly bfd: boolean;
  readonly planned: boolean;
  readonly reflectorNextHop: ReflectorNextHop;
  readonly loopback: LoopbackKind;
  readonly bird: BirdOptions;
  readonly ssh: Router['ssh'];
  readonly password: PasswordReference | undefined;
  /** The segments this router is on, with its own addresses there. */
  readonly attachments: readonly Attachment[];
  /** Its distances to other reflectors, as sent to its clients; see distances.ts. */
  readonly distances: readonly Distance[];
  /** The families in which it may have far clients; see far-clients.ts. */
  readonly farClients: readonly Family[];
  /** Host routes to machines without the IGP and with an off-segment address, via their member address. */
  readonly staticRoutes: readonly StaticRoute[];
  readonly path: Path;
}

/** A Kubernetes node: K3s, kubelet and calico-node. */
export interface NodeSpeaker {
  readonly kind: 'node';
  readonly name: string;
  readonly region: string;
  readonly role: 'server' | 'agent';
  readonly address: PerFamily<IpAddress>;
  readonly igp: boolean;
  readonly blocks: readonly Prefix[];
  /** The router or forwarding host that the default route of a node without the IGP points to. */
  readonly defaultRouter: string;
  readonly attachments: readonly Attachment[];
  readonly path: Path;
}

export interface TransitHost {
  readonly kind: 'host';
  readonly name: string;
  readonly igp: boolean;
  /** A gateway that noencap does not configure. */
  readonly forwards: boolean;
  /** Its static routes, the longest prefix first. The IGP announces none of them. */
  readonly routes: readonly GatewayRoute[];
  readonly attachments: readonly Attachment[];
  readonly path: Path;
}

/** A static route of a host. */
export interface GatewayRoute {
  readonly prefix: Prefix;
  readonly segment: string;
  readonly via: IpAddress;
  /** The machine with that address. */
  readonly to: string;
}

export interface Attachment {
  readonly segment: string;
  readonly cidr: PerFamily<Prefix>;
  readonly address: PerFamily<IpAddress>;
  /** Bytes. */
  readonly mtu: number;
  readonly cost: number;
  /** The families that the IGP carries over this segment: see igp.ts. */
  readonly igp: readonly Family[];
  /** The interface's name on this machine, if the topology gives it. */
  readonly interface: string | undefined;
}

/** The IGP's distance to another router, which sets `nextHop` in what it announces. */
export interface Distance {
  readonly nextHop: IpAddress;
  readonly cost: number;
}

export interface StaticRoute {
  readonly machine: string;
  readonly prefix: Prefix;
  readonly via: IpAddress;
}

/** One router as route reflector for one region in one family: a Calico BGPPeer, and the sessions it creates. */
export interface Peering {
  /** Stable across reordering and across further routers: `route-reflector-wds-gateway`, IPv6 ends in `-v6`. */
  readonly name: string;
  readonly region: string;
  readonly router: string;
  readonly family: Family;
  readonly peerAddress: IpAddress;
  readonly asNumber: number;
  readonly password: PasswordReference | undefined;
  /** BGPFilters on this peering, in the order they apply. */
  readonly filters: readonly BgpFilter[];
  readonly planned: boolean;
  readonly sessions: readonly Session[];
}

/** One BGP session, seen from both ends at once, so that Calico and BIRD can never disagree about it. */
export interface Session {
  /** Stable across reordering: `gateway--kubemaster/ipv4`, the lower name first. */
  readonly id: string;
  readonly kind: 'reflector' | 'mesh' | 'backbone';
  /** The family of the TCP session. */
  readonly transport: Family;
  /** The families of the routes. IPv4 over an IPv6 transport needs extended next hop (RFC 8950). */
  readonly carries: readonly Family[];
  /** The reflector first; between equals the lower name first. */
  readonly ends: readonly [SessionEnd, SessionEnd];
  /** BFD on both ends: backbone sessions only. */
  readonly bfd: boolean;
  /** The reflector reaches the client through another router: see far-clients.ts. */
  readonly isFar: boolean;
  /** The client reaches the reflector only through its default route. */
  readonly isByDefault: boolean;
}

/** `role` is what this end is to the other: a reflector treats its client's routes by RFC 4456 section 6. */
export interface SessionEnd {
  readonly speaker: string;
  readonly kind: 'router' | 'node';
  readonly address: IpAddress;
  readonly asNumber: number;
  readonly role: 'reflector' | 'client' | 'peer';
  readonly nextHop: NextHopRule;
  /** The name of a router's `protocol bgp` for the session; undefined on nodes, where Calico chooses it. */
  readonly protocol: string | undefined;
}

/** What an end does to the next hop of the routes it sends. */
export type NextHopRule =
  /** Calico's default towards iBGP peers: its own blocks carry the node's address. */
  | { readonly rule: 'own' }
  /** BIRD's `next hop self`. */
  | { readonly rule: 'self' }
  /** RFC 4456 section 10: a reflector leaves it unchanged. The other end resolves it over the underlay. */
  | { readonly rule: 'unchanged' }
  /**
   * Keep a next hop that the other end reaches on one of these segments. Otherwise, with `gateways`, set the sender's own immediate next
   * hop if it is on such a segment: packets to the sender would leave on the segment on which they arrived. Otherwise
   * set `otherwise`, one for each family that the session carries. With `farClients` the next hops of the sender's far clients are kept
   * everywhere.
   */
  | {
      readonly rule: 'keep';
      readonly onSegments: readonly Prefix[];
      readonly gateways: boolean;
      readonly farClients: boolean;
      readonly otherwise: readonly IpAddress[];
    };
