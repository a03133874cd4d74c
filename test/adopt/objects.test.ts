import { adopted, type Item, on } from './changed-cluster.ts';

/** Objects that a topology cannot express: each is named, with reason and place, whether the network is adopted or refused. */

const withSpec = (more: object) => on('BGPPeer', ({ spec }) => ({ spec: { ...spec, ...more } }));
const without = (field: string, more: object) =>
  on('BGPPeer', ({ spec = {} }) => {
    const { [field]: _, ...rest } = spec;
    return { spec: { ...rest, ...more } };
  });

describe('a network is refused, with the reason why each of its BGPPeers was not adopted', () => {
  test.each<[string, (items: Item[]) => Item[], string]>([
    [
      'nextHopMode',
      withSpec({ nextHopMode: 'Keep' }),
      'it has nextHopMode, which a topology cannot express (nextHopMode: Keep)',
    ],
    [
      'maxRestartTime',
      withSpec({ maxRestartTime: '120s' }),
      'it has maxRestartTime, which a topology cannot express (maxRestartTime: 120s)',
    ],
    [
      'two fields',
      withSpec({ ttlSecurity: 1, reachableBy: '192.0.2.1' }),
      'it has reachableBy, ttlSecurity, which a topology cannot express (reachableBy: 192.0.2.1)',
    ],
    [
      'a selector of two conditions',
      withSpec({ nodeSelector: "region == 'WDS' && !has(edge)" }),
      "it selects nodes by region == 'WDS' && !has(edge), but a topology selects by one label and value (nodeSelector: region == 'WDS' && !has(edge))",
    ],
    [
      'a selector of a set',
      withSpec({ nodeSelector: "region in {'WDS'}" }),
      "it selects nodes by region in {'WDS'}, but a topology selects by one label and value (nodeSelector: region in {'WDS'})",
    ],
    [
      'one node',
      without('nodeSelector', { node: 'kubemaster' }),
      'it is for node kubemaster only (node: kubemaster)',
    ],
    [
      'nodes on the other side',
      without('peerIP', { peerSelector: 'all()' }),
      'it peers nodes with nodes (peerSelector) (peerSelector: all())',
    ],
    [
      'another AS',
      withSpec({ asNumber: 64999 }),
      "it peers with AS 64999, but noencap's routers are in the cluster's own AS (asNumber: 64999)",
    ],
    [
      'a port',
      withSpec({ peerIP: '192.0.2.1:1179' }),
      'its peerIP 192.0.2.1:1179 is not a plain address (peerIP: 192.0.2.1:1179)',
    ],
  ])('%s', (_, change, why) => {
    const { problems, notes } = adopted(change);
    expect(problems).toContain('has no router.');
    const peers = notes.filter((one) => one.startsWith('BGPPeer '));
    expect(peers.length).toBe(3);
    expect(new Set(peers.map((one) => one.replace(/^BGPPeer [^:]+: /, '')))).toEqual(new Set([why]));
  });
});

test('Calico ignores keepOriginalNextHop within an AS', () => {
  const [as, kept] = [adopted((items) => items), adopted(withSpec({ keepOriginalNextHop: true }))];
  expect(kept.problems).toEqual([]);
  expect(kept.topology?.regions).toEqual(as.topology?.regions);
  const sessions = ({ comparison }: typeof as) =>
    comparison?.compared
      .filter(({ where }) => where !== 'cluster')
      .map(({ what, change: became }) => [what, became]);
  expect(sessions(kept)).toEqual(sessions(as));
});

test('one that is not adopted next to others that are is also reported', () => {
  const { notes, problems } = adopted(
    on('BGPPeer', ({ spec }) => ({ spec: { ...spec, ttlSecurity: 2 } }), 'route-reflector-domestic'),
  );
  expect(problems.filter((one) => one.includes('regions'))).toEqual([]);
  expect(notes.filter((one) => one.startsWith('BGPPeer'))).toEqual([
    'BGPPeer route-reflector-domestic: it has ttlSecurity, which a topology cannot express (ttlSecurity: 2)',
  ]);
});

describe('pools', () => {
  const pool = (name: string, spec: object) => (items: Item[]) => [
    ...items,
    {
      apiVersion: 'crd.projectcalico.org/v1',
      kind: 'IPPool',
      metadata: { name },
      spec: { cidr: '198.51.100.0/27', ipipMode: 'Never', vxlanMode: 'Never', natOutgoing: true, ...spec },
    },
  ];

  test.each<[string, object, string]>([
    ['for services', { allowedUses: ['LoadBalancer'] }, 'it is for LoadBalancer, not for pods'],
    ['for tunnels', { allowedUses: ['Tunnel'] }, 'it is for Tunnel, not for pods'],
    ['disabled', { disabled: true }, 'it is disabled: no pod gets an address from it any more'],
  ])('one %s is reported and left alone', (_, spec, why) => {
    const { notes, topology } = adopted(pool('second', spec));
    expect(topology?.pods.pools.map(({ cidr }) => cidr.text)).toEqual(['10.42.0.0/16']);
    expect(notes).toContain(`pool second: ${why}; it stays as it is (cidr: 198.51.100.0/27)`);
  });

  test('an enabled one that the Installation does not list is a further pool', () => {
    expect(adopted(pool('second', {})).problems).toContain('198.51.100.0/27 is a second IPv4 range.');
  });
});

test('the other family uses a different detection method: one is adopted, and both are reported', () => {
  const detecting = (V4: object, V6: object) =>
    adopted(
      on('Installation', ({ spec = {} }) => ({
        spec: {
          ...spec,
          calicoNetwork: {
            ...(spec.calicoNetwork as object),
            nodeAddressAutodetectionV4: V4,
            nodeAddressAutodetectionV6: V6,
          },
        },
      })),
    ).notes.filter((note) => note.includes('one method for both families'));
  expect(detecting({ interface: '^eth' }, { canReach: 'fd00::1' })).toEqual([
    expect.stringContaining('there are two here ({"interface":"^eth"}, {"canReach":"fd00::1"})'),
  ]);
  expect(detecting({ interface: '^eth' }, { interface: '^eth' })).toEqual([]);
  expect(detecting({ cidrs: ['10.0.0.0/8'] }, { cidrs: ['fd00::/8'] })).toEqual([]);
});

test('an object of a kind that is not read is reported', () => {
  const { notes } = adopted((items) => [
    ...items,
    {
      apiVersion: 'crd.projectcalico.org/v1',
      kind: 'FelixConfiguration',
      metadata: { name: 'default' },
      spec: {},
    },
    ...['a', 'b'].map((name) => ({
      apiVersion: 'projectcalico.org/v3',
      kind: 'GlobalNetworkPolicy',
      metadata: { name },
      spec: {},
    })),
  ]);
  expect(notes).toEqual(
    expect.arrayContaining([
      'FelixConfiguration default: adopt does not read this kind; it stays as it is (name: default)',
      '2 objects of kind GlobalNetworkPolicy: adopt does not read this kind; it stays as it is (name: a)',
    ]),
  );
});

describe('a node that calico-node treats differently than the others', () => {
  const annotated = (name: string, value: string) =>
    on(
      'Node',
      ({ metadata }) => ({
        metadata: {
          ...metadata,
          annotations: { ...metadata.annotations, [`projectcalico.org/${name}`]: value },
        },
      }),
      'kubemaster',
    );
  const ofNode = (change: (items: Item[]) => Item[]) =>
    adopted(change).comparison?.compared.filter(({ what }) => what === 'Node kubemaster') ?? [];

  test('has a different AS, which its session with the rendered router would not have', () => {
    expect(ofNode(annotated('ASNumber', '64777'))).toMatchObject([
      { change: 'reset', details: [{ before: '64777', after: '64512', because: undefined }] },
    ]);
    expect(ofNode(annotated('ASNumber', '64512'))).toEqual([]);
  });

  test('is a route reflector, and stays one', () => {
    expect(ofNode(annotated('RouteReflectorClusterID', '244.0.0.1'))).toMatchObject([
      { change: 'left', details: [{ because: { id: 'left-alone' } }] },
    ]);
  });
});

describe('an Installation of Helm', () => {
  const helm = (name: string, namespace: string) =>
    on('Installation', ({ metadata }) => ({
      metadata: {
        ...metadata,
        labels: { 'app.kubernetes.io/managed-by': 'Helm' },
        annotations: { 'meta.helm.sh/release-name': name, 'meta.helm.sh/release-namespace': namespace },
      },
    }));
  const todo = (change: (items: Item[]) => Item[]) => adopted(change).comparison?.todo[0] ?? '';

  test('the first step says what helm would do, and how to detach it', () => {
    const said = todo(helm('calico', 'tigera-operator'));
    expect(said).toMatch(
      /^Installation default is Helm's \(release calico in tigera-operator\): .*helm uninstall/,
    );
    expect(said).toMatch(/then kubectl delete secret -n tigera-operator -l owner=helm,name=calico$/);
  });

  test('a name that a shell would interpret gets into no command', () => {
    const said = todo(helm('x; rm -rf /', '$(id)'));
    expect(said).not.toMatch(/rm -rf|\$\(/);
    expect(said).toMatch(/delete the Secrets of its release/);
  });

  test('one that Helm did not create is not mentioned', () => {
    expect(todo((items) => items)).not.toContain('Helm');
  });
});
