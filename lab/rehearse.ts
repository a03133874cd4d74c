import { expectations, type Fabric, nodeBlocks } from '../fabric/index.ts';
import type { Prefix } from '../topology/address.ts';
import { type BootOptions, bootLab, converged, type Lab } from './boot.ts';
import { type Changed, changeLab } from './change.ts';
import { type Fate, fates, rested } from './fates.ts';
import type { Refused } from './holder.ts';
import { type Failure, judge } from './judge.ts';
import type { Observation } from './observe.ts';
import { labPlan } from './plan.ts';
import { probe } from './probe.ts';

/** What happens to a network that is changed while it is used. */
export interface Rehearsal {
  readonly done: readonly Changed[];
  readonly pairs: readonly Ride[];
  readonly sessions: readonly Fate[];
  /** Of the end state against a fresh boot of the same topology: none if they are the same. */
  readonly differences: readonly string[];
  /** What must hold of the end state and does not. */
  readonly failures: readonly Failure[];
}

/** What became of the packets of one pair of pods that are there before and after. */
export interface Ride {
  readonly from: string;
  readonly to: string;
  readonly sent: number;
  readonly lost: number;
  /** Milliseconds: the longest run of lost packets. */
  readonly gap: number;
}

export interface RehearseOptions extends BootOptions {
  /** The fabric before the change; `fabric` is the one after it. */
  readonly base: Fabric;
  readonly progress?: (step: string) => void;
}

/**
 * Boots the base, pings every pair of pods without a pause, changes it into the head the way production would, and looks
 * what it cost; a fresh boot of the head beside it tells whether history left anything behind.
 */
export async function rehearse(options: RehearseOptions): Promise<Rehearsal | Refused> {
  const { base, progress = () => {} } = options;
  const blocks = nodeBlocks(base);
  const head = withBlocks(options.fabric, blocks);
  progress('boot the base');
  const running = await bootLab({ ...options, fabric: withBlocks(base, blocks) });
  if ('says' in running) return running;
  let fresh: Lab | Refused | undefined;
  try {
    await converged(running);
    const before = await rested(running);
    const pings = await startPings(running, head);
    progress('change it');
    const { programs, routerFiles } = options;
    const plan = labPlan(head, routerFiles, programs.approximate ? 2 : 1, running.plan);
    const next = { fabric: head, plan, programs, expected: expectations(head) };
    const { lab, done } = await changeLab(running, next);
    const after = await converged(lab, { within: 60_000 });
    const pairs = await pings.end();
    progress('boot the head afresh and compare');
    fresh = await bootLab({ ...options, fabric: head });
    if ('says' in fresh) return fresh;
    const differences = await lastingDifferences(lab, fresh);
    return {
      done,
      pairs,
      sessions: fates({ lab: running, seen: before }, { lab, seen: after }),
      differences,
      failures: judge(lab, after, await probe(lab)),
    };
  } finally {
    await running.holder.end();
    if (fresh !== undefined && 'holder' in fresh) await fresh.holder.end();
  }
}

/** Blocks stay where they are: a node that comes changes those of no other. */
function withBlocks(fabric: Fabric, blocks: ReadonlyMap<string, readonly Prefix[]>): Fabric {
  const nodes = fabric.nodes.map((node) => ({ ...node, blocks: blocks.get(node.name) ?? node.blocks }));
  const named = new Map(nodes.map((node) => [node.name, node]));
  const regions = fabric.regions.map((region) => ({
    ...region,
    nodes: region.nodes.flatMap(({ name }) => named.get(name) ?? []),
  }));
  return { ...fabric, nodes, regions };
}

/** Milliseconds between two packets of a pair: short where there are few, so that a gap is measured well. */
const period = (pairs: number): number => (pairs <= 400 ? 20 : 200);

async function startPings(lab: Lab, head: Fabric): Promise<{ end: () => Promise<Ride[]> }> {
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
  await lab.holder.run(['mkdir -p /run/pings', ...commands].join('\n'));
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

/** How long an IGP may take to find the last of several equal paths, in a lab. Milliseconds. */
const UNTIL_EQUAL = 15_000;

/** What differs between two labs and goes on to differ. */
async function lastingDifferences(one: Lab, other: Lab): Promise<string[]> {
  const deadline = performance.now() + UNTIL_EQUAL;
  for (;;) {
    const differences = compare(one, await converged(one), other, await converged(other));
    if (differences.length === 0 || performance.now() > deadline) return differences;
  }
}

/** BIRD's routes of every host, by machines instead of addresses that the kernel made up. */
function compare(one: Lab, seen: Observation, other: Lab, afresh: Observation): string[] {
  const lines = (lab: Lab, look: Observation): Set<string> =>
    new Set(
      [...look.routes].flatMap(([host, routes]) =>
        routes
          .filter(({ protocol }) => protocol === 'bird')
          .map(({ to, type, metric, hops }) => {
            const via = hops.map((hop) =>
              hop.via === undefined ? hop.dev : (lab.machineOf.get(hop.via) ?? hop.via),
            );
            return `${host}: ${type} ${to} metric ${metric} by ${via.sort().join(' and ')}`;
          }),
      ),
    );
  const [changed, fresh] = [lines(one, seen), lines(other, afresh)];
  return [
    ...[...changed].filter((line) => !fresh.has(line)).map((line) => `left over: ${line}`),
    ...[...fresh].filter((line) => !changed.has(line)).map((line) => `missing: ${line}`),
  ].sort();
}
