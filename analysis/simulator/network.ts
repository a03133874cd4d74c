import {
  defaultRoutes,
  type Fabric,
  gatewaysOf,
  hashedRouterId,
  loopbacks,
  type NodeSpeaker,
  nodeBlocks,
  type RouterSpeaker,
} from '../../fabric/index.ts';
import { compareAddresses, contains, FAMILIES, type Family, type IpAddress } from '../../topology/address.ts';
import type { LoopbackKind } from '../../topology/model.ts';
import { blocksOf, type Loan } from './blocks.ts';
import { addressesAt, byMachine, carriersOf, inIpv6, linksOf } from './links.ts';
import type { Address, External, Machine, Network, Port, StaticTo } from './model.ts';

export function networkOf(fabric: Fabric, given = nodeBlocks(fabric), loans: readonly Loan[] = []): Network {
  const routers = fabric.routers.filter(({ planned }) => !planned);
  const all = [...routers, ...fabric.nodes, ...fabric.hosts];
  const machineNamed = new Map(all.map(({ name }, index) => [name, index]));
  const segmentNamed = new Map((fabric.segments ?? []).map(({ name }, index) => [name, index]));
  const machine = (name: string): number => machineNamed.get(name) ?? -1;
  const segment = (name: string): number => segmentNamed.get(name) ?? -1;
  const addresses = addressesOf(fabric, all, segment);
  const addressNamed = new Map(addresses.map(({ address }, index) => [address.text, index]));
  const address = ({ text }: IpAddress): number => addressNamed.get(text) ?? -1;

  const gateways = gatewaysOf(fabric);

  const machines = all.map((one, index): Machine => {
    const ports = one.attachments.map((attachment): Port => {
      const has = FAMILIES.filter((family) => attachment.address[family] !== undefined);
      // OSPFv2 finds its interface by the address on it; OSPFv3 speaks from link-local addresses.
      const ospf = attachment.igp.filter((family) => family === 'ipv6' || has.includes('ipv4'));
      return { segment: segment(attachment.segment), has, ospf, mtu: attachment.mtu };
    });
    const loopbackAddresses = one.kind === 'host' ? [] : loopbacks(one);
    const runs = (family: Family) =>
      one.kind === 'router' ||
      (one.igp &&
        (ports.some(({ has }) => has.includes(family)) ||
          loopbackAddresses.some((lo) => lo.family === family)));
    return {
      index,
      name: one.name,
      kind: one.kind,
      speaker: one.kind === 'host' ? undefined : one,
      ports,
      igp: FAMILIES.filter(runs),
      defaults:
        one.kind === 'node'
          ? defaultRoutes(one, gateways).map((route) => ({
              family: route.via.family,
              segment: segment(route.segment),
              via: address(route.via),
            }))
          : [],
      statics: one.kind === 'router' ? staticsOf(one, addresses, addressNamed) : NO_STATICS,
      routes:
        one.kind === 'host'
          ? one.routes.map((route) => ({
              prefix: route.prefix,
              segment: segment(route.segment),
              via: address(route.via),
            }))
          : [],
      routerId: routerIdOf(one),
    };
  });
  const links = linksOf(fabric, machine, addresses, address);
  const linksByMachine = byMachine(machines, links);
  return {
    fabric,
    machines,
    segments: (fabric.segments ?? []).map(({ name, cidr, cost, mtu, members }, index) => ({
      index,
      name,
      range: cidr,
      cost,
      mtu,
      members: members.map((member) => machine(member.machine)).filter((member) => member >= 0),
      announced: FAMILIES.filter((family) =>
        members.some((member) =>
          machines[machine(member.machine)]?.ports.some(
            (port) => port.segment === index && port.has.includes(family) && port.ospf.includes(family),
          ),
        ),
      ),
      isEven: members.every((member) => member.mtu === mtu),
    })),
    addresses,
    links,
    linksOf: linksByMachine,
    carriers: { ipv4: linksByMachine.map(carriersOf('ipv4')), ipv6: linksByMachine.map(carriersOf('ipv6')) },
    externals: externalsOf(machines, addresses),
    blocks: blocksOf(fabric, given, machine, loans),
    named: {
      machines: machineNamed,
      segments: segmentNamed,
      addresses: addressNamed,
      sessions: new Map(links.map(({ session, sessionIndex }) => [session.id, sessionIndex])),
    },
    addressAt: addressesAt(all, segment, address),
    hasUnderlay: fabric.segments !== undefined,
  };
}

function addressesOf(
  fabric: Fabric,
  machines: readonly (RouterSpeaker | NodeSpeaker | Fabric['hosts'][number])[],
  segment: (name: string) => number,
): Address[] {
  const found = new Map<string, Omit<Address, 'order' | 'within'>>();
  const note = (address: IpAddress, owner: number, on: number) => {
    if (!found.has(address.text)) found.set(address.text, { address, owner, on });
  };
  for (const [owner, machine] of machines.entries()) {
    for (const attachment of machine.attachments) {
      for (const family of FAMILIES) {
        const address = attachment.address[family];
        if (address !== undefined) note(address, owner, segment(attachment.segment));
      }
    }
    if (machine.kind !== 'host') for (const address of loopbacks(machine)) note(address, owner, -1);
  }
  const ranges = (fabric.segments ?? []).flatMap(({ name, cidr }) =>
    FAMILIES.flatMap((family) =>
      cidr[family] === undefined ? [] : [{ range: cidr[family], on: segment(name) }],
    ),
  );
  const all = [...found.values()];
  const order = new Map(
    all
      .map(({ address }) => ({ text: address.text, value: inIpv6(address) }))
      .sort((a, b) => (a.value < b.value ? -1 : 1))
      .map(({ text }, place) => [text, place]),
  );
  return all.map((one) => ({
    ...one,
    within: one.on >= 0 ? one.on : (ranges.find(({ range }) => contains(range, one.address))?.on ?? -1),
    order: order.get(one.address.text) ?? -1,
  }));
}

const NO_STATICS: ReadonlyMap<number, StaticTo> = new Map();

function staticsOf(
  { staticRoutes }: RouterSpeaker,
  addresses: readonly Address[],
  addressNamed: ReadonlyMap<string, number>,
): ReadonlyMap<number, StaticTo> {
  return new Map(
    // The first one to an address is the one that counts.
    staticRoutes.toReversed().map(({ prefix, via }) => {
      const gateway = addressNamed.get(via.text) ?? -1;
      const to = addressNamed.get(prefix.text.replace(/\/\d+$/, '')) ?? -1;
      return [to, { via: gateway, segment: addresses[gateway]?.on ?? -1 }];
    }),
  );
}

/** What a router is given; the others call themselves by an IPv4 address where they have one, else by their name. */
export function routerIdOf(machine: RouterSpeaker | NodeSpeaker | Fabric['hosts'][number]): number {
  if (machine.kind === 'router') return Number(machine.routerId.value);
  const ipv4 =
    machine.kind === 'node'
      ? machine.address.ipv4
      : machine.attachments.flatMap(({ address }) => address.ipv4 ?? []).sort(compareAddresses)[0];
  return ipv4 === undefined ? hashedRouterId(machine.name) : Number(ipv4.value);
}

/** Loopbacks and static routes: neither is an interface that OSPF could run on. A node's own IGP is taken to know better than E2. */
function externalsOf(machines: readonly Machine[], addresses: readonly Address[]): External[][] {
  const all: External[][] = addresses.map(() => []);
  const kindOf = ({ speaker }: Machine): LoopbackKind =>
    speaker?.kind === 'router' ? speaker.loopback : 'stub';
  for (const [index, { owner, on, address }] of addresses.entries()) {
    const machine = machines[owner];
    if (on < 0 && machine?.igp.includes(address.family)) {
      all[index]?.push({ machine: owner, kind: kindOf(machine), forwarding: undefined });
    }
  }
  for (const machine of machines) {
    const { index, statics, ports } = machine;
    const kind = kindOf(machine) === 'e2' ? 'e2' : 'e1';
    for (const [to, { via, segment }] of statics) {
      const family = addresses[to]?.address.family ?? 'ipv4';
      const runs = ports.some((port) => port.segment === segment && port.ospf.includes(family));
      all[to]?.push({ machine: index, kind, forwarding: runs ? { segment, address: via } : undefined });
    }
  }
  return all;
}
