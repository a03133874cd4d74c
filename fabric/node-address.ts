import { contains, type Family, type IpAddress, parseAddress, valuesOf } from '../topology/address.ts';
import { interfacePatterns } from '../topology/interface-pattern.ts';
import type { Fabric, NodeSpeaker } from './fabric.ts';
import { igpPaths } from './igp.ts';
import { defaultRoutes, gatewaysOf, loopbacks } from './own-ways.ts';

/**
 * The addresses of a family that calico-node may detect on a node, by `calico.nodeAddress`. With one address in `may` and without
 * `mayFail` the result is known; among several, the order of the node's interfaces decides, which a topology does not contain.
 */
export interface DetectedAddress {
  readonly node: NodeSpeaker;
  readonly family: Family;
  /** The topology's: the address by which all other machines know the node. */
  readonly expected: IpAddress;
  readonly may: readonly IpAddress[];
  /** It may find none: calico-node then does not start. */
  readonly mayFail: boolean;
}

/** Every node in every family of the pods, as calico-node does it (node/pkg/lifecycle/startup/autodetection). */
export function detectedAddresses(fabric: Fabric): DetectedAddress[] {
  const detect = detector(fabric);
  return fabric.nodes.flatMap((node) =>
    fabric.pods.families.flatMap((family) => {
      const expected = node.address[family];
      if (expected === undefined) return [];
      const { sure, perhaps } = detect(node, family, expected);
      const may = new Map([...sure, ...perhaps].map((address) => [address.text, address]));
      return { node, family, expected, may: [...may.values()], mayFail: sure.length === 0 };
    }),
  );
}

/**
 * The address that a network built from this topology must expect: if Calico may pick a different one that the topology
 * describes, that one. Undefined if it finds none. An off-segment address cannot be judged: it is assumed to be picked.
 */
export function addressToExpect({ node, family, expected, may }: DetectedAddress): IpAddress | undefined {
  const others = may.filter(({ text }) => text !== expected.text);
  if (others.length === may.length) return others[0];
  return isDescribed(node, family, expected) ? (others[0] ?? expected) : expected;
}

/** The fabric with the nodes' addresses as Calico detects them: the basis of its BIRDs and their configuration. */
export function asCalicoHasIt(fabric: Fabric): Fabric {
  const detected = detectedAddresses(fabric);
  const taken = new Map(detected.map((one) => [`${one.node.name} ${one.family}`, addressToExpect(one)]));
  if (detected.every((one) => addressToExpect(one)?.text === one.expected.text)) return fabric;
  return {
    ...fabric,
    nodes: fabric.nodes.map((node) => {
      const [ipv4, ipv6] = (['ipv4', 'ipv6'] as const).map((family) => taken.get(`${node.name} ${family}`));
      return { ...node, address: { ...(ipv4 && { ipv4 }), ...(ipv6 && { ipv6 }) } };
    }),
    sessions: fabric.sessions.flatMap((session) => {
      const node = session.ends[1];
      if (node.kind !== 'node') return session;
      const address = taken.get(`${node.speaker} ${session.transport}`);
      return address === undefined ? [] : { ...session, ends: [session.ends[0], { ...node, address }] };
    }),
  };
}

/** Addresses that Calico certainly considers, and those that it considers depending on interface names. */
interface Candidates {
  readonly sure: readonly IpAddress[];
  readonly perhaps: readonly IpAddress[];
}

type Detect = (node: NodeSpeaker, family: Family, expected: IpAddress) => Candidates;

function detector(fabric: Fabric): Detect {
  const how = fabric.calico.nodeAddress;
  switch (how.method) {
    // The InternalIP of the Node is K3s' node-ip, which noencap writes.
    case 'kubernetes':
      return (_, __, expected) => ({ sure: [expected], perhaps: [] });
    case 'firstFound':
      return byName((name) => name === undefined || !isExcluded(name));
    case 'skipInterface': {
      const skips = matching(how.interface);
      return byName((name) => (name === undefined ? undefined : !isExcluded(name) && !skips(name)));
    }
    case 'interface': {
      const isMeant = matching(how.interface);
      return byName((name) => (name === undefined ? undefined : isMeant(name)));
    }
    // Every interface counts, including the loopback interface; the order of the ranges does not matter.
    case 'cidrs':
      return (node, family) => ({
        sure: addressesOf(node, family).filter((one) => how.cidrs.some((cidr) => contains(cidr, one))),
        perhaps: [],
      });
    case 'canReach':
      return reaching(fabric, parseAddress(how.address));
  }
}

/**
 * Calico's own list of interfaces that firstFound and skipInterface never use (DEFAULT_INTERFACES_TO_EXCLUDE, the same from v3.26
 * to v3.32). It includes the loopback interface, dummies, and anything else that starts with `lo`; of bridges those of container
 * engines and libvirt: `br-lan` matches, `br0` does not.
 */
const EXCLUDED = [
  'docker',
  'cbr',
  'dummy',
  'podman',
  'virbr',
  'lxcbr',
  'veth',
  'lo',
  'br-',
  'cali',
  'tunl',
  'flannel',
  'kube-ipvs',
  'cni',
  'vxlan.calico',
  'vxlan-v6.calico',
  'wireguard.cali',
  'wg-v6.cali',
  'nodelocaldns',
];

const isExcluded = (name: string): boolean => EXCLUDED.some((start) => name.startsWith(start));

/** Regular expressions, each found anywhere in a name. An address label (`eth0:1`) is not part of the interface's name. */
function matching(patterns: string): (name: string) => boolean {
  const all = interfacePatterns(patterns).map((one) => new RegExp(one));
  return (name) => all.some((one) => one.test(name));
}

/**
 * Selection by interface name; undefined for an unknown name: the result depends on it. Whether an interface is up does not
 * matter. An off-segment address is on the loopback interface, a dummy, or an interface that the topology does not describe.
 */
function byName(counts: (name: string | undefined) => boolean | undefined): Detect {
  return (node, family) => {
    const described = node.attachments.flatMap(({ address, interface: name }) => {
      const candidate = address[family];
      return candidate === undefined ? [] : [{ candidate, verdict: counts(name?.replace(/:.*/, '')) }];
    });
    const elsewhere = loopbacks(node).filter((one) => one.family === family);
    const having = (wanted: boolean | undefined) =>
      described.filter(({ verdict }) => verdict === wanted).map(({ candidate }) => candidate);
    return { sure: having(true), perhaps: [...having(undefined), ...elsewhere] };
  };
}

/** The source address that the kernel uses towards a destination; `target` is undefined for a host name. */
function reaching(fabric: Fabric, target: IpAddress | undefined): Detect {
  const pathsTo = igpPaths(fabric);
  const gateways = gatewaysOf(fabric);
  const machines = [...fabric.routers, ...fabric.nodes, ...fabric.hosts];
  const owner = machines.find((one) => ownsAddress(one, target));
  return (node, family) => {
    const all: Candidates = { sure: [], perhaps: addressesOf(node, family) };
    if (target === undefined) return all;
    const atTarget = addressesOf(node, family).filter(({ text }) => text === target.text);
    if (atTarget.length > 0) return { sure: atTarget, perhaps: [] };
    const on = (segments: ReadonlySet<string>): Candidates => ({
      sure: node.attachments.flatMap(({ segment, address }) =>
        segments.has(segment) ? (address[family] ?? []) : [],
      ),
      perhaps: [],
    });
    const connected = node.attachments.filter(({ cidr, address }) => {
      const range = cidr[family];
      return range !== undefined && address[family] !== undefined && contains(range, target);
    });
    if (connected.length > 0) return on(new Set(connected.map(({ segment }) => segment)));
    if (!node.igp) {
      const route = defaultRoutes(node, gateways).find(({ via }) => via.family === family);
      return route === undefined ? all : on(new Set([route.segment]));
    }
    if (owner === undefined) return all;
    const steps = pathsTo(owner.name, family).firstHopsFrom(node.name);
    if (steps.length === 0) return all;
    // If its owner has several segments, OSPF leads to that of the address, not to the nearest.
    const isExact = owner.attachments.length === 1 || isLoopback(owner, target);
    return on(new Set((isExact ? steps : node.attachments).map(({ segment }) => segment)));
  };
}

type Machine = Fabric['routers'][number] | NodeSpeaker | Fabric['hosts'][number];

const isLoopback = (machine: Machine, address: IpAddress): boolean =>
  machine.kind !== 'host' && loopbacks(machine).some(({ text }) => text === address.text);

const ownsAddress = (machine: Machine, address: IpAddress | undefined): boolean =>
  address !== undefined &&
  (isLoopback(machine, address) ||
    machine.attachments.some((one) => valuesOf(one.address).some(({ text }) => text === address.text)));

/** All addresses of a node in a family: on its segments, and its own. */
function addressesOf(node: NodeSpeaker, family: Family): IpAddress[] {
  return [
    ...node.attachments.flatMap(({ address }) => address[family] ?? []),
    ...loopbacks(node).filter((one) => one.family === family),
  ];
}

const isDescribed = (node: NodeSpeaker, family: Family, { text }: IpAddress): boolean =>
  node.attachments.some(({ address }) => address[family]?.text === text);
