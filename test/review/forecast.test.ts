import type { TopologyInput } from '../../topology/index.ts';
import { abreast } from '../abreast.ts';
import { scenario } from '../lab/labs.ts';
import { oneClusterBeside } from '../lab/one-cluster-beside.ts';
import { redundant } from '../lab/topologies.ts';
import { held, type Trial, trialsOf } from './forecast.ts';
import { type Edited, edited } from './random-changes.ts';

/** A few changes that are the same in each run; `npm run forecast -- --runs 50` tries others. */
const [SEED, RUNS, JOBS] = [3, 3, 4];

const network = (bgp: TopologyInput['bgp'] = {}): TopologyInput =>
  redundant({ bgp: { nodeToNodeMesh: false, holdTime: 6, ...bgp } });

function trial(base: TopologyInput, ...edits: readonly Edited[]): Trial {
  const head = edited(base, edits);
  if (head === undefined) throw new Error('no such change');
  return { base, head, edits };
}

/** A node with two addresses of which Calico finds the other one when it looks by itself. */
function twoLans(): TopologyInput {
  const base = network({ nodeToNodeMesh: true });
  const also = { cidr: '192.168.9.0/24', mtu: 1500, members: { e1: '192.168.9.1', 'e-a': '192.168.9.11' } };
  return { ...base, underlay: { segments: { also, ...base.underlay?.segments } } };
}

/** Changes of which forecast and rehearsal once said two things. */
const found: readonly Trial[] = [
  // One reflector's clients hairpin as that is asked for: no failure of the change.
  trial(network(), { does: 'next hops of one reflector', at: 0 }),
  // Pods that run keep their MTU, the one that comes has the new one.
  trial(network(), { does: 'another MTU of pods', at: 0 }, { does: 'node added', at: 0 }),
  // The node's IGP begins, and ends, in the lab as well.
  trial(network(), { does: 'node with the IGP or without', at: 0 }),
  // The mesh comes back at the addresses that Calico finds: it is reset, and not gone.
  trial(twoLans(), { does: 'another detection of addresses', at: 0 }),
  // A default route carries what no route is sent for any more.
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
