import type { PairExpectation } from '../fabric/index.ts';
import { answered, fping, key, questions, REPLY } from './fping.ts';
import type { Lab } from './lab.ts';
import { pairsToPing, pingIpv6 } from './ping.ts';

/** A packet of one size, in bytes with all its headers, for a pair of pods. */
export interface Sized {
  readonly pair: PairExpectation;
  readonly size: number;
}

/** The fate of packets that must not be fragmented. */
export interface Arrivals {
  /** The tested pairs: in a large IPv6 network one per pair of regions. */
  readonly tried: ReadonlySet<string>;
  readonly arrived: ReadonlySet<string>;
}

/**
 * By how many bytes a packet must exceed a path's MTU to be certain not to arrive. An interface with a smaller MTU than its
 * segment accepts four more: the size of a VLAN tag (`is_skb_forwardable` in Linux).
 */
export const tooLargeBy = ({ plan }: Lab): number =>
  plan.segments.some(({ mtu, ports }) => ports.some((port) => port.mtu !== mtu)) ? 5 : 1;

/** IPv4 and ICMP headers, IPv6 and ICMPv6 headers. Bytes. */
export const HEADERS = { ipv4: 28, ipv6: 48 } as const;

/** Sends each pair its packet, at most `tries` times until one arrives. */
export async function sendSized(lab: Lab, all: readonly Sized[], tries: number): Promise<Arrivals> {
  const v4 = all.filter(({ pair }) => pair.family === 'ipv4');
  const v6 = pairsToPing(
    lab,
    all.filter(({ pair }) => pair.family === 'ipv6'),
    1,
  );
  const arrived = new Set([...(await sendIpv4(lab, v4, tries)), ...(await sendIpv6(lab, v6, tries))]);
  return { tried: new Set([...v4, ...v6].map(({ pair }) => key(pair))), arrived };
}

async function sendIpv4(lab: Lab, all: readonly Sized[], tries: number): Promise<string[]> {
  const sizes = [...new Set(all.map(({ size }) => size))];
  const asked = sizes.flatMap((size) => {
    const pairs = all.filter((one) => one.size === size).map(({ pair }) => pair);
    const args = `-r ${tries - 1} -B 1 -t ${REPLY} -M -b ${size - HEADERS.ipv4}`;
    return questions(lab, pairs).map((question) => ({ question, args }));
  });
  const answers = await fping(lab, asked);
  return asked.flatMap(({ question }, index) => answered(question, answers[index] ?? ''));
}

async function sendIpv6(lab: Lab, all: readonly Sized[], tries: number): Promise<string[]> {
  const asked = all.map(({ pair, size }) => ({
    pair,
    args: `-c ${tries} -i 0.2 -M do -s ${size - HEADERS.ipv6}`,
  }));
  const answers = await pingIpv6(lab, asked);
  return asked.flatMap(({ pair }, index) =>
    /^\d+ bytes from /m.test(answers[index] ?? '') ? [key(pair)] : [],
  );
}
