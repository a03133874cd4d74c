import { parse } from 'yaml';
import { inGit, objectsDrift } from '../../drift/index.ts';
import { readObjects } from '../../live/cluster/index.ts';
import { render } from '../../repository/render.ts';
import { dualStack, ipv6Only, report, withCalico } from '../charts/topologies.ts';
import { fabricOf } from '../fabric-of.ts';
import { reportText } from '../fixture/report.ts';
import { type ApiServer, type Stored, startApiServer } from '../live/cluster/api-server.ts';
import { edited, entry, LATER, SINCE, syncedCluster } from './synced-cluster.ts';

const CALICO = '/apis/crd.projectcalico.org/v1';
const OPERATOR = '/apis/operator.tigera.io/v1';
const PEER = 'route-reflector-wds-gateway';
const FABRIC = fabricOf(parse(reportText()));
const GIT = inGit(FABRIC, render(FABRIC, undefined).files);

let server: ApiServer;
afterEach(async () => server?.close());

/** Nobody waits in a test. */
const PATIENCE = {
  page: 250,
  items: 250_000,
  pages: 2_000,
  pageBytes: 2 ** 26,
  bytes: 2 ** 30,
  pageTime: 30_000,
  time: 120_000,
  second: 1,
};

async function start(change: (lists: Map<string, readonly Stored[]>) => void = () => {}): Promise<void> {
  const lists = syncedCluster();
  change(lists);
  server = await startApiServer(lists);
}

async function drift(patience = PATIENCE, fabric = FABRIC, git = GIT) {
  const look = await readObjects(git.kinds, { isWanted: git.isWanted, patience });
  return objectsDrift(fabric, git, look);
}

const person = { manager: 'kubectl-edit', is: 'person', at: LATER };

test('a cluster that has what git has, with all that others fill in, has no drift', async () => {
  await start();
  const { objects, unknown, same } = await drift();
  expect({ objects, unknown }).toEqual({ objects: [], unknown: [] });
  expect(same).toBe(GIT.objects.length);
});

test.each([
  ['both families', dualStack, 'argocd-controller'],
  ['only IPv6', ipv6Only, 'argocd-controller'],
  ['the v3 API', withCalico(report, { api: 'projectcalico.org/v3' }), 'argocd-controller'],
  [
    'Flux, and nodes that join later',
    {
      ...report,
      gitops: { ...report.gitops, engine: 'flux' as const },
      labels: { reconcile: 'cron' as const },
    },
    'kustomize-controller',
  ],
  ['Prometheus', { ...report, metrics: {} }, 'argocd-controller'],
  ['Calico v3.30', withCalico(report, { version: 'v3.30.7' }), 'argocd-controller'],
])('neither has one with %s', async (_, topology, engine) => {
  const fabric = fabricOf(topology);
  const git = inGit(fabric, render(fabric, undefined).files);
  server = await startApiServer(syncedCluster(fabric, engine));
  const { objects, unknown, same } = await drift(PATIENCE, fabric, git);
  expect({ objects, unknown, same }).toEqual({ objects: [], unknown: [], same: git.objects.length });
});

test('each kind is listed once, page by page, and no Secret', async () => {
  await start();
  await drift({ ...PATIENCE, page: 2 });
  expect(server.asked.filter((path) => /secret/i.test(path))).toEqual([]);
  const known = /^\/(api\/v1|apis\/[^/]+\/[^/?]+|(api|apis)\/.*\?limit=2(&continue=.*)?)$/;
  expect(server.asked.filter((path) => !known.test(path))).toEqual([]);
  expect(new Set(server.asked).size).toBe(server.asked.length);
});

describe('what differs', () => {
  test('a field that somebody edited, with both values and who it was', async () => {
    await start((lists) => edited(lists, `${CALICO}/bgppeers`, PEER, { spec: { peerIP: '192.168.100.9' } }));
    const { objects } = await drift();
    expect(objects).toEqual([
      {
        id: { group: 'crd.projectcalico.org', kind: 'BGPPeer', namespace: null, name: PEER },
        change: 'changed',
        fields: [{ path: 'spec.peerIP', before: '192.168.100.1', after: '192.168.100.9', by: person }],
        by: person,
        next: `kubectl get bgppeer.crd.projectcalico.org ${PEER} -o yaml --show-managed-fields`,
      },
    ]);
  });

  test('a field that git does not set, if a person wrote it', async () => {
    await start((lists) =>
      edited(lists, `${CALICO}/bgppeers`, PEER, { spec: { keepOriginalNextHop: true } }),
    );
    const { objects } = await drift();
    expect(objects[0]?.fields).toEqual([{ path: 'spec.keepOriginalNextHop', after: true, by: person }]);
  });

  test.each(['operator', 'kube-controller-manager', 'deploy@kubemaster'])(
    'but not if %s filled it in',
    async (manager) => {
      await start((lists) =>
        edited(
          lists,
          `${OPERATOR}/installations`,
          'default',
          { spec: { calicoNetwork: { sysctl: [] } } },
          manager,
        ),
      );
      expect((await drift()).objects).toEqual([]);
    },
  );

  test('what an operator changed of what git sets is drift, and is called an operator', async () => {
    await start((lists) =>
      edited(
        lists,
        `${OPERATOR}/installations`,
        'default',
        { spec: { calicoNetwork: { mtu: 1400 } } },
        'operator',
      ),
    );
    const { objects } = await drift();
    expect(objects[0]?.fields).toEqual([
      {
        path: 'spec.calicoNetwork.mtu',
        before: 1370,
        after: 1400,
        by: { manager: 'operator', is: 'operator', at: LATER },
      },
    ]);
  });

  test('what the engine itself wrote differs because git has changed since', async () => {
    await start((lists) =>
      edited(
        lists,
        `${CALICO}/bgpconfigurations`,
        'default',
        { spec: { asNumber: 64600 } },
        'argocd-controller',
      ),
    );
    const { objects } = await drift();
    expect(objects).toMatchObject([{ change: 'not-applied', fields: [{ path: 'spec.asNumber' }] }]);
    expect(objects[0]?.by).toBeUndefined();
  });

  test('an operator that touches the object afterwards is not whom it names', async () => {
    await start((lists) => {
      edited(lists, `${OPERATOR}/installations`, 'default', { spec: { calicoNetwork: { mtu: 1400 } } });
      edited(
        lists,
        `${OPERATOR}/installations`,
        'default',
        { metadata: { annotations: { seen: 'yes' } } },
        'operator',
      );
    });
    expect((await drift()).objects).toMatchObject([
      { by: person, fields: [{ path: 'spec.calicoNetwork.mtu', by: person }] },
    ]);
  });

  test('a field that somebody removed has no owner any more', async () => {
    await start((lists) =>
      edited(lists, `${CALICO}/bgpconfigurations`, 'default', { spec: { nodeToNodeMeshEnabled: null } }),
    );
    const { objects } = await drift();
    expect(objects[0]?.fields).toMatchObject([{ path: 'spec.nodeToNodeMeshEnabled', before: true }]);
    expect(objects[0]?.by).toEqual(person);
  });

  test('a pool, which the operator makes of the Installation, whatever it is called', async () => {
    await start((lists) => {
      edited(lists, `${CALICO}/ippools`, 'default-ipv4-ippool', {
        spec: { natOutgoing: false, blockSize: 24 },
      });
      const [pool] = lists.get(`${CALICO}/ippools`) ?? [];
      if (pool !== undefined)
        lists.set(`${CALICO}/ippools`, [{ ...pool, metadata: { ...pool.metadata, name: 'pods' } }]);
    });
    const { objects } = await drift();
    expect(objects).toMatchObject([
      {
        id: { kind: 'IPPool', name: 'pods' },
        fields: [
          { path: 'spec.blockSize', before: 26, after: 24, by: person },
          { path: 'spec.natOutgoing', before: true, after: false, by: person },
        ],
      },
    ]);
  });

  test('a pool whose defaults the API leaves out is as in git', async () => {
    await start((lists) =>
      edited(lists, `${CALICO}/ippools`, 'default-ipv4-ippool', {
        spec: {
          blockSize: null,
          ipipMode: null,
          vxlanMode: null,
          nodeSelector: null,
          disableBGPExport: null,
          disabled: null,
        },
      }),
    );
    expect((await drift()).objects).toEqual([]);
  });

  test('the image of the operator, inside a list of containers', async () => {
    const path = '/apis/apps/v1/namespaces/tigera-operator/deployments';
    await start((lists) => {
      const [deployment] = lists.get(path) ?? [];
      const spec = structuredClone(deployment?.spec) as {
        template: { spec: { containers: { image: string }[] } };
      };
      for (const one of spec.template.spec.containers) one.image = 'evil.example/operator:v1';
      edited(lists, path, 'tigera-operator', { spec: spec as never }, 'kubectl-set');
    });
    const { objects } = await drift();
    expect(objects[0]?.fields).toMatchObject([
      {
        path: 'spec.template.spec.containers[name=tigera-operator].image',
        after: 'evil.example/operator:v1',
        by: { manager: 'kubectl-set', is: 'person' },
      },
    ]);
  });

  test('one container, one rule, one subject more than in git', async () => {
    const roles = '/apis/rbac.authorization.k8s.io/v1/clusterroles';
    await start((lists) => {
      const role = lists.get(roles)?.find(({ metadata }) => metadata.name === 'noencap-node-labels');
      const rules = [
        ...((role?.rules ?? []) as object[]),
        { apiGroups: ['*'], resources: ['*'], verbs: ['*'] },
      ];
      edited(lists, roles, 'noencap-node-labels', { rules });
    });
    const { objects } = await drift();
    expect(objects).toMatchObject([
      {
        id: { kind: 'ClusterRole', name: 'noencap-node-labels' },
        fields: [
          { path: 'rules[]', after: { apiGroups: ['*'], resources: ['*'], verbs: ['*'] }, by: person },
        ],
      },
    ]);
  });

  test("a node's label and AS number; not what else nodes have", async () => {
    await start((lists) => {
      edited(
        lists,
        '/api/v1/nodes',
        'kubemaster',
        { metadata: { labels: { region: 'Global', disk: 'ssd' } } },
        'kubectl-label',
      );
      edited(
        lists,
        '/api/v1/nodes',
        'kubenode-wds-1',
        { metadata: { labels: { region: null } } },
        'kubectl-label',
      );
      edited(
        lists,
        '/api/v1/nodes',
        'kubenode-hkg04',
        {
          metadata: {
            annotations: {
              'projectcalico.org/ASNumber': '64999',
              'projectcalico.org/IPv4Address': '10.2.5.7/32',
            },
          },
        },
        'calicoctl',
      );
    });
    const { objects } = await drift();
    expect(
      objects.map(({ id, fields }) => [
        id.name,
        fields.map(({ path, before, after }) => [path, before, after]),
      ]),
    ).toEqual([
      ['kubemaster', [['metadata.labels.region', 'WDS', 'Global']]],
      ['kubenode-hkg04', [['metadata.annotations."projectcalico.org/ASNumber"', undefined, '64999']]],
      ['kubenode-wds-1', [['metadata.labels.region', 'WDS', undefined]]],
    ]);
  });
});

test('an engine without server-side apply owns the defaults of what it creates', async () => {
  const deployments = '/apis/apps/v1/namespaces/tigera-operator/deployments';
  await start((lists) =>
    edited(lists, deployments, 'tigera-operator', { spec: { someDefault: 3 } }, 'argocd-controller'),
  );
  expect((await drift()).objects).toEqual([]);
});

describe('whole objects', () => {
  test('one of ours that is missing', async () => {
    await start((lists) =>
      lists.set(
        `${CALICO}/bgppeers`,
        (lists.get(`${CALICO}/bgppeers`) ?? []).filter(({ metadata }) => metadata.name !== PEER),
      ),
    );
    expect((await drift()).objects).toMatchObject([
      { id: { name: PEER }, change: 'missing', fields: [], next: 'kubectl -n argocd get applications' },
    ]);
  });

  test('one of our kinds that nobody wrote in git, of a kind that git has none of too', async () => {
    const made = (kind: string, name: string, spec: object, manager: string) => ({
      kind,
      metadata: { name, creationTimestamp: SINCE, managedFields: [entry(manager, { spec }, 'Update')] },
      spec,
    });
    await start((lists) => {
      const more = (plural: string, one: Stored) =>
        lists.set(`${CALICO}/${plural}`, [...(lists.get(`${CALICO}/${plural}`) ?? []), one]);
      more('bgppeers', made('BGPPeer', 'by-hand', { peerIP: '10.9.9.9', asNumber: 64999 }, 'kubectl-create'));
      more('bgpfilters', made('BGPFilter', 'all', { exportV4: [{ action: 'Reject' }] }, 'calicoctl'));
      more('ippools', made('IPPool', 'vpn', { cidr: '10.99.0.0/16', ipipMode: 'Always' }, 'Some-Tool'));
    });
    expect((await drift()).objects).toMatchObject([
      {
        id: { kind: 'BGPFilter', name: 'all' },
        change: 'by-hand',
        by: { manager: 'calicoctl', is: 'person' },
      },
      {
        id: { kind: 'BGPPeer', name: 'by-hand' },
        change: 'by-hand',
        fields: [
          { path: 'spec.peerIP', after: '10.9.9.9' },
          { path: 'spec.asNumber', after: 64999 },
        ],
        by: { manager: 'kubectl-create', is: 'person', at: SINCE },
      },
      { id: { kind: 'IPPool', name: 'vpn' }, change: 'by-hand', by: { is: 'program' } },
    ]);
  });

  test('a cluster without the kind at all', async () => {
    await start((lists) => {
      for (const path of [...lists.keys()]) if (path.startsWith(OPERATOR)) lists.delete(path);
    });
    expect((await drift()).objects).toMatchObject([
      { id: { kind: 'APIServer' }, change: 'missing', note: 'the cluster does not have this kind' },
      { id: { kind: 'Installation' }, change: 'missing' },
    ]);
  });
});

describe('what is unknown', () => {
  test('a kind that the account may not list; the rest is told', async () => {
    await start((lists) => {
      edited(lists, `${CALICO}/bgpconfigurations`, 'default', { spec: { asNumber: 64600 } });
    });
    server.forbidden.add('bgppeers');
    const { objects, unknown } = await drift();
    expect(objects.map(({ id }) => id.kind)).toEqual(['BGPConfiguration']);
    expect(unknown).toMatchObject([
      {
        about: { kind: 'objects', name: 'bgppeers.crd.projectcalico.org' },
        message: 'the account of context home may not list them',
        next: 'kubectl auth can-i --list',
      },
    ]);
  });

  test('a part of the API that is down is not a cluster without it', async () => {
    await start();
    server.intercept = (path) => (path === CALICO ? { status: 503, body: 'service unavailable' } : undefined);
    const { objects, unknown } = await drift();
    expect(objects).toEqual([]);
    expect(unknown.map(({ about }) => about.name)).toEqual([
      'BGPConfiguration',
      'BGPFilter',
      'BGPPeer',
      'IPPool',
    ]);
  });

  test('a server that does not answer is asked once, and nothing is said of any object', async () => {
    await start();
    server.use({ user: { token: 'another' } });
    const { objects, unknown, same } = await drift();
    expect({ objects, same, asked: server.asked.length }).toEqual({ objects: [], same: 0, asked: 1 });
    expect(unknown).toMatchObject([
      {
        about: { kind: 'cluster' },
        message: `${server.url} does not accept the credentials of context home`,
      },
    ]);
  });

  test('no kubeconfig', async () => {
    await start();
    process.env.KUBECONFIG = '/nowhere/kubeconfig';
    expect((await drift()).unknown).toMatchObject([{ message: 'there is no cluster to talk to' }]);
  });
});
