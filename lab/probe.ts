import type { PairExpectation } from '../fabric/index.ts';
import type { Family, IpAddress } from '../topology/address.ts';
import type { Lab } from './boot.ts';
import type { LabPod } from './plan.ts';

/** What packets between two pods did. */
export interface Probed {
  readonly pair: PairExpectation;
  readonly reached: boolean;
  /** The machines that a packet went through, from node to node; as far as it came where it did not arrive. */
  readonly path: readonly string[];
  /** Bytes: the smallest MTU of the segments on the path; undefined where the path is not known whole. */
  readonly pathMtu: number | undefined;
  /** What sizes did that they should not. */
  readonly mtu: readonly string[];
}

/** Longer ways are loops. */
const MOST_HOPS = 12;

/**
 * Pings every pair of pods, follows each way, and tries sizes: what a pod sends at its own MTU arrives; of larger packets
 * (the pod's interface is widened for that) one of the path's MTU arrives, and one byte more does not. One prober a pod and
 * question, not one a pair.
 */
export async function probe(lab: Lab): Promise<Probed[]> {
  const reached = await ping(lab, { retries: 3 });
  const paths = await trace(lab, reached);
  const sized = lab.expected.pairs
    .filter((pair) => reached.has(key(pair)))
    .map((pair) => ({ pair, mtu: pathMtu(lab, pair, paths.get(key(pair)) ?? []) }));
  const atPodMtu = await ping(lab, { size: (pod) => pod.mtu, retries: 2 });
  await widen(lab);
  const limits = new Map(
    sized.flatMap(({ pair, mtu }) => (mtu === undefined ? [] : [[key(pair), mtu] as const])),
  );
  const atLimit = await pingSizes(lab, sized, limits, 0);
  const beyond = await pingSizes(lab, sized, limits, 1);
  return lab.expected.pairs.map((pair) => {
    const limit = limits.get(key(pair));
    const podMtu = lab.plan.pods.find(({ node }) => node === pair.from)?.mtu ?? 0;
    const isReached = reached.has(key(pair));
    return {
      pair,
      reached: isReached,
      path: paths.get(key(pair)) ?? [pair.from],
      pathMtu: limit,
      mtu: isReached
        ? [
            ...(atPodMtu.has(key(pair)) ? [] : [`packets of the pods' MTU, ${podMtu} bytes, do not arrive`]),
            ...(limit === undefined || atLimit.has(key(pair))
              ? []
              : [`packets of ${limit} bytes do not arrive, although every segment on the way has that MTU`]),
            ...(limit !== undefined && beyond.has(key(pair))
              ? [`packets of ${limit + 1} bytes arrive, although a segment on the way has an MTU of ${limit}`]
              : []),
          ]
        : [],
    };
  });
}

const key = ({ from, to, family }: PairExpectation): string => `${from} ${to} ${family}`;

interface Question {
  readonly family: Family;
  readonly pod: LabPod;
  readonly targets: readonly { readonly pair: PairExpectation; readonly address: IpAddress }[];
}

/** Of each pod what it asks: the pods of all others, one family at a time. */
function questions(lab: Lab, pairs: readonly PairExpectation[] = lab.expected.pairs): Question[] {
  const podOf = new Map(lab.plan.pods.map((pod) => [pod.node, pod]));
  return lab.plan.pods.flatMap((pod) =>
    lab.fabric.pods.families.flatMap((family): Question[] => {
      const targets = pairs
        .filter((pair) => pair.from === pod.node && pair.family === family)
        .flatMap((pair) => {
          const address = podOf.get(pair.to)?.addresses.find((one) => one.family === family);
          return address === undefined ? [] : [{ pair, address }];
        });
      return targets.length === 0 ? [] : [{ family, pod, targets }];
    }),
  );
}

/** IPv4 and ICMP headers, IPv6 and ICMPv6 headers. Bytes. */
const HEADERS = { ipv4: 28, ipv6: 48 } as const;

interface Asking {
  readonly args: string;
  readonly question: Question;
}

/** Runs all at once inside the holder; what each said, in their order. */
async function fping(lab: Lab, asked: readonly Asking[]): Promise<string[]> {
  const commands = asked.map(({ args, question: { pod, family, targets } }, index) => {
    const flag = family === 'ipv6' ? '-6' : '-4';
    const addresses = targets.map(({ address }) => address.text).join(' ');
    return `nsenter --net=/run/netns/${pod.netns} fping ${flag} -i 1 ${args} ${addresses} >/run/probe/${index} 2>&1 &`;
  });
  const script = [
    'rm -rf /run/probe; mkdir /run/probe',
    ...commands,
    'wait',
    `for i in $(seq 0 ${asked.length - 1}); do echo "@$i"; cat /run/probe/$i; done`,
  ];
  const { stdout } = await lab.holder.run(script.join('\n'));
  return stdout.split(/^@\d+\n/m).slice(1);
}

/** The pairs whose target answered. */
async function ping(
  lab: Lab,
  { size, retries }: { size?: (pod: LabPod) => number; retries: number },
  asked = questions(lab),
): Promise<ReadonlySet<string>> {
  const answers = await fping(
    lab,
    asked.map((question) => ({
      question,
      args: `-r ${retries} -B 1 -t 300${size === undefined ? '' : ` -M -b ${size(question.pod) - HEADERS[question.family]}`}`,
    })),
  );
  return new Set(
    asked.flatMap(({ targets }, index) => {
      const alive = new Set(
        [...(answers[index] ?? '').matchAll(/^(\S+) is alive/gm)].map(([, address]) => address),
      );
      return targets.filter(({ address }) => alive.has(address.text)).map(({ pair }) => key(pair));
    }),
  );
}

/** Pings with one size for each path MTU: `more` bytes above it. */
async function pingSizes(
  lab: Lab,
  sized: readonly { pair: PairExpectation }[],
  limits: ReadonlyMap<string, number>,
  more: number,
): Promise<ReadonlySet<string>> {
  const sizes = [...new Set(limits.values())];
  const all = sizes.flatMap((size) => {
    const pairs = sized.map(({ pair }) => pair).filter((pair) => limits.get(key(pair)) === size);
    return questions(lab, pairs).map((question) => ({ question, size }));
  });
  // fping sets "don't fragment" for IPv4 only.
  const asked = all.filter(({ question }) => question.family === 'ipv4');
  const answers = await fping(
    lab,
    asked.map(({ question, size }) => ({
      question,
      args: `-r ${more === 0 ? 2 : 0} -B 1 -t 300 -M -b ${size + more - HEADERS.ipv4}`,
    })),
  );
  const reached = new Set<string>();
  for (const [index, { question }] of asked.entries()) {
    const alive = new Set(
      [...(answers[index] ?? '').matchAll(/^(\S+) is alive/gm)].map(([, address]) => address),
    );
    for (const { pair, address } of question.targets) if (alive.has(address.text)) reached.add(key(pair));
  }
  if (more === 0)
    for (const { question } of all)
      if (question.family === 'ipv6') for (const { pair } of question.targets) reached.add(key(pair));
  return reached;
}

/** The machines on the way of each pair: who says that a packet's time is up, hop by hop, all hops at once. */
async function trace(lab: Lab, reached: ReadonlySet<string>): Promise<ReadonlyMap<string, string[]>> {
  const asked = questions(lab).flatMap((question) =>
    Array.from({ length: hopsToAsk(lab) }, (_, index) => ({
      question,
      ttl: index + 1,
      args: `-r 0 -t 400 -H ${index + 1}`,
    })),
  );
  const answers = await fping(lab, asked);
  const hops = new Map<string, (string | undefined)[]>();
  for (const [index, { question, ttl }] of asked.entries()) {
    const said = new Map(
      [
        ...(answers[index] ?? '').matchAll(
          /^ICMP(?:v6)? Time Exceeded from (\S+) for ICMP Echo sent to (\S+)/gm,
        ),
      ].map(([, from = '', to = '']) => [to, from]),
    );
    for (const { pair, address } of question.targets) {
      const from = said.get(address.text);
      const own = hops.get(key(pair)) ?? [];
      own[ttl - 1] = from === undefined ? undefined : lab.machineOf.get(from);
      hops.set(key(pair), own);
    }
  }
  return new Map(
    lab.expected.pairs.map((pair) => {
      const seen = hops.get(key(pair)) ?? [];
      const end = seen.indexOf(undefined);
      const known = (end < 0 ? seen : seen.slice(0, end)).filter((machine) => machine !== undefined);
      // The target's node is the last that says so; the pod itself answers.
      return [key(pair), reached.has(key(pair)) && known.at(-1) !== pair.to ? [...known, pair.to] : known];
    }),
  );
}

const hopsToAsk = (lab: Lab): number => Math.min(MOST_HOPS, lab.plan.hosts.length + 1);

/** The least MTU of the segments between the machines of a path. */
function pathMtu(lab: Lab, pair: PairExpectation, path: readonly string[]): number | undefined {
  const mtuOf = new Map(lab.plan.segments.map(({ name, mtu }) => [name, mtu]));
  const mtus = path.slice(0, -1).map((machine, index) => {
    const step = pair.steps.get(machine)?.find(({ to }) => to === path[index + 1]);
    return step === undefined ? undefined : mtuOf.get(step.segment);
  });
  return mtus.includes(undefined) || mtus.length === 0 ? undefined : Math.min(...mtus.map(Number));
}

/** Wide enough for any segment, so that not the pod's own interface is what limits a packet. */
const WIDE = 16_000;

async function widen(lab: Lab): Promise<void> {
  const commands = lab.plan.pods.flatMap(({ node, netns, veth }) => [
    `ip -n ${node} link set ${veth} mtu ${WIDE}`,
    `ip -n ${netns} link set eth0 mtu ${WIDE}`,
  ]);
  await lab.holder.run(commands.join('\n'));
}
