import type { Attachment, Fabric } from '../fabric/index.ts';
import { type Family, valuesOf } from '../topology/address.ts';
import type { PacketFacts } from './probe-look.ts';

/** A way of packets: each machine, and the segment to the next. */
export type ExpectedWay = readonly { readonly machine: string; readonly segment: string | undefined }[];

/** Packets from pods of one node to a pod of another, and what is known of them. */
export interface Sent {
  readonly from: string;
  readonly to: string;
  readonly family: Family;
  readonly facts: PacketFacts;
  readonly ways: readonly ExpectedWay[];
  /** The other way round; undefined if nobody knows. */
  readonly back: PacketFacts | undefined;
}

/** The last machine that packets reach, and the link to the next one that should have them. */
export interface Reached {
  readonly machine: string;
  readonly next: string | undefined;
  readonly segment: string | undefined;
  /** The next one is known to say so when it has packets: otherwise they may be lost beyond it. */
  readonly isSure: boolean;
}

/** Undefined if no machine says that it has the packets. */
export function reached(fabric: Fabric, { ways, back }: Sent, facts: PacketFacts): Reached | undefined {
  const last = [...facts.hops].filter(({ isAnswer }) => !isAnswer).sort((a, b) => b.life - a.life)[0];
  if (last === undefined) return undefined;
  const machine = machineOf(fabric, last.from) ?? last.from;
  const { next: only, segment } = after(ways, machine);
  // Of several, the one that small packets take.
  const taken = facts.way.find(({ life, isAnswer }) => life === last.life + 1 && !isAnswer);
  const next = only ?? (taken && machineOf(fabric, taken.from));
  const heard = [...facts.way, ...(back === undefined ? [] : [...back.hops, ...back.way])];
  const isSure = next !== undefined && heard.some(({ from }) => machineOf(fabric, from) === next);
  return { machine, next, segment, isSure };
}

/** Whom a machine hands packets to on the ways that it is on, and on which segment; undefined where the ways differ. */
export function after(ways: readonly ExpectedWay[], machine: string): Pick<Reached, 'next' | 'segment'> {
  const found = ways.flatMap((way) => {
    const at = way.findIndex((one) => one.machine === machine);
    const next = way[at + 1];
    return at < 0 || next === undefined ? [] : [{ next: next.machine, segment: way[at]?.segment }];
  });
  const [first] = found;
  return {
    next: found.every(({ next }) => next === first?.next) ? first?.next : undefined,
    segment: found.every(({ segment }) => segment === first?.segment) ? first?.segment : undefined,
  };
}

/** Whose address it is. */
export function machineOf(fabric: Fabric, address: string): string | undefined {
  const attached = (one: { readonly attachments: readonly Attachment[] }) =>
    one.attachments.flatMap((each) => valuesOf(each.address));
  const has = (all: readonly { readonly text: string }[]) => all.some(({ text }) => text === address);
  return [
    ...fabric.routers.map((one) => ({
      name: one.name,
      all: [...valuesOf(one.nodeAddress), ...valuesOf(one.backboneAddress), ...attached(one)],
    })),
    ...fabric.nodes.map((one) => ({ name: one.name, all: [...valuesOf(one.address), ...attached(one)] })),
    ...fabric.hosts.map((one) => ({ name: one.name, all: attached(one) })),
  ].find(({ all }) => has(all))?.name;
}

/** `between cn-ns and global-ns, on iepl`. */
export const linkText = ({ machine, next, segment, isSure }: Reached): string | undefined => {
  if (segment === undefined) return undefined;
  const link = next === undefined ? `after ${machine}` : `between ${machine} and ${next}`;
  return `${link}, on ${segment}${isSure ? '' : ', or beyond'}`;
};

/** The interface of a router on a segment, if the topology names it. */
export const interfaceOn = (
  fabric: Fabric,
  router: string,
  segment: string | undefined,
): string | undefined =>
  fabric.routers.find(({ name }) => name === router)?.attachments.find((one) => one.segment === segment)
    ?.interface;

/** `1 gateway (192.168.100.1)`, hop by hop. */
export const hopLines = (fabric: Fabric, from: string, { hops }: PacketFacts): string[] =>
  hops.length === 0
    ? []
    : [
        `from ${from}: ${hops.map((hop) => `${hop.life} ${machineOf(fabric, hop.from) ?? hop.from}`).join(', ')}`,
      ];
