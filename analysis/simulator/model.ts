import type { Fabric, NodeSpeaker, RouterSpeaker, Session, SessionEnd } from '../../fabric/index.ts';
import type { Family, IpAddress, PerFamily, Prefix } from '../../topology/address.ts';
import type { LoopbackKind } from '../../topology/model.ts';

/**
 * A fabric in numbers, so that thousands of failures can be tried per second: machines, segments, addresses and sessions
 * are indices into these lists. Built once; nothing here depends on what has failed.
 */
export interface Network {
  readonly fabric: Fabric;
  /** Live routers first, then nodes, then hosts, each sorted by name. */
  readonly machines: readonly Machine[];
  readonly segments: readonly Segment[];
  readonly addresses: readonly Address[];
  readonly links: readonly Link[];
  /** By machine. */
  readonly linksOf: readonly (readonly Link[])[];
  /** By family of the routes and by machine. */
  readonly carriers: Readonly<Record<Family, readonly Carriers[]>>;
  /** By address: who announces it in OSPF although it is on none of OSPF's segments. */
  readonly externals: readonly (readonly External[])[];
  readonly blocks: readonly Block[];
  /** By family and by hop (see `hopOf`): the address of the machine on the segment. */
  readonly addressAt: Readonly<Record<Family, ReadonlyMap<number, number>>>;
  /** Indices by name; of sessions by ID. */
  readonly named: Readonly<
    Record<'machines' | 'segments' | 'addresses' | 'sessions', ReadonlyMap<string, number>>
  >;
  /** Without an underlay every address counts as one that is reached directly. */
  readonly hasUnderlay: boolean;
}

export interface Machine {
  readonly index: number;
  readonly name: string;
  readonly kind: 'router' | 'node' | 'host';
  readonly speaker: RouterSpeaker | NodeSpeaker | undefined;
  readonly ports: readonly Port[];
  /** The families in which it runs the IGP. */
  readonly igp: readonly Family[];
  readonly defaults: readonly { readonly family: Family; readonly segment: number; readonly via: number }[];
  /** By the address that they lead to. */
  readonly statics: ReadonlyMap<number, StaticTo>;
  /** The static routes of a gateway that is not one of noencap's routers, the longest prefix first. */
  readonly routes: readonly PrefixRoute[];
  /** An unsigned number, as BGP and OSPF compare it. */
  readonly routerId: number;
}

export interface StaticTo {
  readonly segment: number;
  readonly via: number;
}

export interface PrefixRoute extends StaticTo {
  readonly prefix: Prefix;
}

export interface Port {
  readonly segment: number;
  /** Whether it has an address of the family there. */
  readonly has: readonly Family[];
  readonly ospf: readonly Family[];
  /** Of its interface, bytes. */
  readonly mtu: number;
}

export interface Segment {
  readonly index: number;
  readonly name: string;
  readonly cost: number;
  /** Bytes. */
  readonly mtu: number;
  readonly members: readonly number[];
  readonly range: PerFamily<Prefix>;
  /** The families in which the IGP announces its range: a member that runs it there has an address there. */
  readonly announced: readonly Family[];
  /** All of its interfaces have one MTU. */
  readonly isEven: boolean;
}

export interface Address {
  readonly address: IpAddress;
  readonly owner: number;
  /** The segment on which its owner has it; -1 for a loopback. */
  readonly on: number;
  /** The segment whose range holds it; -1 if none does. */
  readonly within: number;
  /** Its place in the order of BIRD 2, in which IPv4 is mapped into IPv6. */
  readonly order: number;
}

/** A session as one of its ends has it. The other end's link is `other`. */
export interface Link {
  readonly index: number;
  readonly other: number;
  readonly session: Session;
  readonly sessionIndex: number;
  readonly local: SessionEnd;
  readonly machine: number;
  readonly peer: number;
  readonly localAddress: number;
  readonly peerAddress: number;
  /** `rr client` is set at this end. */
  readonly toClient: boolean;
  /** This end's cluster ID, where it is a reflector. */
  readonly cluster: number;
  readonly nextHop: Readonly<Record<Family, LinkNextHop>>;
  /** The MED that this end sets of routes with a next hop (an address); undefined where it leaves it. */
  readonly med: (nextHop: number) => number | undefined;
}

/** The links of a machine that carry routes of one family. */
export interface Carriers {
  readonly all: readonly Link[];
  readonly toClients: readonly Link[];
}

/**
 * What this end makes of next hops of a family: those in the ranges are kept; with `gateways` the next machine of its own way takes their
 * place where that is in the ranges; with `farClients` those of its far clients are kept; all others become `otherwise`, or stay where
 * that is undefined.
 */
export interface LinkNextHop {
  readonly keep: readonly Range[];
  readonly gateways: boolean;
  readonly farClients: boolean;
  readonly otherwise: number | undefined;
}

/** A prefix, as the places of its first address and of the first after it in the order of addresses. */
export interface Range {
  readonly family: Family;
  readonly from: number;
  readonly to: number;
}

export interface External {
  readonly machine: number;
  /** A stub network of the area, or a route from outside of OSPF. BGP sees no distance in an E2. */
  readonly kind: LoopbackKind;
  /** OSPF's forwarding address: the next hop of a static route on a segment that runs OSPF. */
  readonly forwarding: { readonly segment: number; readonly address: number } | undefined;
}

/** An IPAM block of a node, or a single address of one that is a route of its own. */
export interface Block {
  readonly index: number;
  readonly prefix: Prefix;
  /** The node that has the block, or the pod with the address. */
  readonly node: number;
  /** The topology does not name it: Calico gives the node one of this pool, and it may be another. */
  readonly assumed: boolean;
  /**
   * Of a single address the index of the block that it is in: where its own route is not, packets go by the block's. The address
   * stands for all pods of the block that filters treat alike, or for one that another node borrowed. -1: no node of the fabric has the block.
   */
  readonly within: number | undefined;
  /** Whether packets of pods go by it: not by a block whose every pod is a route of its own. */
  readonly hasPods: boolean;
}
