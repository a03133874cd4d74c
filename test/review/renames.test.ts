import fc from 'fast-check';
import { meshSessions, newNames, reasonText, withNames } from '../../fabric/index.ts';
import { render } from '../../repository/render.ts';
import { NO_TRUST_FILES, type Review, review, type State } from '../../review/index.ts';
import type { TopologyInput } from '../../topology/index.ts';
import { arbitraryNetwork } from '../analysis/arbitrary-network.ts';
import { fabricOf } from '../fabric-of.ts';
import { redundant } from '../lab/topologies.ts';

/** With a machine or a region renamed everywhere. */
const renamed = (topology: TopologyInput, old: string, now: string): TopologyInput =>
  JSON.parse(JSON.stringify(topology).replaceAll(JSON.stringify(old), JSON.stringify(now)));

function reviewed(base: TopologyInput, head: TopologyInput): Review {
  const [before, after] = [base, head].map((topology): State => {
    const fabric = fabricOf(topology);
    const { files } = render(fabric, undefined);
    return {
      name: 'a',
      commit: undefined,
      fabric,
      files,
      trust: NO_TRUST_FILES,
      placeOf: (path) => ({ path: path.join('.') }),
    };
  }) as [State, State];
  return review(before, after, { accepted: false, rehearsal: null, notes: [] });
}

const reset = ({ sessions }: Review) =>
  sessions.changed.map(({ id, change, reasons }) => ({ id, change, reasons: reasons.map(reasonText) }));
const meshed = redundant({ bgp: { nodeToNodeMesh: true, holdTime: 6 } });
const meshless = redundant({ bgp: { nodeToNodeMesh: false, holdTime: 6 } });

test('a renamed router resets the protocols named after it, and is otherwise unchanged', () => {
  const told = reviewed(meshless, renamed(meshless, 'e1', 'edge-1'));
  const message = (other: string) => `${other}: name k3s_backbone_e1_v4 -> k3s_backbone_edge_1_v4`;
  expect(reset(told)).toEqual([
    { id: 'e2--edge-1/ipv4', change: 'reset', reasons: [message('e2')] },
    { id: 'edge-1--w1/ipv4', change: 'reset', reasons: [message('w1')] },
  ]);
  expect(told.fabric.find(({ kind }) => kind === 'router')).toMatchObject({
    name: 'edge-1',
    change: 'changed',
    details: expect.arrayContaining(['name e1 -> edge-1']),
  });
  expect(told.failures).toEqual({ ...told.failures, fatal: [], survived: [] });
  expect([told.findings.introduced, told.findings.fixed]).toEqual([[], []]);
  expect(told.traffic).toEqual([]);
});

test('a renamed node leaves and joins: all its sessions reset, and its pairs lose packets', () => {
  const told = reviewed(meshless, renamed(meshless, 'w-a', 'west-a'));
  expect(reset(told)).toEqual([
    {
      id: 'w1--west-a/ipv4',
      change: 'reset',
      reasons: ['w1: name k3s_w_a_v4 -> k3s_west_a_v4', 'west-a: Kubernetes node w-a leaves and rejoins'],
    },
  ]);
  expect(told.interruptions.map(({ speaker, lost }) => [speaker, lost])).toEqual([
    ['w1', 2],
    ['Calico', 2],
  ]);
});

test('a renamed region has no reflector between its new labels and its new BGPPeers', () => {
  const told = reviewed(meshless, renamed(meshless, 'west', 'occident'));
  const why = 'w-a: its label changes before a BGPPeer selects by it';
  expect(reset(told)).toEqual([{ id: 'w-a--w1/ipv4', change: 'reset', reasons: [why] }]);
  expect(told.interruptions).toEqual([{ speaker: 'Calico', sessions: 1, lost: 2 }]);
  expect(told.outcome).not.toBe('hitless');
});

test('two machines that change their names with each other keep their sessions apart', () => {
  const swapped = renamed(renamed(renamed(meshed, 'e-a', 'x'), 'e-b', 'e-a'), 'x', 'e-b');
  const [before, after] = [fabricOf(meshed), fabricOf(swapped)];
  // Both names exist before and after: only the changed addresses can be reported.
  expect([...newNames(before, after)]).toEqual([]);
  expect(reset(reviewed(meshed, swapped)).map(({ change }) => change)).toEqual(Array(7).fill('reset'));
});

test('under other names any network has the sessions that it would have if it had always had them', () => {
  fc.assert(
    fc.property(arbitraryNetwork(), fc.nat(), (topology, index) => {
      const fabric = fabricOf(topology);
      const machines = [...fabric.routers, ...fabric.nodes].map(({ name }) => name);
      const old = machines[index % machines.length] ?? '';
      const after = fabricOf(renamed(topology, old, 'zz-another'));
      const names = newNames(fabric, after);
      expect([...names]).toEqual([[old, 'zz-another']]);
      const now = withNames(fabric, names);
      const plain = ({
        id,
        ends,
      }: {
        id: string;
        ends: readonly { speaker: string; address: { text: string } }[];
      }) => [id, ...ends.map(({ speaker, address }) => `${speaker} ${address.text}`)];
      expect(now.sessions.map(plain)).toEqual(after.sessions.map(plain));
      expect([...meshSessions(now)].map(plain)).toEqual([...meshSessions(after)].map(plain));
      expect(
        now.regions.map(({ nodes, routers }) => [nodes, routers].map((all) => all.map(({ name }) => name))),
      ).toEqual(
        after.regions.map(({ nodes, routers }) => [nodes, routers].map((all) => all.map(({ name }) => name))),
      );
    }),
    { numRuns: 30 },
  );
});
