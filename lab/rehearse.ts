import {
  calicoNodeChanges,
  clusterBetween,
  type Expectations,
  expectations,
  type Fabric,
  nodeBlocks,
} from '../fabric/index.ts';
import { contains, type Prefix } from '../topology/address.ts';
import { type BootOptions, bootLab } from './boot.ts';
import { type Between, changeLab, type Delivered } from './change.ts';
import type { FailedCheck } from './failure.ts';
import { fates, rested } from './fates.ts';
import type { Refused } from './holder.ts';
import { judge, turnsByDesign } from './judge.ts';
import { lostAsExpected } from './judge-pairs.ts';
import type { Lab } from './lab.ts';
import { underLastNames, underOwnNames } from './last-names.ts';
import type { Observation } from './observe.ts';
import { labPlan } from './plan.ts';
import { type Probed, probe } from './probe.ts';
import type { Rehearsal } from './rehearsal.ts';
import { readdressed } from './rewire.ts';
import { startPings } from './rides.ts';
import { converged, unsettled } from './settle.ts';

/** What a network is changed into, and who gets the change first. */
export interface RehearsalStep {
  readonly fabric: Fabric;
  readonly first: Delivered['first'];
}

type Boot = Omit<BootOptions, 'fabric' | 'expected'> & {
  readonly waves: Delivered['waves'];
  /** What must hold of each state; without it what is right for its fabric. */
  readonly expects?: (fabric: Fabric) => Expectations;
  readonly progress?: (step: string) => void;
};

export interface RehearseOptions extends Boot, RehearsalStep {
  /** The fabric before the change; `fabric` is the one after it. */
  readonly base: Fabric;
}

/**
 * Boots the base, pings every pair of pods without a pause, changes it into the head the way production would, and looks
 * what it cost; a fresh boot of the head beside it tells whether history left anything behind.
 */
export async function rehearse(options: RehearseOptions): Promise<Rehearsal | Refused> {
  const { base, fabric, first, ...boot } = options;
  const rehearsals = await rehearseSteps(base, [{ fabric, first }], boot);
  return 'message' in rehearsals ? rehearsals : (rehearsals[0] as Rehearsal);
}

/** Successive changes on one running lab: each finds the state that earlier ones left behind. */
export async function rehearseSteps(
  base: Fabric,
  steps: readonly RehearsalStep[],
  boot: Boot,
): Promise<Rehearsal[] | Refused> {
  const { progress = () => {}, expects = expectations } = boot;
  progress('boot the base');
  const [begin, ...states] = underLastNames([base, ...steps.map(({ fabric }) => fabric)]);
  const first = begin?.fabric ?? base;
  const start = withBlocks(first, nodeBlocks(first));
  const booted = await bootLab({ ...boot, fabric: start, expected: expects(start) });
  if ('message' in booted) return booted;
  let running: Lab = booted;
  const rehearsals: Rehearsal[] = [];
  let isRolled = false;
  /** The hosts that got another address: BIRD's log is never forgotten. */
  const moved = new Set<string>();
  try {
    const refused = unsettled(await converged(running));
    if (refused !== undefined) return refused;
    for (const [index, { fabric, joins, ownNames }] of states.entries()) {
      isRolled ||= calicoNodeChanges(running.fabric, fabric).length > 0;
      const head = withBlocks(fabric, nodeBlocks(running.fabric));
      const expected = expects(head);
      progress('boot the head from scratch');
      // Before the change, so that its beginning disturbs no packet of it; it comes to rest meanwhile.
      const fresh = await bootLab({ ...boot, fabric: head, expected });
      if ('message' in fresh) return fresh;
      try {
        const result = await rehearseOne(
          running,
          { head, expected, joins, first: steps[index]?.first ?? 'routers' },
          boot,
        );
        if ('message' in result) return result;
        const { lab, cost } = result;
        for (const node of readdressed(running.plan, lab.plan)) moved.add(node);
        const failures = cost.failures.filter((failure) => !isOfMove(failure, moved));
        progress('compare');
        const differences = await lastingDifferences(lab, fresh, isRolled);
        if ('message' in differences) return differences;
        rehearsals.push(underOwnNames({ ...cost, failures, differences }, [running, lab], ownNames));
        running = lab;
      } finally {
        await fresh.holder.end();
      }
    }
  } finally {
    await booted.holder.end();
  }
  return rehearsals;
}

/** What a running lab becomes. */
interface Change {
  readonly head: Fabric;
  readonly expected: Expectations;
  readonly first: Delivered['first'];
  /** Nodes that the cluster does not have in between. */
  readonly joins: ReadonlySet<string>;
}

/** Makes one change, and reports its cost. */
async function rehearseOne(
  running: Lab,
  { head, expected, first, joins }: Change,
  { routerFiles, programs, waves, expects, progress = () => {} }: Boot,
): Promise<{ lab: Lab; cost: Omit<Rehearsal, 'differences'> } | Refused> {
  const before = await rested(running);
  const plan = labPlan(head, routerFiles, programs.approximate ? 2 : 1, running.plan);
  const pings = await startPings(running, { plan, expected });
  progress('change it');
  const next = { fabric: head, plan, programs, expected };
  const between = betweenIn(running, head, joins, routerFiles);
  const { lab, done } = await changeLab(running, next, { first, waves }, between);
  const after = await converged(lab, { patience: UNTIL_BACK });
  const pairs = await pings.end();
  const refused = unsettled(before, after);
  if (refused !== undefined) return refused;
  const sessions = fates({ lab: running, observation: before }, { lab, observation: after });
  const probed = await probe(lab);
  const judged = judge(lab, after, probed);
  const failures =
    expects === undefined
      ? judged.filter((one) => !turnsByDesign(head, one))
      : notAsForetold(judged, probed, running.expected);
  return { lab, cost: { done, pairs, sessions, failures } };
}

/**
 * Held against a forecast: hairpins are as foretold, and `check` warns of them (NE203); packets that get lost as foretold are none that
 * may, unless they were lost before.
 */
function notAsForetold(
  judged: readonly FailedCheck[],
  probed: readonly Probed[],
  before: Expectations,
): readonly FailedCheck[] {
  const key = ({ from, to, family }: Probed['pair']): string => `${from} ${to} ${family}`;
  const lostThen = new Set(
    before.pairs.filter(({ reachable, isLossy }) => !reachable || isLossy === true).map(key),
  );
  return [
    ...judged.filter(({ kind }) => kind !== 'hairpin'),
    ...lostAsExpected(probed.filter(({ pair }) => !lostThen.has(key(pair)))),
  ];
}

/** Undefined where the cluster goes from one state to the other without any in between. */
function betweenIn(
  running: Lab,
  head: Fabric,
  joins: ReadonlySet<string>,
  routerFiles: Boot['routerFiles'],
): Between | undefined {
  const { fabric, plan, programs } = running;
  const between = clusterBetween(fabric, head, joins);
  if (joins.size === 0 && between.sessions.length === fabric.sessions.length) return undefined;
  return { plan: labPlan(between, routerFiles, programs.approximate ? 2 : 1, plan), away: joins };
}

/**
 * Of a host that gets another address BIRD reads the kernel's routes every two seconds, and may do so before it has read that an address
 * came or went: next hops are strange to it then. And until the cluster has the change, a node's BIRD binds the sessions that it opens to
 * the address that is gone. What comes of either shows in the sessions and routes that are compared.
 */
const OF_MOVE = /with strange next-hop|Socket error: bind: Cannot assign requested address/;

const isOfMove = ({ kind, hosts, message }: FailedCheck, moved: ReadonlySet<string>): boolean =>
  kind === 'log' && OF_MOVE.test(message) && hosts.every((host) => moved.has(host));

/** Blocks stay where they are: a node that comes changes those of no other. Those of a pool that goes go with it. */
function withBlocks(fabric: Fabric, blocks: ReadonlyMap<string, readonly Prefix[]>): Fabric {
  const inPool = (block: Prefix) => fabric.pods.pools.some(({ cidr }) => contains(cidr, block));
  const nodes = fabric.nodes.map((node) => ({
    ...node,
    blocks: blocks.get(node.name)?.filter(inPool) ?? node.blocks,
  }));
  const named = new Map(nodes.map((node) => [node.name, node]));
  const regions = fabric.regions.map((region) => ({
    ...region,
    nodes: region.nodes.flatMap(({ name }) => named.get(name) ?? []),
  }));
  return { ...fabric, nodes, regions };
}

/** Milliseconds without any change after which a session that is not back will not come back. */
const UNTIL_BACK = 60_000;

/** For how long two converged labs must show the same difference before it counts. Milliseconds. */
const UNTIL_EQUAL = 15_000;

/**
 * What differs between two labs and goes on to differ. A BIRD that was started with the kernel's routes of the one before it
 * (`isRolled`) leaves alone what leads the right way, whatever its metric: that one is of no interest then.
 */
async function lastingDifferences(one: Lab, other: Lab, isRolled: boolean): Promise<string[] | Refused> {
  let [before, since] = ['', performance.now()];
  for (;;) {
    const [seen, afresh] = await Promise.all([converged(one), converged(other)]);
    const refused = unsettled(seen, afresh);
    if (refused !== undefined) return refused;
    const [changed, fresh] = [routeLines(one, seen, !isRolled), routeLines(other, afresh, !isRolled)];
    const differences = [
      ...[...changed].filter((line) => !fresh.has(line)).map((line) => `left over: ${line}`),
      ...[...fresh].filter((line) => !changed.has(line)).map((line) => `missing: ${line}`),
    ].sort();
    const now = performance.now();
    if (differences.join('\n') !== before) [before, since] = [differences.join('\n'), now];
    if (differences.length === 0 || now - since > UNTIL_EQUAL) return differences;
  }
}

/** BIRD's routes of every host, by machines instead of addresses that the kernel made up. */
function routeLines(lab: Lab, look: Observation, withMetric: boolean): ReadonlySet<string> {
  const lines = new Set<string>();
  for (const [host, routes] of look.routes) {
    for (const { to, type, metric, hops } of routes.filter(({ protocol }) => protocol === 'bird')) {
      const via = hops.map((hop) =>
        hop.via === undefined ? hop.dev : (lab.machineOf.get(hop.via) ?? hop.via),
      );
      const line = `${host}: ${type} ${to}${withMetric ? ` metric ${metric}` : ''} by ${via.sort().join(' and ')}`;
      lines.add(lines.has(line) ? `${line}, once more` : line);
    }
  }
  return lines;
}
