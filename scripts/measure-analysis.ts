import { smallestPodMtu } from '../analysis/index.ts';
import { reduced } from '../analysis/simulator/classes.ts';
import { failings } from '../analysis/simulator/failure.ts';
import { networkOf } from '../analysis/simulator/network.ts';
import { simulatorOf } from '../analysis/simulator/simulate.ts';
import { isWhole, whatIf } from '../analysis/simulator/what-if.ts';
import { buildFabric } from '../fabric/index.ts';
import { parseTopologyValue } from '../topology/index.ts';
import { largeTopology, type Size } from './large-topology.ts';

/** The cost of one size, in seconds and MiB. */
export interface Measured extends Size {
  /** From the parsed YAML to the fabric. */
  readonly build: number;
  /** From the fabric until the fate of every ordered pair of nodes is known. */
  readonly pairs: number;
  /** From the fabric until that and the consequences of every single router and segment failure are known. */
  readonly failures: number;
  /** The number of these failures. */
  readonly tried: number;
  /** The peak size of the process. */
  readonly memory: number;
}

const [regions = 0, nodes = 0, reflectors = 0] = process.argv.slice(2).map(Number);
const isWithFailures = process.argv[5] !== 'pairs';
const size = { regions, nodes, reflectors };
const topology = largeTopology(size);
const laps = [performance.now()];
const seconds = (since: number) => (performance.now() - (laps[since] ?? 0)) / 1000;

const loaded = parseTopologyValue(topology);
if (!loaded.ok) throw new Error('the topology has faults');
const fabric = buildFabric(loaded.topology, smallestPodMtu);
const build = seconds(0);

laps.push(performance.now());
const small = reduced(fabric);
const network = networkOf(small.fabric, small.blocks);
const simulation = simulatorOf(network)();
let known = 0;
for (const block of network.blocks) {
  const to = network.machines[block.node]?.name ?? '';
  const { fate } = simulation.waysTo(block);
  for (const { index, name, kind } of network.machines) {
    if (kind === 'node' && isWhole(fate(index))) known += small.weight(name, to);
  }
}
if (known !== nodes * (nodes - 1)) throw new Error(`packets of ${known} pairs arrive, and not of all`);
const pairs = seconds(1);

const failed = failings(network).filter(({ kind }) => kind === 'router' || kind === 'segment');
const consequence = isWithFailures ? whatIf(network, simulation) : () => ({ broken: [], worse: [] });
let broken = 0;
for (const one of failed) broken += consequence([one]).broken.length;
if (isWithFailures && broken === 0) throw new Error('no failure has a consequence');
const failures = seconds(1);

const memory = process.resourceUsage().maxRSS / 1024;
const measured: Measured = { ...size, build, pairs, failures, tried: failed.length, memory };
process.stdout.write(`${JSON.stringify(measured)}\n`);
