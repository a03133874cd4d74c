import type { PairExpectation } from '../fabric/index.ts';
import { type Asked, type Flow, flowsOverAll, onlyFlow, withoutFlows } from './flows.ts';
import { key } from './fping.ts';
import type { Lab } from './lab.ts';
import { followWaits, type Waits } from './waits.ts';
import { turned } from './walk.ts';

/** The fate of packets of one pair of pods that exist before and after. */
export interface Ride {
  readonly from: string;
  readonly to: string;
  readonly sent: number;
  /** Without losses that a busy machine may have caused; the same holds for the longest run. */
  readonly lost: number;
  /** Milliseconds: the longest run of lost packets. */
  readonly gap: number;
  /** Also lost, for longer than a moment, while the lab had no processor: the cause is unknown. */
  readonly unsure: number;
  /** Whether the last packets with a known fate are lost. */
  readonly isSilent: boolean;
}

/** Milliseconds between two packets of a pair: short if there are few pairs, so that gaps are measured precisely. */
const period = (pairs: number): number => (pairs <= 400 ? 20 : 200);

/** A pair with several flows sends as many packets as others; in a small network twice as many, to measure gaps. */
const periodOf = ({ of }: Flow, pairs: number): number =>
  of === 1 ? period(pairs) : period(pairs) * (pairs <= 100 ? 2 : 4);

/**
 * Milliseconds that a reply may take, and the maximum number of packets to a target. Kernels carry a packet there and back within a few
 * milliseconds, or not at all; what takes longer is fping, which needs a processor to read the reply. It forgets what is ten seconds old. When
 * pinging without end fping 5.1 gives up on a silent target (measured: 60 packets of 800); when counting it does not.
 */
const PATIENCE = 9000;
const MOST = 30_000;

/** Milliseconds after which the fate of a packet is known. */
const OPEN = 1000;

/** The future state of a network. */
type Next = Pick<Lab, 'plan' | 'expected'>;

/**
 * Lets all pods that stay, in the plan of the future state, ping each other continuously until ended. A pair that has several equal
 * paths, or may have some while its paths change, uses all of them.
 */
export async function startPings(lab: Lab, next: Next): Promise<{ end: () => Promise<Ride[]> }> {
  const stay = new Set(next.plan.pods.flatMap(({ addresses }) => addresses.map(({ text }) => text)));
  const pods = lab.plan.pods
    .map((pod) => ({ ...pod, addresses: pod.addresses.filter(({ text }) => stay.has(text)) }))
    .filter(({ addresses }) => addresses.length > 0);
  // A pod in two pools answers from the address that was pinged, and pings from each.
  const asked = pods.flatMap((pod) =>
    pod.addresses.flatMap((source) =>
      pods
        .filter((other) => other !== pod)
        .flatMap(({ node, addresses }) =>
          addresses
            .filter(({ family }) => family === source.family)
            .map(({ text }): Asked => ({ pod, source, target: { node, address: text } })),
        ),
    ),
  );
  const several = severalWays(lab, next);
  const isSeveral = ({ pod, source, target }: Asked) =>
    several.has(key({ from: pod.node, to: target.node, family: source.family }));
  const further = await flowsOverAll(lab, asked.filter(isSeveral));
  const flows = [...asked.filter((one) => !isSeveral(one)).map(onlyFlow), ...further];
  const every = (flow: Flow) => periodOf(flow, pods.length * pods.length);
  // One fping has one source and one rate.
  const groups = [...groupedBy(flows, (flow) => `${flow.source.text} ${every(flow)}`).values()];
  const commands = groups.map(([first, ...others], index) => {
    const targets = [first, ...others].map(({ asked: { target } }) => target.address).join(' ');
    const ping = `fping -D -S ${first.source.text} -c ${MOST} -r 0 -i 1 -p ${every(first)} -t ${PATIENCE} ${targets}`;
    return `nsenter --net=/run/netns/${first.asked.pod.netns} ${ping} >/run/pings/${index} 2>/run/pings/${index}.end </dev/null & echo $! >>/run/pings/pids`;
  });
  await lab.holder.run(['rm -rf /run/pings; mkdir /run/pings', ...commands].join('\n'));
  const waits = followWaits(lab);
  return {
    end: async () => {
      const read = groups.map(
        (_, index) => `echo '@'; cat /run/pings/${index} /run/pings/${index}.end 2>/dev/null`,
      );
      const { stdout } = await lab.holder.run([ENDED, ...read].join('\n'));
      const parts = stdout.split(/^@\n/m).slice(1);
      waits.end();
      await withoutFlows(lab, further);
      const rides = groups.flatMap((group, index) =>
        group.map((flow) => {
          const { pod, target } = flow.asked;
          const flowRide = ride(
            pod.node,
            target.node,
            target.address,
            parts[index] ?? '',
            every(flow),
            waits,
          );
          return { flow, flowRide };
        }),
      );
      return [...groupedBy(rides, ({ flow }) => flow.asked).values()].map(([first, ...others]) =>
        together([first.flowRide, ...others.map(({ flowRide }) => flowRide)]),
      );
    },
  };
}

/** The pairs that have several equal paths, before or afterwards, in either direction, or different ones afterwards, and so may have both in between. */
function severalWays(before: Next, after: Next): ReadonlySet<string> {
  const [stepsBefore, stepsAfter] = [before, after].map(
    ({ expected }) => new Map(expected.pairs.map((pair) => [key(pair), pair.steps])),
  ) as [Map<string, Steps>, Map<string, Steps>];
  const isSeveral = (pair: PairExpectation) => {
    const both = [stepsBefore.get(key(pair)), stepsAfter.get(key(pair))].map((steps) =>
      [...(steps ?? [])].sort(),
    );
    const [was, is] = both.map((steps) => JSON.stringify(steps));
    return was !== is || both.flat().some(([, next]) => next.length > 1);
  };
  return new Set(before.expected.pairs.filter((pair) => isSeveral(pair) || isSeveral(turned(pair))).map(key));
}

type Steps = PairExpectation['steps'];

/** The fate of all flows of a pair. */
function together(flows: readonly [Ride, ...Ride[]]): Ride {
  const [{ from, to }] = flows;
  const sum = (what: 'sent' | 'lost' | 'unsure') => flows.reduce((all, one) => all + one[what], 0);
  return {
    from,
    to,
    sent: sum('sent'),
    lost: sum('lost'),
    gap: Math.max(...flows.map(({ gap }) => gap)),
    unsure: sum('unsure'),
    isSilent: flows.some(({ isSilent }) => isSilent),
  };
}

function groupedBy<T, K>(all: readonly T[], by: (one: T) => K): ReadonlyMap<K, [T, ...T[]]> {
  const groups = new Map<K, [T, ...T[]]>();
  for (const one of all) {
    const group = groups.get(by(one));
    if (group === undefined) groups.set(by(one), [one]);
    else group.push(one);
  }
  return groups;
}

/** At SIGINT fping prints how many packets it sent: its last output, after which nothing more comes. */
const ENDED = `pids=$(cat /run/pings/pids); kill -INT $pids
for pid in $pids; do while [ -e /proc/$pid/exe ]; do sleep 0.02; done; done`;

/**
 * From fping's lines for one target: `[SECONDS] ADDRESS : [7], 64 bytes, ...` for replies, the latest ones last, and
 * `ADDRESS : xmt/rcv/%loss = 12/11/8%` at the end. The time that the machine made the lab wait is subtracted from a run of lost packets. If
 * nothing is left of a short run, the machine caused it: a daemon lost its processor between removing a route and adding another
 * one. For a longer run that is possible.
 */
export function ride(
  from: string,
  to: string,
  address: string,
  text: string,
  every: number,
  waits: Pick<Waits, 'between'>,
): Ride {
  const lines = text.split('\n');
  const arrivals = lines.flatMap((line): [number, number][] => {
    const [, seconds, target, index] = ARRIVED.exec(line) ?? [];
    return target === address ? [[Number(index), Number(seconds) * 1000]] : [];
  });
  const at = new Map(arrivals);
  const isOwn = (line: string) => line.startsWith(`${address} `);
  const sent = Number(
    / = (\d+)\//.exec(lines.find((line) => isOwn(line) && SUMMARY.test(line)) ?? '')?.[1] ?? 0,
  );
  const last = Math.max(-1, ...at.keys());
  const settled = Math.max(last + 1, sent - Math.ceil(OPEN / every));
  let [lost, gap, unsure] = [0, 0, 0];
  for (let index = 0; index < settled; index++) {
    if (at.has(index)) continue;
    const begin = index;
    while (index < settled && !at.has(index)) index++;
    const [before, after] = [at.get(begin - 1) ?? 0, at.get(index) ?? Number.POSITIVE_INFINITY];
    const [packets, time] = [index - begin, (index - begin) * every];
    const ownTime = Math.round(time - waits.between(before - AROUND, after + AROUND));
    if (ownTime > 0) [lost, gap] = [lost + packets, Math.max(gap, ownTime)];
    else if (time > MOMENT) unsure += packets;
  }
  return { from, to, sent: settled, lost, gap, unsure, isSilent: settled > last + 1 };
}

/** Milliseconds. The effect of a change on a path lasts longer: BGP has to withdraw it, or OSPF to find another one. */
const MOMENT = 200;

/** Milliseconds by which fping may report a reply late. */
const AROUND = 500;

const ARRIVED = /^\[([\d.]+)\] (\S+) +: \[(\d+)\], \d+ bytes/;
const SUMMARY = / : xmt\/rcv\/%loss = /;
