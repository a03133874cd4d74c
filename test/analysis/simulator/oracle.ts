import fc from 'fast-check';
import { stringify } from 'yaml';
import { analyse, findings, forecast } from '../../../analysis/index.ts';
import { sampleLoans } from '../../../analysis/loans.ts';
import { failureOf } from '../../../analysis/simulator/failure.ts';
import type { Network } from '../../../analysis/simulator/model.ts';
import { networkOf } from '../../../analysis/simulator/network.ts';
import { type Simulation, simulatorOf } from '../../../analysis/simulator/simulate.ts';
import { type Fabric, nodeBlocks } from '../../../fabric/index.ts';
import { key } from '../../../lab/fping.ts';
import {
  bootLab,
  borrowedFailures,
  breakIt,
  converged,
  failing,
  failingNames,
  findPrograms,
  judge,
  type Lab,
  lostAsExpected,
  probe,
  probeBorrowed,
} from '../../../lab/index.ts';
import type { LabPlan } from '../../../lab/model.ts';
import { observe } from '../../../lab/observe.ts';
import { readRibs } from '../../../lab/ribs.ts';
import { sendSized, tooLargeBy } from '../../../lab/sizes.ts';
import { routerFiles } from '../../../routers/index.ts';
import { ipAddress } from '../../../topology/address.ts';
import type { TopologyInput } from '../../../topology/index.ts';
import type { Verdict as Promised } from '../../../verify/index.ts';
import { fabricOf } from '../../fabric-of.ts';
import { atRest } from '../../lab/at-rest.ts';
import { trace } from '../../lab/trace.ts';
import { verifyIn } from '../../lab/verify.ts';
import { arbitraryNetwork } from '../arbitrary-network.ts';
import { redundantNetwork, visitedNetwork } from '../redundant-network.ts';
import { sharedNetwork } from '../shared-network.ts';
import { pairDifferences, routeDifferences, sizeLimits } from './agreement.ts';

/** A random network, and the index of the element that breaks once it is at rest, among all that can break; undefined for none. */
export interface Trial {
  readonly topology: TopologyInput;
  readonly breaks: number | undefined;
}

export const arbitraryTrial = (): fc.Arbitrary<Trial> =>
  fc.record({
    topology: fc.oneof(arbitraryNetwork(), redundantNetwork(), visitedNetwork(), sharedNetwork()),
    breaks: fc.option(fc.nat(1000), { nil: undefined, freq: 2 }),
  });

/**
 * Boots a network with real BIRD, lets it settle, and returns every difference between simulator and lab; then does it
 * again after a failure.
 */
export async function differences({ topology, breaks }: Trial): Promise<string[]> {
  const fabric = fabricOf(topology);
  const network = networkOf(fabric, nodeBlocks(fabric), sampleLoans(fabric, nodeBlocks(fabric)));
  const simulate = simulatorOf(network);
  const programs = findPrograms('.');
  if ('message' in programs) throw new Error(`${programs.message}. ${programs.fix}`);
  if (programs.approximate) throw new Error('BIRD 1.6.8 is missing. Run: scripts/setup-lab.sh');
  const change = (plan: LabPlan) => atRest(withEachPod(plan, network));
  const lab = await bootLab({ fabric, routerFiles, programs, change });
  if ('message' in lab) throw new Error(`${lab.message}. ${lab.fix}`);
  try {
    const found = [...(await compared(simulate(), lab)), ...(await verdicts(fabric, lab))];
    // Calico's mesh keeps a silent peer for four minutes, BIRD's default: too long to wait for here.
    const names = fabric.bgp.nodeToNodeMesh ? fabric.sessions.map(({ id }) => id) : failingNames(fabric);
    const gone = breaks === undefined ? undefined : failing(fabric, names[breaks % names.length] ?? '');
    if (found.length > 0 || gone === undefined) return found;
    await breakIt(lab, gone);
    const hosts = lab.plan.hosts.filter(({ name }) => name !== gone.name);
    const left = { ...lab, plan: { ...lab.plan, hosts } };
    const failed = simulate(failureOf(network, [gone]));
    const after = [...(await compared(failed, left)), ...toldSessions(failed, await verifyIn(left))];
    return after.map((one) => `without ${gone.kind} ${gone.name}: ${one}`);
  } finally {
    await lab.holder.end();
  }
}

/** Includes every single address for which the simulator has a route of its own. */
const withEachPod = (plan: LabPlan, { blocks, machines }: Network): LabPlan => ({
  ...plan,
  pods: plan.pods.map((pod) => {
    const had = new Set([...pod.addresses, ...pod.borrowed].map(({ text }) => text));
    const own = blocks
      .filter(({ node, within }) => within !== undefined && machines[node]?.name === pod.node)
      .map(({ prefix }) => ipAddress(prefix.family, prefix.value))
      .filter(({ text }) => !had.has(text));
    return { ...pod, borrowed: [...pod.borrowed, ...own] };
  }),
});

/** `check` and `lab` agree on a network: both say that it works, or both that it does not. */
async function verdicts(fabric: Fabric, booted: Lab): Promise<string[]> {
  const lab = { ...booted, expected: forecast(fabric) };
  // Where few routes are to be compared, they are there before all sessions are.
  const seen = await converged(lab);
  if (seen.unsettled !== undefined) return [seen.unsettled];
  const probed = await probe(lab);
  const borrowed = borrowedFailures(lab, await probeBorrowed(lab));
  if (borrowed.length > 0) return borrowed.map(({ message }) => message);
  const failures = [...judge(lab, seen, probed), ...lostAsExpected(probed)]
    // A packet that loops but arrives is a warning.
    .filter(({ kind }) => kind !== 'hairpin');
  const errors = findings(analyse(fabric)).filter(({ severity }) => severity === 'error');
  if (failures.length === 0 && errors.length === 0) return promised(await verifyIn(booted));
  if (failures.length > 0 && errors.length > 0) return [];
  return failures.length > 0
    ? [`check finds no error, and the lab: ${failures.map(({ message }) => message).join('; ')}`]
    : [`the lab fails nowhere, and check: ${errors.map(({ id, message }) => `${id} ${message}`).join('; ')}`];
}

/** Where all packets arrive as they should, `verify` finds nothing else than the topology promises. */
const promised = (verdicts: readonly Promised[]): string[] =>
  verdicts.length === 0
    ? ['verify looked at nothing']
    : verdicts
        .filter(({ is }) => is === 'different')
        .map(
          ({ about, is, kind, expected, found, cause }) =>
            `verify of a network that works: ${about.machine ?? ''} ${about.name} ${is} ${kind}, ${expected}, ${found}, ${cause?.message}`,
        );

/** Of sessions, `verify` names those as down that are. */
function toldSessions({ network, isUp }: Simulation, verdicts: readonly Promised[]): string[] {
  const told = verdicts.filter(({ kind }) => kind === 'session' || kind === 'session-down');
  return told
    .filter(({ about, is }) => isUp(network.named.sessions.get(about.name) ?? -1) !== (is === 'as-promised'))
    .map(({ about, is, found }) => `verify of session ${about.name} at ${about.machine}: ${is}, ${found}`);
}

/** The first trials of a seed. */
export const trialsOf = (seed: number, runs: number): Trial[] =>
  fc.sample(arbitraryTrial(), { seed, numRuns: runs });

/** The result of a series of trials. */
export interface Verdict {
  readonly agreed: number;
  /** The index of the first trial that disagrees. */
  readonly wrong: number | undefined;
  readonly differences: readonly string[];
}

/** Tries the networks of a seed until one disagrees, several at a time since a lab mostly waits for timers. */
export async function tryNetworks(
  seed: number,
  runs: number,
  jobs: number,
  progress: (agreed: number) => void = () => {},
): Promise<Verdict> {
  const trials = trialsOf(seed, runs);
  let next = 0;
  let agreed = 0;
  let verdict: Verdict | undefined;
  const work = async () => {
    while (verdict === undefined && next < runs) {
      const index = next++;
      const found = await differences(trials[index] as Trial);
      if (found.length > 0) verdict ??= { agreed, wrong: index, differences: found };
      else progress(++agreed);
    }
  };
  await Promise.all(Array.from({ length: Math.min(jobs, runs) }, work));
  return verdict ?? { agreed, wrong: undefined, differences: [] };
}

/** Minutes: shrinking a network boots one lab after the other. */
const SHRINKING = 5;

/** The smallest network that still disagrees, and its differences. */
export async function smallest(seed: number, index: number): Promise<string> {
  const property = fc.asyncProperty(arbitraryTrial(), async (trial) => {
    const found = await differences(trial);
    if (found.length > 0) throw new Error(found.join('\n'));
  });
  const { counterexample, errorInstance } = await fc.check(property, {
    seed,
    path: String(index),
    numRuns: 1,
    interruptAfterTimeLimit: SHRINKING * 60_000,
  });
  const { topology, breaks } = counterexample?.[0] ?? { topology: undefined, breaks: undefined };
  return `${stringify(topology)}breaks: ${breaks}\n${String(errorInstance)}`;
}

/** Milliseconds: how long a difference must last to count; and how long both must agree. */
const PATIENCE = 120_000;
const CALM = 1200;
const POLL = 300;

async function compared(simulation: Simulation, lab: Lab): Promise<string[]> {
  const deadline = performance.now() + PATIENCE;
  let agreedSince = Number.POSITIVE_INFINITY;
  for (;;) {
    const [seen, ribs] = await Promise.all([observe(lab), readRibs(lab)]);
    const now = performance.now();
    const found = routeDifferences(simulation, lab, seen, ribs);
    agreedSince = found.length > 0 ? Number.POSITIVE_INFINITY : Math.min(agreedSince, now);
    if (now - agreedSince >= CALM) return packetDifferences(simulation, lab);
    if (found.length > 0 && now >= deadline) return found;
    await new Promise((done) => setTimeout(done, POLL));
  }
}

/** What happens to the pods' packets: whether they arrive, on which path, and how large they may be. */
async function packetDifferences(simulation: Simulation, lab: Lab): Promise<string[]> {
  // A pod would keep the path MTU that it learned before the failure for ten minutes.
  const forget = lab.plan.pods.map(
    ({ netns }) => `ip -n ${netns} route flush cache; ip -n ${netns} -6 route flush cache`,
  );
  await lab.holder.run(forget.join('\n'));
  const probed = await probe(lab);
  const reached = new Set(probed.filter((one) => one.reached).map(({ pair }) => key(pair)));
  const limits = sizeLimits(simulation, probed);
  const atLimit = await sendSized(lab, limits, 3);
  const beyond = await sendSized(
    lab,
    limits.map(({ pair, size }) => ({ pair, size: size + tooLargeBy(lab) })),
    1,
  );
  return [
    ...pairDifferences(simulation, probed, await trace(lab, reached)),
    ...limits.flatMap(({ pair, size }) => {
      const who = `${pair.from} to ${pair.to} (${pair.family})`;
      return [
        ...(atLimit.arrived.has(key(pair)) ? [] : [`${who}: packets of ${size} bytes do not arrive`]),
        ...(beyond.arrived.has(key(pair))
          ? [`${who}: packets of ${size + tooLargeBy(lab)} bytes arrive`]
          : []),
      ];
    }),
  ];
}
