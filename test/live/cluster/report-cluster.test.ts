import { crdErrors } from '../../charts/custom-resources.ts';
import { type KubernetesObject, upstreamTest, VERSIONS } from '../../charts/upstream.ts';
import { CRD, nodeStatus, reportCluster } from './report-cluster.ts';

/** Calico publishes no schema of these two that has fields, or they are Kubernetes' own. */
const WITHOUT = ['IPAMBlock', 'Node', 'Pod'];

const OBJECTS = [
  ...reportCluster({
    [`${CRD}/caliconodestatuses`]: {
      kubemaster: nodeStatus(
        'kubemaster',
        [{ peerIP: '192.168.100.1', state: 'Established', type: 'NodePeer', since: '11:00:00' }],
        '2026-03-01T12:00:00Z',
      ),
    },
  }).values(),
].flat() as KubernetesObject[];

/** IPPools of v3.26 have fewer fields. */
const CURRENT = VERSIONS.filter((version) => version !== 'v3.26.1');

describe.each(CURRENT)('%s', (version) => {
  const kinds = [...new Set(OBJECTS.map(({ kind }) => kind))].filter((kind) => !WITHOUT.includes(kind));

  for (const kind of kinds)
    upstreamTest(
      `the cluster that tests look at has a ${kind} as its API server would take it`,
      (upstream) => {
        const errors = OBJECTS.filter((one) => one.kind === kind).flatMap((one) =>
          crdErrors(upstream, version, one),
        );
        expect(errors).toEqual([]);
      },
    );
});
