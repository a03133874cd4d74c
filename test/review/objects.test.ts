import { stringify } from 'yaml';
import { render } from '../../repository/render.ts';
import { objectChanges, objectText } from '../../review/objects.ts';
import type { TopologyInput } from '../../topology/index.ts';
import { fabricOf } from '../fabric-of.ts';
import { report } from '../lab/topologies.ts';

/** The cluster's files of a topology. */
const cluster = (topology: TopologyInput): ReadonlyMap<string, string> =>
  new Map([...render(fabricOf(topology), undefined).files].filter(([path]) => path.startsWith('cluster/')));

const told = (before: ReadonlyMap<string, string>, after: ReadonlyMap<string, string>): string[] =>
  objectChanges(before, after).map(
    ({ id, change: became, fields }) =>
      `${became} ${objectText(id)}${fields.length === 0 ? '' : `: ${fields.map(({ path }) => path).join(', ')}`}`,
  );

const changed = (change: (topology: TopologyInput) => TopologyInput): string[] =>
  told(cluster(report()), cluster(change(report())));

const documents = (...objects: readonly object[]): ReadonlyMap<string, string> =>
  new Map([['cluster/a.yaml', objects.map((object) => stringify(object)).join('---\n')]]);

const peer = (apiVersion: string, spec: object) => ({
  apiVersion,
  kind: 'BGPPeer',
  metadata: { name: 'gateway' },
  spec,
});

test('nothing changes where nothing does', () => {
  expect(changed((topology) => topology)).toEqual([]);
});

test('a new node has a Job, and a line in the role that may label it', () => {
  const added = changed((topology) => ({
    ...topology,
    nodes: {
      ...topology.nodes,
      'kubenode-new': { region: 'Global', role: 'agent', address: '10.2.5.8', igp: true },
    },
  }));
  expect(added).toEqual([
    expect.stringMatching(/^added Job noencap-system\/label-kubenode-new-[0-9a-f]{10}$/),
    'changed ClusterRole noencap-node-labels: rules[].resourceNames[]',
  ]);
});

test('a node that moves to another region has a new Job in place of the first', () => {
  const moved = changed((topology) => ({
    ...topology,
    nodes: {
      ...topology.nodes,
      'kubenode-wds-1': { ...topology.nodes?.['kubenode-wds-1'], region: 'Global' } as never,
    },
  }));
  expect(moved).toEqual([
    expect.stringMatching(
      /^replaced Job noencap-system\/label-kubenode-wds-1-[0-9a-f]{10}: spec\.template\./,
    ),
  ]);
});

test('a field is named by the item that it belongs to', () => {
  expect(changed((topology) => ({ ...topology, pods: { ...topology.pods, natOutgoing: false } }))).toEqual([
    expect.stringMatching(
      /^changed Installation default: spec\.calicoNetwork\.ipPools\[name=[^\]]+\]\.natOutgoing$/,
    ),
  ]);
});

test('another version of one API group is the same object', () => {
  const [before, after] = ['v1', 'v3'].map((version) =>
    documents(peer(`projectcalico.org/${version}`, { asNumber: 64512 })),
  ) as [ReadonlyMap<string, string>, ReadonlyMap<string, string>];
  expect(told(before, after)).toEqual(['changed BGPPeer gateway: apiVersion']);
});

test('another API group is another object, and so is another namespace', () => {
  expect(
    told(documents(peer('crd.projectcalico.org/v1', {})), documents(peer('projectcalico.org/v3', {}))),
  ).toEqual(['deleted BGPPeer gateway', 'added BGPPeer gateway']);
});

test('moving to another file, or keys in a different order, is no change', () => {
  const before = new Map([
    ['cluster/a.yaml', 'kind: A\napiVersion: x/v1\nmetadata: {name: a}\nspec: {a: 1, b: 2}\n'],
  ]);
  const after = new Map([
    ['cluster/b.yaml', 'apiVersion: x/v1\nkind: A\nspec: {b: 2, a: 1}\nmetadata: {name: a}\n'],
  ]);
  expect(told(before, after)).toEqual([]);
});

test.each([
  [
    'batch/v1',
    'Job',
    { spec: { template: { spec: { hostNetwork: true } } } },
    { spec: { template: { spec: { hostNetwork: false } } } },
  ],
  [
    'apps/v1',
    'Deployment',
    { spec: { selector: { matchLabels: { app: 'a' } } } },
    { spec: { selector: { matchLabels: { app: 'b' } } } },
  ],
  ['projectcalico.org/v3', 'IPPool', { spec: { cidr: '10.42.0.0/16' } }, { spec: { cidr: '10.44.0.0/16' } }],
  [
    'rbac.authorization.k8s.io/v1',
    'ClusterRoleBinding',
    { roleRef: { name: 'a' } },
    { roleRef: { name: 'b' } },
  ],
])('%s %s has fields that nobody may change', (apiVersion, kind, before, after) => {
  const object = (rest: object) => documents({ apiVersion, kind, metadata: { name: 'one' }, ...rest });
  expect(objectChanges(object(before), object(after)).map(({ change: became }) => became)).toEqual([
    'recreated',
  ]);
});

test('a kustomization is named by its file', () => {
  const before = new Map([
    ['cluster/30-bgp/kustomization.yaml', 'kind: Kustomization\nresources: [a.yaml]\n'],
  ]);
  const after = new Map([
    ['cluster/30-bgp/kustomization.yaml', 'kind: Kustomization\nresources: [a.yaml, b.yaml]\n'],
  ]);
  expect(told(before, after)).toEqual([
    'changed Kustomization cluster/30-bgp/kustomization.yaml: resources[]',
  ]);
});

test('files beside ours are read as Kubernetes reads them', () => {
  const written = (spec: string) =>
    new Map([['cluster/a.yaml', `kind: A\napiVersion: x/v1\nmetadata: {name: a}\nspec: ${spec}\n`]]);
  expect(told(written('{mode: 0644}'), written('{mode: 420}'))).toEqual([]);
  expect(told(written('{mode: 0644}'), written('{mode: 644}'))).toEqual(['changed A a: spec.mode']);
  expect(told(written('{mode: "0644"}'), written('{mode: 0644}'))).toEqual(['changed A a: spec.mode']);
  expect(told(written('{port: 0, on: 08}'), written('{port: 0, on: 8}'))).toEqual([]);
  const merged = written('{a: &a {b: 1}, c: {<<: *a, d: 2}}');
  expect(told(merged, written('{a: {b: 1}, c: {b: 1, d: 2}}'))).toEqual([]);
  expect(told(merged, written('{a: {b: 1}, c: {b: 2, d: 2}}'))).toEqual(['changed A a: spec.c.b']);
});
