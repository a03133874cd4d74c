import { type Failing, failureOf } from '../../analysis/failure.ts';
import { networkOf } from '../../analysis/network.ts';
import { type Simulation, simulatorOf } from '../../analysis/simulate.ts';
import { key } from '../../lab/fping.ts';
import { bootLab, breakIt, findPrograms, type Lab, probe } from '../../lab/index.ts';
import { observe } from '../../lab/observe.ts';
import { readRibs } from '../../lab/ribs.ts';
import { sendSized } from '../../lab/sizes.ts';
import { routerFiles } from '../../routers/index.ts';
import type { TopologyInput } from '../../topology/index.ts';
import { fabricOf } from '../fabric-of.ts';
import { pairDifferences, routeDifferences, sizeLimits } from './agreement.ts';

/**
 * Boots a network with real BIRD, lets it come to rest, and returns everything in which the simulator and the lab differ; then
 * again after each of the failures, one upon the other.
 */
export async function differences(
  topology: TopologyInput,
  failed: readonly Failing[] = [],
): Promise<string[]> {
  const fabric = fabricOf(topology);
  const network = networkOf(fabric);
  const simulate = simulatorOf(network);
  const programs = findPrograms('.');
  if ('says' in programs) throw new Error(`${programs.says}. ${programs.mend}`);
  if (programs.approximate) throw new Error('BIRD 1.6.8 is missing. Run: scripts/setup-lab.sh');
  const lab = await bootLab({ fabric, routerFiles, programs });
  if ('says' in lab) throw new Error(`${lab.says}. ${lab.mend}`);
  try {
    const found = await compared(simulate(), lab);
    for (let count = 1; found.length === 0 && count <= failed.length; count++) {
      const gone = failed.slice(0, count);
      await breakIt(lab, gone.at(-1) as Parameters<typeof breakIt>[1]);
      const dead = new Set(gone.map(({ name }) => name));
      const hosts = lab.plan.hosts.filter(({ name }) => !dead.has(name));
      const left = { ...lab, plan: { ...lab.plan, hosts } };
      const after = await compared(simulate(failureOf(network, gone)), left);
      found.push(...after.map((one) => `after ${gone.map(({ name }) => name).join(', ')}: ${one}`));
    }
    return found;
  } finally {
    await lab.holder.end();
  }
}

/** Milliseconds: what is still otherwise after so long stays so; and for how long they must agree. */
const PATIENCE = 30_000;
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

/** What the pods' packets do: whether they arrive, by which way, and how large they may be. */
async function packetDifferences(simulation: Simulation, lab: Lab): Promise<string[]> {
  const probed = await probe(lab);
  const limits = sizeLimits(simulation, probed);
  const atLimit = await sendSized(lab, limits, 3);
  const beyond = await sendSized(
    lab,
    limits.map(({ pair, size }) => ({ pair, size: size + 1 })),
    1,
  );
  return [
    ...pairDifferences(simulation, probed),
    ...limits.flatMap(({ pair, size }) => {
      const who = `${pair.from} to ${pair.to} (${pair.family})`;
      return [
        ...(atLimit.arrived.has(key(pair)) ? [] : [`${who}: packets of ${size} bytes do not arrive`]),
        ...(beyond.arrived.has(key(pair)) ? [`${who}: packets of ${size + 1} bytes arrive`] : []),
      ];
    }),
  ];
}
