import { Bgp, Installation, NodeLabels, Operator } from '../../charts/index.ts';
import type { TopologyInput } from '../../topology/index.ts';
import { coreErrors } from './kubernetes-schemas.ts';
import { dualStack, ipv6Only, objectsOf, report, small, withCalico } from './topologies.ts';
import type { KubernetesObject } from './upstream.ts';

const OWN = /^(crd\.)?projectcalico\.org\/|^operator\.tigera\.io\//;

const TOPOLOGIES: Readonly<Record<string, TopologyInput>> = {
  'the report': report,
  'dual stack with passwords and CronJobs': dualStack,
  'IPv6 only': ipv6Only,
  'no nodes yet': { ...small, nodes: {} },
  'Calico v3.30.7': withCalico(report, { version: 'v3.30.7' }),
  'Calico v3.31.7': withCalico(report, { version: 'v3.31.7' }),
};

describe('Kubernetes accepts every object of its own kinds', () => {
  test.each(Object.entries(TOPOLOGIES))('%s', (_name, topology) => {
    const objects = objectsOf(topology, Operator, Installation, NodeLabels, Bgp).filter(
      ({ apiVersion }) => !OWN.test(apiVersion),
    );
    expect(objects.map(({ kind }) => kind)).toEqual(expect.arrayContaining(['Namespace', 'Deployment']));
    for (const object of objects) {
      const id = `${object.kind} ${object.metadata.name}`;
      expect({ [id]: coreErrors(object) }).toEqual({ [id]: [] });
    }
  });

  test('the dual-stack topology has every kind that a chart can render', () => {
    const kinds = new Set(
      objectsOf(dualStack, Operator, Installation, NodeLabels, Bgp).map(({ kind }) => kind),
    );
    expect([...kinds].sort()).toEqual([
      'APIServer',
      'BGPConfiguration',
      'BGPFilter',
      'BGPPeer',
      'ClusterRole',
      'ClusterRoleBinding',
      'CronJob',
      'Deployment',
      'Installation',
      'Job',
      'Namespace',
      'Role',
      'RoleBinding',
      'ServiceAccount',
    ]);
  });
});

describe('Kubernetes refuses', () => {
  const job = (container: object, more: object = {}): KubernetesObject => ({
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: { name: 'a' },
    spec: {
      template: {
        spec: { containers: [{ name: 'a', image: 'a', ...container }], restartPolicy: 'Never', ...more },
      },
    },
  });

  test('nothing in a valid Job', () =>
    expect(coreErrors(job({ env: [{ name: 'HOME', value: '' }] }))).toEqual([]));

  test('an unknown field deep inside', () =>
    expect(coreErrors(job({ securityContext: { readOnlyRootFileSystem: true } }))).toEqual([
      '/spec/template/spec/containers/0/securityContext/readOnlyRootFileSystem is unknown',
    ]));

  test('an unknown field at the top', () =>
    expect(coreErrors({ ...job({}), sepc: {} })).toEqual(['/sepc is unknown']));

  test('a value of a different type', () =>
    expect(coreErrors(job({ args: [1] }))).toEqual([
      expect.stringContaining('/spec/template/spec/containers/0/args/0'),
    ]));

  test('a missing field', () =>
    expect(coreErrors(job({ name: undefined }))).toEqual([expect.stringContaining('name')]));

  test('a kind without a schema', () =>
    expect(coreErrors({ ...job({}), kind: 'Jobs' })).toEqual(['no schema of batch/v1 Jobs']));
});
