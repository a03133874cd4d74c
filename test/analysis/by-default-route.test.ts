import { forecast } from '../../analysis/index.ts';
import type { TopologyInput } from '../../topology/index.ts';
import { fabricOf } from '../fabric-of.ts';
import { oneClusterBeside } from '../lab/one-cluster-beside.ts';

const toward = (topology: TopologyInput, from: string, to: string) => {
  const pair = forecast(fabricOf(topology)).pairs.find((one) => one.from === from && one.to === to);
  return {
    reachable: pair?.reachable,
    first: pair?.steps.get(from)?.map((step) => step.to),
    withRoute: [...(pair?.routes?.values() ?? [])].flatMap((own) => [...own.keys()]).sort(),
  };
};

test('a node that is sent no routes, and whose default route carries the packets, needs none', () => {
  // Both reflectors have the same cluster ID: e2 must not reflect what it learns from e1 (RFC 4456 section 8), so e-b learns nothing about e-a.
  expect(toward(oneClusterBeside(), 'e-b', 'e-a')).toEqual({
    reachable: true,
    first: ['e1'],
    withRoute: ['e1'],
  });
  expect(toward(oneClusterBeside(), 'e-b', 'w-a')).toEqual({
    reachable: true,
    first: ['e2'],
    withRoute: ['e-b', 'e2', 'w1'],
  });
});
