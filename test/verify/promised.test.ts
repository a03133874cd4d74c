import fc from 'fast-check';
import { type Fabric, nodeBlocks } from '../../fabric/index.ts';
import { NODES, PODS } from '../../live/cluster/read-nodes.ts';
import type { TopologyInput } from '../../topology/index.ts';
import { verifyCluster } from '../../verify/cluster.ts';
import { arbitraryNetwork } from '../analysis/arbitrary-network.ts';
import { redundantNetwork } from '../analysis/redundant-network.ts';
import { betweenPools, dualStack, ipv6Only, report, small, withCalico } from '../charts/topologies.ts';
import { arbitraryTopology } from '../cli/arbitrary-topology.ts';
import { syncedCluster } from '../drift/synced-cluster.ts';
import { fabricOf } from '../fabric-of.ts';
import { affinity, block, CRD, component, node, OPERATOR, pod } from '../live/cluster/report-cluster.ts';
import { lookIn } from './looks.ts';

/** A cluster of this topology in which all is well: git's objects as the engine and the operator leave them, and its nodes. */
function wellCluster(fabric: Fabric): Map<string, readonly object[]> {
  const synced = syncedCluster(fabric);
  // Readers look where Calico stores its objects; which group serves them makes no difference to what is in them.
  const lists = new Map<string, readonly object[]>(
    [...synced].map(([path, all]) => [path.replace('/apis/projectcalico.org/v3/', `${CRD}/`), all]),
  );
  const { regionLabel } = fabric;
  const held = fabric.nodes.flatMap(({ name }) =>
    (nodeBlocks(fabric).get(name) ?? []).map((prefix) => [name, prefix.text] as const),
  );
  lists.set(
    NODES.path,
    fabric.nodes.map(({ name, region, address }) => {
      const { ipv4, ipv6 } = address;
      const one = node(name, region, (ipv4 ?? ipv6)?.text ?? '');
      return {
        ...one,
        metadata: {
          ...one.metadata,
          labels: { [regionLabel]: region },
          annotations: {
            ...(ipv4 && { 'projectcalico.org/IPv4Address': `${ipv4.text}/24` }),
            ...(ipv6 && { 'projectcalico.org/IPv6Address': `${ipv6.text}/64` }),
          },
        },
        status: {
          ...one.status,
          addresses: [ipv4, ipv6].flatMap((own) =>
            own === undefined ? [] : [{ type: 'InternalIP', address: own.text }],
          ),
        },
      };
    }),
  );
  lists.set(
    PODS.path,
    fabric.nodes.map(({ name }) => pod(name)),
  );
  lists.set(`${OPERATOR}/tigerastatuses`, [component('calico')]);
  lists.set(
    `${CRD}/blockaffinities`,
    held.map(([name, cidr]) => affinity(name, cidr)),
  );
  lists.set(
    `${CRD}/ipamblocks`,
    held.map(([name, cidr]) => block(name, cidr)),
  );
  const installations = `${OPERATOR}/installations`;
  lists.set(
    installations,
    (lists.get(installations) ?? []).map((one) => ({
      ...one,
      status: { calicoVersion: fabric.calico.version, variant: 'Calico' },
    })),
  );
  return lists;
}

function wrong(topology: TopologyInput): string[] {
  const fabric = fabricOf(topology);
  return verifyCluster(fabric, lookIn(wellCluster(fabric)))
    .filter(({ is }) => is !== 'as-promised')
    .map(({ about, is, kind, expected, found }) => `${about.name} ${is} ${kind}: ${expected}, ${found}`);
}

test.each(
  Object.entries({
    report,
    small,
    'between pools': betweenPools,
    'IPv6 only': ipv6Only,
    'dual stack': dualStack,
    'the v3 API': withCalico(report, { api: 'projectcalico.org/v3' }),
  }),
)('of %s, a cluster that has what git has is as promised', (_, topology) => {
  expect(wrong(topology)).toEqual([]);
});

test('of any topology, a cluster that has what git has is as promised', () => {
  fc.assert(
    fc.property(fc.oneof(arbitraryNetwork(), redundantNetwork(), arbitraryTopology), (topology) => {
      expect(wrong(topology)).toEqual([]);
    }),
    { numRuns: 60 },
  );
});
