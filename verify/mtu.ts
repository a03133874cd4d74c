import type { Fabric } from '../fabric/index.ts';
import { type Family, LEAST_IPV6_MTU } from '../topology/address.ts';
import { narrowAt, narrowEvidence } from './packet-size.ts';
import type { ExpectedWay, Sent } from './packet-ways.ts';
import type { PacketFacts, ProbeLook } from './probe-look.ts';
import { unreadText } from './unread.ts';

/** What packets between nodes found of MTUs, beside what the topology has. */
export interface MtuReport {
  readonly pairs: readonly PairMtu[];
  /** Links that carry less than the topology says. */
  readonly links: readonly NarrowLink[];
  readonly unknown: readonly UnknownMtu[];
  readonly pods: PodsMtu;
}

/** Bytes. */
export interface PairMtu {
  readonly from: string;
  readonly to: string;
  readonly family: Family;
  readonly found: number;
  /** The least on its way; undefined without an underlay. */
  readonly written: number | undefined;
}

export interface NarrowLink {
  /** Undefined if only the machine before it is known. */
  readonly segment: string | undefined;
  readonly from: string;
  readonly to: string | undefined;
  readonly found: number;
  readonly written: number | undefined;
  /** What is larger is dropped without an ICMP error. */
  readonly isSilent: boolean;
  readonly evidence: readonly string[];
}

export interface UnknownMtu {
  readonly about: string;
  readonly message: string;
  readonly evidence: readonly string[];
}

export interface PodsMtu {
  readonly now: number | undefined;
  /** What passes everywhere; undefined if nothing does. */
  readonly least: number | undefined;
  /** In place of what is now; undefined if that fits, or nothing is known. */
  readonly proposed: number | undefined;
  readonly reason: string;
}

type Ways = (from: string, to: string, family: Family) => readonly ExpectedWay[];

export function mtuReport(fabric: Fabric, look: ProbeLook, ways: Ways): MtuReport {
  const unknown: UnknownMtu[] = [];
  const pairs: PairMtu[] = [];
  const links: NarrowLink[] = [];
  if (!look.probes.ok) {
    const { why } = look.probes;
    unknown.push({ about: 'all pairs', message: unreadText(why, look), evidence: why.evidence });
  }
  for (const { node: from, targets } of look.probes.ok ? look.probes.value : []) {
    if (!targets.ok) unknown.push({ about: from, message: targets.message, evidence: targets.evidence });
    for (const { node: to, family, packets } of targets.ok ? targets.value : []) {
      const about = `${from} to ${to}/${family}`;
      if (!packets.ok) unknown.push({ about, message: packets.message, evidence: packets.evidence });
      else if (packets.value.largest === undefined) unknown.push({ about, ...whyNot(packets.value) });
      else {
        const found = packets.value.largest;
        const sent: Sent = {
          from,
          to,
          family,
          facts: packets.value,
          ways: ways(from, to, family),
          back: undefined,
        };
        pairs.push({ from, to, family, found, written: writtenOn(fabric, sent.ways) });
        links.push(...narrowLink(fabric, sent, found));
      }
    }
  }
  return { pairs, links: distinct(links), unknown, pods: podsMtu(fabric, pairs, links) };
}

function whyNot({ received }: PacketFacts): Omit<UnknownMtu, 'about'> {
  const message = received === 0 ? 'nothing is answered' : 'ping does not say what its interface carries';
  return { message, evidence: [] };
}

/** What the topology has for the interfaces and the segments of a way. */
function writtenOn(fabric: Fabric, ways: readonly ExpectedWay[]): number | undefined {
  const all = ways.flatMap((way) =>
    way.flatMap(({ machine, segment }, at) =>
      segment === undefined ? [] : writtenOf(fabric, segment, machine, way[at + 1]?.machine),
    ),
  );
  return all.length === 0 ? undefined : Math.min(...all);
}

/** Of a segment, and of the interfaces of machines there. */
function writtenOf(fabric: Fabric, name: string, ...machines: (string | undefined)[]): number[] {
  const segment = fabric.segments?.find((one) => one.name === name);
  if (segment === undefined) return [];
  const own = segment.members.filter(({ machine }) => machines.includes(machine)).map(({ mtu }) => mtu);
  return [segment.mtu, ...own];
}

/** The link that lets no more through, if the topology has more for it. */
function narrowLink(fabric: Fabric, sent: Sent, found: number): NarrowLink[] {
  const { from, facts, ways } = sent;
  const written = writtenOn(fabric, ways);
  if (found === facts.limit) {
    // Larger packets never left: the interface, or what the kernel remembers of the path.
    if (written === undefined || found >= written) return [];
    const segment = ways[0]?.[0]?.segment;
    const evidence = [`${from} sends none that is larger`];
    return [
      {
        segment,
        from,
        to: undefined,
        found,
        written: least(fabric, segment, from),
        isSilent: false,
        evidence,
      },
    ];
  }
  const at = narrowAt(fabric, sent);
  if (at === undefined)
    return written === undefined || found >= written
      ? []
      : [{ segment: undefined, from, to: undefined, found, written, isSilent: true, evidence: [] }];
  const { machine, isSure } = at;
  // Where the next machine never says that it has packets, they may be lost beyond it.
  const [segment, next] = isSure ? [at.segment, at.next] : [undefined, undefined];
  const has = least(fabric, segment, machine, next);
  if ((has ?? written ?? Number.POSITIVE_INFINITY) <= found) return [];
  const evidence = narrowEvidence(fabric, sent, found);
  const isSilent = facts.told?.mtu !== found;
  return [{ segment, from: machine, to: next, found, written: has, isSilent, evidence }];
}

const least = (fabric: Fabric, segment: string | undefined, ...machines: (string | undefined)[]) => {
  const all = segment === undefined ? [] : writtenOf(fabric, segment, ...machines);
  return all.length === 0 ? undefined : Math.min(...all);
};

/** One for each direction of a link, with the least that was found. */
function distinct(links: readonly NarrowLink[]): NarrowLink[] {
  const best = new Map<string, NarrowLink>();
  for (const link of links) {
    const key = JSON.stringify([link.segment, link.from, link.to]);
    const other = best.get(key);
    if (other === undefined || link.found < other.found) best.set(key, link);
  }
  return [...best.values()];
}

function podsMtu({ pods }: Fabric, pairs: readonly PairMtu[], links: readonly NarrowLink[]): PodsMtu {
  const all = pairs.filter(({ family }) => pods.families.includes(family));
  const { mtu: now } = pods;
  const [narrowest] = [...all].sort((a, b) => a.found - b.found);
  if (narrowest === undefined)
    return { now, least: undefined, proposed: undefined, reason: 'no packet has shown what fits' };
  const { found, from, to, family } = narrowest;
  if (now !== undefined && now <= found) {
    const spare = found - now;
    const room = spare === 0 ? 'and no more' : `${spare} more than it needs`;
    return { now, least: found, proposed: undefined, reason: `${found} bytes pass everywhere, ${room}` };
  }
  const passes = `at most ${found} bytes pass from ${from} to ${to} (${family === 'ipv4' ? 'IPv4' : 'IPv6'})`;
  const isWritten = links.length === 0;
  const proposed = isWritten ? found : Math.floor((found - 1) / 10) * 10;
  if (pods.families.includes('ipv6') && proposed < LEAST_IPV6_MTU) {
    const reason = `${passes}, and pods with IPv6 need ${LEAST_IPV6_MTU}: raise the MTU of that link`;
    return { now, least: found, proposed: undefined, reason };
  }
  const reason = isWritten
    ? `${passes}, as the topology has it`
    : `${passes}; since that is measured and nobody's setting, the next multiple of ten below it`;
  return { now, least: found, proposed, reason };
}
