import { readFileSync } from 'node:fs';
import type { Lab } from '../../../lab/index.ts';
import { ride } from '../../../lab/rides.ts';
import { followWaits } from '../../../lab/waits.ts';
import { waited } from '../../waited.ts';

/** Pods that ping each other all the time. */
export interface Traffic {
  /** The fate of each pair's packets so far. */
  flows(): Flow[];
  /** Waits until each pair has had an answer to this many more packets. */
  answered(more: number): Promise<void>;
  /** Ends the traffic once all packets of the last second have arrived for each pair, and returns the fate of each pair's packets. */
  end(): Promise<Flow[]>;
}

/** The fate of the packets from one pod to another. */
export interface Flow {
  readonly from: string;
  readonly to: string;
  readonly sent: number;
  readonly lost: number;
  /** Milliseconds: the longest time without an answer. */
  readonly gap: number;
  /** All packets of the last second arrived. */
  readonly flows: boolean;
}

/** Milliseconds between two packets of a pair. */
const EVERY = 100;
const IN_A_SECOND = 1000 / EVERY;
/** How long an answer may take on a busy machine: a lost packet has none, however long that is. */
const PATIENCE = 4000;

/** Starts the traffic: one process per pod. */
export async function startTraffic(lab: Lab, name: string): Promise<Traffic> {
  const folder = `/run/traffic-${name}`;
  const { pods } = lab.plan;
  const asked = pods.map((pod) => ({ pod, others: pods.filter((other) => other !== pod) }));
  const commands = asked.map(({ pod, others }, index) => {
    const targets = others.map(({ addresses }) => addresses[0]?.text ?? '').join(' ');
    const ping = `fping -4 -D -l -i 1 -p ${EVERY} -t ${PATIENCE} ${targets}`;
    return `nsenter --net=/run/netns/${pod.netns} ${ping} >${folder}/${index} 2>${folder}/${index}.err </dev/null & echo $! >>${folder}/pids`;
  });
  await lab.holder.run([`mkdir ${folder}`, ...commands].join('\n'));
  const waits = followWaits(lab);
  const flows = () =>
    asked.flatMap(({ pod, others }, index) => {
      const said = readFileSync(lab.holder.path(`${folder}/${index}`), 'utf8');
      return others.map((other) => ({
        from: pod.node,
        to: other.node,
        ...flow(said, other.addresses[0]?.text ?? ''),
      }));
    });
  const answered = async (more: number) => {
    const before = flows();
    const isMore = (one: Flow, index: number) =>
      one.sent - one.lost >= (before[index]?.sent ?? 0) - (before[index]?.lost ?? 0) + more;
    await waited(`${more} answers of each pair`, () => flows().every(isMore));
  };
  return {
    flows,
    answered,
    end: async () => {
      await answered(IN_A_SECOND);
      await waited('the last packets arrive', () => flows().every((one) => one.flows));
      // They stay zombies: the lab's first process reaps no child.
      const gone = `kill -INT $(cat ${folder}/pids)
for pid in $(cat ${folder}/pids); do while grep -q '^State:.[^Z]' /proc/$pid/status 2>/dev/null; do sleep 0.02; done; done`;
      await lab.holder.run(gone);
      waits.end();
      const all = flows().map((one, at) => {
        const [index, other] = [Math.floor(at / (pods.length - 1)), at % (pods.length - 1)];
        const address = asked[index]?.others[other]?.addresses[0]?.text ?? '';
        const said = [`${index}`, `${index}.err`].map((file) =>
          readFileSync(lab.holder.path(`${folder}/${file}`), 'utf8'),
        );
        // Without the time that the lab waited for a processor.
        return { ...one, gap: ride(one.from, one.to, address, said.join(''), EVERY, waits).gap };
      });
      await lab.holder.run(`rm -r ${folder}`);
      return all;
    },
  };
}

/** fping writes `ADDRESS : [7], 64 bytes, ...` for an answer and `ADDRESS : [8], timed out ...` for none, out of order. */
function flow(said: string, address: string): Omit<Flow, 'from' | 'to'> {
  const packets: boolean[] = [];
  const line = new RegExp(
    `^\\[[\\d.]+\\] ${address.replaceAll('.', '\\.')}\\s*: \\[(\\d+)\\], (?:\\d+ (bytes), |timed out)`,
    'gm',
  );
  for (const [, number, bytes] of said.matchAll(line)) packets[Number(number)] = bytes !== undefined;
  const arrived = Array.from(packets, (one) => one === true);
  let [longest, current] = [0, 0];
  for (const one of arrived) {
    current = one ? 0 : current + 1;
    longest = Math.max(longest, current);
  }
  const last = arrived.slice(-IN_A_SECOND);
  return {
    sent: arrived.length,
    lost: arrived.filter((one) => !one).length,
    gap: longest * EVERY,
    flows: last.length > 0 && last.every((one) => one),
  };
}

/** The pairs of pods that currently get no answer. */
export async function unreached(lab: Lab): Promise<readonly string[]> {
  const { pods } = lab.plan;
  const commands = pods.map((pod) => {
    const targets = pods.filter((other) => other !== pod).map(({ addresses }) => addresses[0]?.text ?? '');
    return `nsenter --net=/run/netns/${pod.netns} fping -4 -u -i 1 -r 1 -t 400 ${targets.join(' ')} 2>/dev/null | sed 's/^/${pod.node} to /' &`;
  });
  const { stdout } = await lab.holder.run([...commands, 'wait'].join('\n'));
  return stdout.split('\n').filter((line) => line !== '');
}
