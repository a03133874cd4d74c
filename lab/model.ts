import type { Family, IpAddress, Prefix } from '../topology/address.ts';

/** A lab as data: wiring, and what runs where. Nothing here touches the machine. */
export interface LabPlan {
  readonly segments: readonly LabSegment[];
  readonly hosts: readonly LabHost[];
  readonly pods: readonly LabPod[];
}

/** A wire from the bridge to an interface of a host, whose MTU is its own. */
export interface LabPort {
  readonly host: string;
  readonly port: string;
  readonly interface: string;
  readonly mtu: number;
}

/** A bridge in the holder, with one port for each member. */
export interface LabSegment {
  readonly name: string;
  readonly bridge: string;
  readonly mtu: number;
  readonly ports: readonly LabPort[];
}

export interface LabHost {
  readonly name: string;
  readonly kind: 'router' | 'node' | 'host';
  readonly interfaces: readonly LabInterface[];
  /** Addresses on no segment, on the loopback interface. */
  readonly loopback: readonly IpAddress[];
  /** Next hops of static default routes, at most one per family. */
  readonly defaultVia: readonly IpAddress[];
  /** Static routes of a gateway, a default route among them. */
  readonly routes: readonly { readonly prefix: Prefix; readonly via: IpAddress }[];
  readonly daemons: readonly LabDaemon[];
  /** Path below the host's folder to text. */
  readonly files: ReadonlyMap<string, string>;
}

export interface LabInterface {
  readonly name: string;
  readonly segment: string;
  readonly mtu: number;
  readonly addresses: readonly { readonly address: IpAddress; readonly length: number }[];
}

/** `calico`: BIRD 1.6 of a node, one per family. `igp`: OSPF of a node or a host that runs it. */
export interface LabDaemon {
  readonly role: 'router' | 'calico' | 'igp';
  readonly program: 'bird2' | 'bird1' | 'bird1-ipv6';
  /** Below the host's folder: `<name>.conf`, `<name>.ctl`, `<name>.log`. */
  readonly name: string;
  readonly family: Family | 'both';
}

/** One pod for all blocks of a node, with an address of a block of each pool, as Calico's CNI plugin wires it. */
export interface LabPod {
  readonly node: string;
  readonly netns: string;
  /** Its interface on the node. */
  readonly veth: string;
  readonly addresses: readonly IpAddress[];
  /** Additional addresses that it answers at but never sends from: of another node's block, as if there were one more pod. */
  readonly borrowed: readonly IpAddress[];
  /** The metric of the node's routes to it, as set by Felix; Linux gives IPv6 routes without a metric the same 1024. */
  readonly metric: Readonly<Record<Family, number>>;
  /** Bytes. */
  readonly mtu: number;
  /** Whether the node has a default route, and so answers for the pod's gateway. */
  readonly proxied: boolean;
}

/** A node's file with the password of its sessions with a router, below the node's folder: a Secret in a real cluster. */
export const nodePassword = (router: string): string => `password-${router}.conf`;

/** The folder of a host inside the holder. */
export const hostFolder = (host: string): string => `/run/lab/${host}`;
