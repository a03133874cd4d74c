import { parse } from 'yaml';
import {
  bootstrapPlan,
  type ClusterObject,
  ENGINES,
  engineOf,
  matchNodes,
  otherPools,
  planText,
} from '../../bootstrap/index.ts';
import { LAYERS } from '../../charts/index.ts';
import type { TopologyInput } from '../../topology/index.ts';
import { clusterFiles, report, withCalico } from '../charts/topologies.ts';
import { objectsIn } from '../charts/upstream.ts';
import { fabricOf } from '../fabric-of.ts';
import { reportText } from '../fixture/report.ts';

function planOf(topology: TopologyInput, engine: 'argocd' | 'flux' = 'argocd', out = 'dist') {
  const files = clusterFiles(topology);
  const objects = new Map(
    LAYERS.map(({ name, folder }) => [
      name,
      [...files]
        .filter(([path]) => path.startsWith(`${folder}/`) && !path.endsWith('kustomization.yaml'))
        .flatMap(([, text]): ClusterObject[] => objectsIn(text)),
    ]),
  );
  return bootstrapPlan(fabricOf(topology), ENGINES[engine], objects, out);
}

const waits = (topology: TopologyInput) =>
  planOf(topology).steps.flatMap((step) => (step.kind === 'wait' ? [step.for] : []));

test('every kind that a layer needs is waited for before it, and all layers come before the engine', () => {
  expect(
    planOf(report).steps.map((step) =>
      step.kind === 'apply' ? step.folder : step.kind === 'wait' ? step.for.resource : step.kind,
    ),
  ).toEqual([
    'dist/cluster/00-operator',
    'crd',
    'dist/cluster/10-installation',
    'tigerastatus',
    'dist/cluster/20-node-labels',
    'job',
    'dist/cluster/30-bgp',
    'hand-over',
    'installed',
    'dist/gitops/argocd',
  ]);
});

test('the v1 API exists with the CRDs of the operator', () => {
  const [crds, status] = waits(withCalico(report, { api: 'crd.projectcalico.org/v1' }));
  expect(crds?.names).toEqual([
    'apiservers.operator.tigera.io',
    'bgpconfigurations.crd.projectcalico.org',
    'bgppeers.crd.projectcalico.org',
    'installations.operator.tigera.io',
    'tigerastatuses.operator.tigera.io',
  ]);
  expect(status?.names).toEqual(['calico', 'apiserver']);
});

test("the v3 API exists once Calico's own API server runs", () => {
  const [crds, status, api] = waits(withCalico(report, { api: 'projectcalico.org/v3' }));
  expect(crds?.names).toEqual([
    'apiservers.operator.tigera.io',
    'installations.operator.tigera.io',
    'tigerastatuses.operator.tigera.io',
  ]);
  expect(status?.names).toEqual(['calico', 'apiserver']);
  expect(api).toMatchObject({ resource: 'apiservice', names: ['v3.projectcalico.org'] });
});

test.each(['argocd', 'flux'] as const)('for a shell, %s', (engine) => {
  const text = planText(planOf(report, engine));
  const applied = [...text.matchAll(/^kubectl apply .*$/gm)].map(([line]) => line);
  expect(applied).toHaveLength(5);
  for (const line of applied) {
    expect(line).toContain(
      `--server-side --force-conflicts --field-manager=${ENGINES[engine].fieldManager} -k dist/`,
    );
  }
  for (const url of text.match(/https:\S+/g) ?? []) expect(url).toMatch(/\/v\d+\.\d+\.\d+\//);
});

test('a folder of any name reaches the shell unchanged', () => {
  expect(planText(planOf(report, 'argocd', "it's $HOME"))).toContain(
    `-k 'it'\\''s $HOME/cluster/00-operator'\n`,
  );
});

test.each([
  ['argocd', undefined, 'argocd'],
  ['flux', undefined, 'flux'],
  ['flux', 'flux', 'flux'],
  ['flux', 'argocd', undefined],
  ['both', undefined, undefined],
  ['both', 'flux', 'flux'],
] as const)('the topology says %s and the user %s: %s', (engine, wanted, chosen) => {
  const gitops = { engine, repoURL: 'https://git.example/a.git', targetRevision: 'main' };
  expect(engineOf(gitops, wanted)?.id).toBe(chosen);
});

const home = fabricOf(parse(reportText()));

test('the nodes of the cluster compared with those of the topology', () => {
  expect(matchNodes(home, ['b', 'kubemaster', 'a'])).toEqual({
    both: ['kubemaster'],
    lacking: ['kubenode-hkg04', 'kubenode-wds-1'],
    unknown: ['a', 'b'],
  });
});

test.each([
  [['10.42.0.0/16'], undefined],
  [['192.168.0.0/16'], ['192.168.0.0/16']],
  [
    ['fd00::/48', '10.42.0.0/16'],
    ['10.42.0.0/16', 'fd00::/48'],
  ],
])('an Installation with the pools %j', (cidrs, other) => {
  const ipPools = cidrs.map((cidr) => ({ cidr }));
  expect(otherPools(home, { spec: { calicoNetwork: { ipPools } } })).toEqual(other);
});

test('an Installation that leaves its pools to others has no different ones', () => {
  expect(otherPools(home, {})).toBeUndefined();
});
