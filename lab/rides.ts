import type { Lab } from './boot.ts';
import type { LabPlan } from './plan.ts';

/** What became of the packets of one pair of pods that are there before and after. */
export interface Ride {
  readonly from: string;
  readonly to: string;
  readonly sent: number;
  readonly lost: number;
  /** Milliseconds: the longest run of lost packets. */
  readonly gap: number;
}

/** Milliseconds between two packets of a pair: short where there are few, so that a gap is measured well. */
const period = (pairs: number): number => (pairs <= 400 ? 20 : 200);

/**
 * Milliseconds that a reply may take, and packets to a target at most. fping 5.1 forgets to go on with a silent target where it shall
 * ping without an end (measured: 60 packets of 800); where it counts, it does not.
 */
const PATIENCE = 1000;
const MOST = 30_000;

/** Lets all pods that stay, in the plan of what is to come, ping each other without a pause, until it is ended. */
export async function startPings(lab: Lab, next: LabPlan): Promise<{ end: () => Promise<Ride[]> }> {
  const stay = new Set(next.pods.flatMap(({ addresses }) => addresses.map(({ text }) => text)));
  const pods = lab.plan.pods
    .map((pod) => ({ ...pod, addresses: pod.addresses.filter(({ text }) => stay.has(text)) }))
    .filter(({ addresses }) => addresses.length > 0);
  const every = period(pods.length * pods.length);
  // A pod in two pools answers from the address that it was asked at, and asks from each.
  const asked = pods.flatMap((pod) =>
    pod.addresses.map((source) => ({
      pod,
      source,
      targets: pods
        .filter((other) => other !== pod)
        .flatMap(({ node, addresses }) =>
          addresses
            .filter(({ family }) => family === source.family)
            .map(({ text }) => ({ node, address: text })),
        ),
    })),
  );
  const commands = asked.flatMap(({ pod, source, targets }, index) => {
    if (targets.length === 0) return [];
    const ping = `fping -S ${source.text} -c ${MOST} -r 0 -i 1 -p ${every} -t ${PATIENCE} ${targets.map(({ address }) => address).join(' ')}`;
    return [
      `nsenter --net=/run/netns/${pod.netns} ${ping} >/run/pings/${index} 2>/dev/null </dev/null & echo $! >>/run/pings/pids`,
    ];
  });
  await lab.holder.run(['rm -rf /run/pings; mkdir /run/pings', ...commands].join('\n'));
  return {
    end: async () => {
      const read = asked.map((_, index) => `echo '@'; cat /run/pings/${index} 2>/dev/null`);
      const { stdout } = await lab.holder.run(
        ['kill -INT $(cat /run/pings/pids); sleep 0.3', ...read].join('\n'),
      );
      const parts = stdout.split(/^@\n/m).slice(1);
      return asked.flatMap(({ pod, targets }, index) =>
        targets.map(({ node, address }) => ride(pod.node, node, address, parts[index] ?? '', every)),
      );
    },
  };
}

/**
 * From fping's lines for one target: `ADDRESS : [7], 64 bytes, ...` or `ADDRESS : [8], timed out ...`, the second when its time is over,
 * and so behind later ones. What it still waited for at the end is none of them.
 */
export function ride(from: string, to: string, address: string, text: string, every: number): Ride {
  const arrivedAt = new Map(
    text.split('\n').flatMap((line): [number, boolean][] => {
      const [, target, index, timedOut] = RESULT.exec(line) ?? [];
      return target === address ? [[Number(index), timedOut === undefined]] : [];
    }),
  );
  let [longest, current] = [0, 0];
  for (const [, arrived] of [...arrivedAt].sort(([a], [b]) => a - b)) {
    current = arrived ? 0 : current + 1;
    longest = Math.max(longest, current);
  }
  const lost = [...arrivedAt.values()].filter((arrived) => !arrived).length;
  return { from, to, sent: arrivedAt.size, lost, gap: longest * every };
}

const RESULT = /^(\S+) +: \[(\d+)\], (?:\d+ bytes|(timed out))/;
