import { join } from 'node:path';
import type { TopologyInput } from '../../topology/index.ts';
import { expectGolden } from '../golden.ts';
import { clusterFiles, dualStack, ipv6Only, withCalico } from './topologies.ts';

const GOLDEN = join('test', 'charts', 'golden');

/** The report's own topology has its golden files in test/fixture/report/dist. The operator is compared with upstream's instead. */
const TOPOLOGIES: Readonly<Record<string, TopologyInput>> = {
  'dual-stack': dualStack,
  'ipv6-only-v3': withCalico(ipv6Only, { api: 'projectcalico.org/v3' }),
};

test.each(Object.entries(TOPOLOGIES))(
  'the cluster of %s is as reviewed (UPDATE_GOLDEN=1 rewrites it)',
  (name, topology) => {
    const files = [...clusterFiles(topology)]
      .filter(([path]) => !path.startsWith('cluster/00-operator/'))
      .map(([path, text]): [string, string] => [path.replace('cluster/', ''), text]);
    expectGolden(join(GOLDEN, name), files);
  },
);
