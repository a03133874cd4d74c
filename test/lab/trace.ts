import { fping, key, questions, REPLY } from '../../lab/fping.ts';
import type { Lab } from '../../lab/lab.ts';
import { pairsToPing, pingIpv6 } from '../../lab/ping.ts';

/** Longer paths are loops. */
const MOST_HOPS = 12;

/**
 * The machines on the path of each pair: those that answer with time exceeded, hop by hop, all hops at once. A pair that was not
 * traced (see pairsToPing) has none.
 */
export async function trace(
  lab: Lab,
  reached: ReadonlySet<string>,
): Promise<ReadonlyMap<string, readonly string[]>> {
  const hops = new Map([...(await hopsOfIpv4(lab)), ...(await hopsOfIpv6(lab))]);
  return new Map(
    lab.expected.pairs.flatMap((pair) => {
      const seen = hops.get(key(pair));
      if (seen === undefined) return [];
      const end = seen.indexOf(undefined);
      const known = (end < 0 ? seen : seen.slice(0, end)).filter((machine) => machine !== undefined);
      // The target's node is the last one that answers so; the pod itself replies.
      const isCut = reached.has(key(pair)) && known.at(-1) !== pair.to;
      return [[key(pair), isCut ? [...known, pair.to] : known]];
    }),
  );
}

/** For a pair, indexed by TTL minus one, the machine that dropped the packet; undefined if none answered. */
type Hops = Map<string, (string | undefined)[]>;

async function hopsOfIpv4(lab: Lab): Promise<Hops> {
  const asked = questions(
    lab,
    lab.expected.pairs.filter(({ family }) => family === 'ipv4'),
  ).flatMap((question) => ttls(lab).map((ttl) => ({ question, ttl, args: `-r 0 -t ${REPLY} -H ${ttl}` })));
  const answers = await fping(lab, asked);
  const hops: Hops = new Map();
  for (const [index, { question, ttl }] of asked.entries()) {
    const said = new Map(
      [
        ...(answers[index] ?? '').matchAll(/^ICMP Time Exceeded from (\S+) for ICMP Echo sent to (\S+)/gm),
      ].map(([, from = '', to = '']) => [to, from]),
    );
    for (const { pair, address } of question.targets) {
      note(hops, key(pair), ttl, lab.machineOf.get(said.get(address.text) ?? ''));
    }
  }
  return hops;
}

async function hopsOfIpv6(lab: Lab): Promise<Hops> {
  const pairs = lab.expected.pairs.filter(({ family }) => family === 'ipv6').map((pair) => ({ pair }));
  const asked = pairsToPing(lab, pairs, ttls(lab).length).flatMap(({ pair }) =>
    ttls(lab).map((ttl) => ({ pair, ttl, args: `-c 1 -t ${ttl}` })),
  );
  const answers = await pingIpv6(lab, asked);
  const hops: Hops = new Map();
  for (const [index, { pair, ttl }] of asked.entries()) {
    const from = /^From (\S+) icmp_seq=1 Time exceeded/m.exec(answers[index] ?? '')?.[1];
    note(hops, key(pair), ttl, lab.machineOf.get(from ?? ''));
  }
  return hops;
}

function note(hops: Hops, of: string, ttl: number, machine: string | undefined): void {
  const own = hops.get(of) ?? [];
  own[ttl - 1] = machine;
  hops.set(of, own);
}

const ttls = (lab: Lab): number[] =>
  Array.from({ length: Math.min(MOST_HOPS, lab.plan.hosts.length + 1) }, (_, index) => index + 1);
