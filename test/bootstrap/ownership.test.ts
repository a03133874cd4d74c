import { ENGINES, foreignOwners, handOver, type OwnedObject } from '../../bootstrap/index.ts';
import type { ManagedFields } from '../../bootstrap/ownership.ts';

const { argocd } = ENGINES;

const ENGINE: ManagedFields = {
  manager: 'argocd-controller',
  operation: 'Apply',
  fieldsV1: {
    'f:metadata': { 'f:labels': { 'f:k8s-app': {} } },
    'f:spec': {
      'f:template': { 'f:spec': { 'f:containers': { 'k:{"name":"a"}': { '.': {}, 'f:image': {} } } } },
    },
  },
};

/** An object as K3s v1.34's deploy controller leaves it, including server-filled defaults. */
const K3S: ManagedFields = {
  manager: 'deploy@kubemaster',
  operation: 'Update',
  fieldsV1: {
    'f:metadata': {
      'f:annotations': {
        '.': {},
        'f:objectset.rio.cattle.io/applied': {},
        'f:objectset.rio.cattle.io/id': {},
      },
      'f:labels': { '.': {}, 'f:k8s-app': {}, 'f:objectset.rio.cattle.io/hash': {} },
    },
    'f:spec': {
      'f:revisionHistoryLimit': {},
      'f:template': {
        'f:spec': {
          'f:containers': { 'k:{"name":"a"}': { '.': {}, 'f:image': {}, 'f:imagePullPolicy': {} } },
        },
      },
    },
  },
};

const STATUS: ManagedFields = {
  manager: 'kube-controller-manager',
  operation: 'Update',
  subresource: 'status',
  fieldsV1: { 'f:status': {}, 'f:metadata': { 'f:labels': { 'f:k8s-app': {} } } },
};

const deployment = (...managedFields: ManagedFields[]): OwnedObject => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'a', namespace: 'b', resourceVersion: '7', managedFields },
});

test.each<[name: string, entry: ManagedFields, fields: readonly string[] | undefined]>([
  [
    'K3s, which applied the first copy',
    K3S,
    ['metadata.labels.k8s-app', 'spec.template.spec.containers.{"name":"a"}.image'],
  ],
  [
    'a hand that edited a field',
    {
      manager: 'kubectl-edit',
      operation: 'Update',
      fieldsV1: { 'f:metadata': { 'f:labels': { 'f:k8s-app': {} } } },
    },
    ['metadata.labels.k8s-app'],
  ],
  [
    'another field',
    { manager: 'kubectl-edit', operation: 'Update', fieldsV1: { 'f:spec': { 'f:replicas': {} } } },
    undefined,
  ],
  [
    'that there is a map, and nothing in it',
    { manager: 'kubectl-edit', operation: 'Update', fieldsV1: { 'f:metadata': { 'f:labels': { '.': {} } } } },
    undefined,
  ],
  [
    'the same, as the API server writes it once the last field in it is gone',
    { manager: 'deploy@a', operation: 'Update', fieldsV1: { 'f:metadata': { 'f:labels': {} } } },
    undefined,
  ],
  ['the status of it', STATUS, undefined],
  ['what the operator fills in itself', { ...K3S, manager: 'operator' }, undefined],
  ["the engine's own updates", { ...K3S, manager: 'argocd-controller' }, undefined],
  [
    "what the other engine's manager owns",
    { ...K3S, manager: 'kustomize-controller', operation: 'Apply' },
    ['metadata.labels.k8s-app', 'spec.template.spec.containers.{"name":"a"}.image'],
  ],
])('a foreign owner of fields of ours: %s', (_name, entry, fields) => {
  const expected = fields === undefined ? [] : [{ manager: entry.manager, fields }];
  expect(foreignOwners(deployment(ENGINE, entry), argocd)).toEqual(expected);
});

test('fields that K3s owned go to the engine; its defaults and all others keep their owners', () => {
  const object = deployment(ENGINE, K3S, STATUS);
  const [check, ...operations] = handOver(object, argocd);
  expect(check).toEqual({ op: 'test', path: '/metadata/resourceVersion', value: '7' });
  expect(operations).toEqual([
    {
      op: 'replace',
      path: '/metadata/managedFields',
      value: [
        ENGINE,
        {
          ...K3S,
          fieldsV1: {
            'f:metadata': K3S.fieldsV1?.['f:metadata'] && {
              'f:annotations': K3S.fieldsV1['f:metadata']['f:annotations'],
              'f:labels': { '.': {}, 'f:objectset.rio.cattle.io/hash': {} },
            },
            'f:spec': {
              'f:revisionHistoryLimit': {},
              'f:template': {
                'f:spec': { 'f:containers': { 'k:{"name":"a"}': { '.': {}, 'f:imagePullPolicy': {} } } },
              },
            },
          },
        },
        STATUS,
      ],
    },
  ]);
});

test('the mark by which K3s would delete removed objects goes, and no other label or annotation', () => {
  const { metadata, ...object } = deployment(ENGINE, K3S);
  const marked = {
    ...object,
    metadata: {
      ...metadata,
      labels: { 'k8s-app': 'a', 'objectset.rio.cattle.io/hash': '1' },
      annotations: { 'objectset.rio.cattle.io/applied': 'H4', 'objectset.rio.cattle.io/id': '', mine: 'yes' },
    },
  };
  const operations = handOver(marked, argocd);
  expect(operations.filter(({ op }) => op === 'remove').map(({ path }) => path)).toEqual([
    '/metadata/labels/objectset.rio.cattle.io~1hash',
    '/metadata/annotations/objectset.rio.cattle.io~1applied',
    '/metadata/annotations/objectset.rio.cattle.io~1id',
  ]);
  // Their fields are removed in the same patch: otherwise the API server would leave an owner of an empty map.
  expect(JSON.stringify(operations.at(-1)?.value)).not.toContain('objectset');
  expect(JSON.stringify(operations.at(-1)?.value)).toContain('f:imagePullPolicy');
});

test('an owner without fields is removed', () => {
  const edit = {
    manager: 'kubectl-edit',
    operation: 'Update',
    fieldsV1: { 'f:metadata': { 'f:labels': { '.': {}, 'f:k8s-app': {} } } },
  };
  expect(handOver(deployment(ENGINE, edit), argocd).at(-1)?.value).toEqual([ENGINE]);
});

test('if everything is right nothing is patched', () => {
  expect(handOver(deployment(ENGINE, STATUS, { ...K3S, manager: 'operator' }), argocd)).toEqual([]);
  expect(handOver(deployment(), argocd)).toEqual([]);
});
