import type { TopologyInput } from '../../topology/index.ts';
import { abreast } from '../abreast.ts';
import { scenario } from '../lab/labs.ts';
import { oneClusterBeside } from '../lab/one-cluster-beside.ts';
import { redundant } from '../lab/topologies.ts';
import { held, type Trial, trialsOf } from './forecast.ts';
import { type Edited, edited } from './random-changes.ts';

/** A few changes that are the same in each run; `npm run forecast -- --runs 50` tries more. */
const [SEED, RUNS, JOBS] = [3, 3, 4];

const network = (bgp: TopologyInput['bgp'] = {}): TopologyInput =>
  redundant({ bgp: { nodeToNodeMesh: false, holdTime: 6, ...bgp } });

function trial(base: TopologyInput, ...edits: readonly Edited[]): Trial {
  const head = edited(base, edits);
  if (head === undefined) throw new Error('no such change');
  return { base, head, edits };
}

/** A node with two addresses, of which Calico detects the other one. */
function twoLans(): TopologyInput {
  const base = network({ nodeToNodeMesh: true });
  const also = { cidr: '192.168.9.0/24', mtu: 1500, members: { e1: '192.168.9.1', 'e-a': '192.168.9.11' } };
  return { ...base, underlay: { segments: { also, ...base.underlay?.segments } } };
}

/** Changes for which forecast and rehearsal once disagreed. */
const found: readonly Trial[] = [
  // One reflector's clients hairpin as configured: not a failure of the change.
  trial(network(), { does: 'next hops of one reflector', at: 0 }),
  // Running pods keep their MTU, a new one has the new MTU.
  trial(network(), { does: 'another MTU of pods', at: 0 }, { does: 'node added', at: 0 }),
  // The node's IGP starts and stops in the lab, too.
  trial(network(), { does: 'node with the IGP or without', at: 0 }),
  // The mesh comes back at the addresses that Calico detects: it is reset, not gone.
  trial(twoLans(), { does: 'another detection of addresses', at: 0 }),
  // A default route carries what has lost its own route.
  { base: { ...oneClusterBeside(), routers: redundant().routers }, head: oneClusterBeside(), edits: [] },
];

scenario('the forecast of diff and the result in the lab', () => {
  test('are the same of random changes of random networks, and of those that were not', async () => {
    const trials = [...found, ...trialsOf(SEED, RUNS)];
    const results = abreast(trials, JOBS, held);
    for (const trial of trials)
      expect({ ...trial, differs: (await results.get(trial))?.differs }).toEqual({ ...trial, differs: [] });
  });
});
