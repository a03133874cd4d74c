import type { Fabric } from '../fabric/index.ts';
import type { Lab } from './boot.ts';

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

/** Lets all pods that stay ping each other without a pause, until it is ended. */
export async function startPings(lab: Lab, head: Fabric): Promise<{ end: () => Promise<Ride[]> }> {
  const stay = new Set(head.nodes.map(({ name }) => name));
  const pods = lab.plan.pods.filter(({ node }) => stay.has(node));
  const every = period(pods.length * pods.length);
  const asked = pods.map((pod) => ({ pod, others: pods.filter((other) => other !== pod) }));
  const commands = asked.flatMap(({ pod, others }, index) => {
    const targets = others.flatMap(({ addresses }) => addresses.map(({ text }) => text));
    if (targets.length === 0) return [];
    const ping = `fping -l -i 1 -p ${every} -t ${every} ${targets.join(' ')}`;
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
      return asked.flatMap(({ pod, others }, index) =>
        others.flatMap((other) =>
          other.addresses.map(({ text }) => ride(pod.node, other.node, text, parts[index] ?? '', every)),
        ),
      );
    },
  };
}

/** From fping's lines for one target: `ADDRESS : [7], 64 bytes, ...` or `ADDRESS : [8], timed out ...`. */
export function ride(from: string, to: string, address: string, text: string, every: number): Ride {
  const results = text
    .split('\n')
    .filter((line) => line.startsWith(`${address} `))
    .flatMap((line) => (line.includes(' bytes, ') ? [true] : line.includes('timed out') ? [false] : []));
  let [longest, current] = [0, 0];
  for (const arrived of results) {
    current = arrived ? 0 : current + 1;
    longest = Math.max(longest, current);
  }
  return {
    from,
    to,
    sent: results.length,
    lost: results.filter((arrived) => !arrived).length,
    gap: longest * every,
  };
}
