import type { ProtocolState } from '../../../bird/answers/protocols.ts';
import { notFollowed } from '../../../delivery/gate/cluster-first.ts';
import type { Fabric } from '../../../fabric/index.ts';
import { bootLab, converged, findPrograms } from '../../../lab/index.ts';
import { routerFiles } from '../../../routers/index.ts';
import type { TopologyInput } from '../../../topology/index.ts';
import { fabricOf } from '../../fabric-of.ts';
import { redundant, scenario } from '../../lab/labs.ts';
import { protocols } from './lab-protocols.ts';

const network = (east: readonly string[], change: Partial<TopologyInput> = {}): Fabric =>
  fabricOf(redundant({ regions: { east: { routers: [...east] }, west: { router: 'w1' } }, ...change }));

const [before, after] = [network(['e1', 'e2']), network(['e2'])];

/** The network with routers that still have `before`, and a cluster that has `clusterAs`. */
async function lookedAt(clusterAs: Fabric, router: string): Promise<readonly ProtocolState[]> {
  const programs = findPrograms('.');
  if ('message' in programs) throw new Error(`${programs.message}. ${programs.fix}`);
  const files = ({ routers }: Fabric) => {
    const inLab = new Map(routers.map((one) => [one.name, one]));
    const own = before.routers.map((one) => {
      const { bird, attachments } = inLab.get(one.name) ?? one;
      return { ...one, bird, attachments };
    });
    return routerFiles({ ...before, routers: own });
  };
  const lab = await bootLab({ fabric: clusterAs, routerFiles: files, programs });
  if ('message' in lab) throw new Error(`${lab.message}. ${lab.fix}`);
  try {
    await converged(lab);
    return await protocols(lab, router);
  } finally {
    await lab.holder.end();
  }
}

scenario('a router that stops reflecting, whose BGPPeer must be gone first', () => {
  test('is left alone as long as the nodes have the BGPPeer, and no longer', async () => {
    const [still, gone] = await Promise.all([lookedAt(before, 'e1'), lookedAt(after, 'e1')]);
    expect(notFollowed(before, after, 'e1', still)).toEqual(['e-a--e1/ipv4', 'e-b--e1/ipv4']);
    expect(notFollowed(before, after, 'e1', gone)).toEqual([]);
  });
});

const established = (name: string, neighbor: string): ProtocolState =>
  ({
    name,
    type: 'BGP',
    state: 'up',
    bgp: { state: 'Established', neighbor, error: '' },
    channels: [],
  }) as never;

test('sessions that stay, and those of other routers, need not go first', () => {
  const all = [established('k3s_e_a', '192.168.1.11'), established('k3s_e_b', '192.168.1.12')];
  expect(notFollowed(before, before, 'e1', all)).toEqual([]);
  expect(notFollowed(before, after, 'e2', all)).toEqual([]);
});
