import {
  type Attachment,
  endsFor,
  FARTHEST,
  type Fabric,
  meshSessions,
  type Session,
  type SessionEnd,
} from '../../fabric/index.ts';
import { addressBits, type Family, type IpAddress, type Prefix } from '../../topology/address.ts';
import type { Address, Carriers, Link, LinkNextHop, Machine, Range } from './model.ts';
import { hopOf } from './spf.ts';

/** Every session twice, as each of its ends has it. */
export function linksOf(
  fabric: Fabric,
  machine: (name: string) => number,
  addresses: readonly Address[],
  address: (one: IpAddress) => number,
): Link[] {
  const range = rangesIn(addresses);
  const distances = new Map(
    fabric.routers.map(({ name, distances }) => [
      name,
      new Map(distances.map(({ nextHop, cost }) => [address(nextHop), cost])),
    ]),
  );
  const clusterOf = new Map(fabric.routers.map(({ name, clusterId }) => [name, Number(clusterId.value)]));
  return [...fabric.sessions, ...meshSessions(fabric)].flatMap((session, sessionIndex) =>
    session.ends.map((end, side): Link => {
      const { local, remote } = endsFor(session, end.speaker);
      const index = 2 * sessionIndex + side;
      return {
        index,
        other: 2 * sessionIndex + 1 - side,
        session,
        sessionIndex,
        local,
        machine: machine(local.speaker),
        peer: machine(remote.speaker),
        localAddress: address(local.address),
        peerAddress: address(remote.address),
        toClient: local.role === 'reflector',
        cluster: clusterOf.get(local.speaker) ?? 0,
        nextHop: {
          ipv4: nextHopOf(session, local, 'ipv4', address, range),
          ipv6: nextHopOf(session, local, 'ipv6', address, range),
        },
        med:
          local.role === 'reflector' && local.nextHop.rule === 'keep'
            ? medOf(session, distances.get(local.speaker) ?? NO_DISTANCES)
            : NO_MED,
      };
    }),
  );
}

const NO_DISTANCES: ReadonlyMap<number, number> = new Map();
const NO_MED: Link['med'] = () => undefined;

function medOf({ isByDefault }: Session, distances: ReadonlyMap<number, number>): Link['med'] {
  if (distances.size === 0) return NO_MED;
  return isByDefault ? () => FARTHEST : (nextHop) => distances.get(nextHop);
}

function nextHopOf(
  { carries }: Session,
  { nextHop, address: self }: SessionEnd,
  family: Family,
  address: (one: IpAddress) => number,
  range: (prefix: Prefix) => Range,
): LinkNextHop {
  const none = { keep: [], gateways: false, farClients: false };
  if (nextHop.rule === 'unchanged') return { ...none, otherwise: undefined };
  const keep =
    nextHop.rule === 'keep' ? nextHop.onSegments.filter((one) => one.family === family).map(range) : [];
  const fallback = nextHop.rule === 'keep' ? nextHop.otherwise[carries.indexOf(family)] : undefined;
  if (nextHop.rule !== 'keep' || fallback === undefined || (keep.length === 0 && !nextHop.farClients)) {
    return { ...none, otherwise: address(self) };
  }
  const { gateways, farClients } = nextHop;
  return { keep, gateways, farClients, otherwise: address(fallback) };
}

/** Whether a prefix holds an address is asked a million times, and arithmetic of large integers is slow. */
function rangesIn(addresses: readonly Address[]): (prefix: Prefix) => Range {
  const values = addresses.map(({ address }) => inIpv6(address)).sort((a, b) => (a < b ? -1 : 1));
  const firstFrom = (value: bigint): number => {
    let [low, high] = [0, values.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((values[middle] as bigint) < value) low = middle + 1;
      else high = middle;
    }
    return low;
  };
  const ranges = new Map<string, Range>();
  return (prefix) => {
    const before = ranges.get(prefix.text);
    if (before !== undefined) return before;
    const start = inIpv6(prefix);
    const size = 1n << BigInt(addressBits(prefix.family) - prefix.length);
    const found = { family: prefix.family, from: firstFrom(start), to: firstFrom(start + size) };
    ranges.set(prefix.text, found);
    return found;
  };
}

/** By hop the address of the machine there. */
export function addressesAt(
  machines: readonly { readonly attachments: readonly Attachment[] }[],
  segment: (name: string) => number,
  address: (one: IpAddress) => number,
): Readonly<Record<Family, ReadonlyMap<number, number>>> {
  const at = (family: Family) =>
    new Map(
      machines.flatMap(({ attachments }, machine) =>
        attachments.flatMap((one): [number, number][] => {
          const onSegment = one.address[family];
          return onSegment === undefined
            ? []
            : [[hopOf({ machines }, segment(one.segment), machine), address(onSegment)]];
        }),
      ),
    );
  return { ipv4: at('ipv4'), ipv6: at('ipv6') };
}

/** By machine its links. */
export function byMachine(machines: readonly Machine[], links: readonly Link[]): Link[][] {
  const all: Link[][] = machines.map(() => []);
  for (const link of links) all[link.machine]?.push(link);
  return all;
}

/** Of a machine's links those that carry a family's routes. */
export const carriersOf =
  (family: Family) =>
  (links: readonly Link[]): Carriers => {
    const all = links.filter(({ session }) => session.carries.includes(family));
    return { all, toClients: all.filter(({ toClient }) => toClient) };
  };

/** An address in BIRD 2's order, where IPv4 is in `::ffff:0:0/96`. */
export const inIpv6 = ({ family, value }: IpAddress): bigint =>
  family === 'ipv4' ? value + 0xffff00000000n : value;
