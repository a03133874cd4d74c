import { adopted, type Item, on } from './changed-cluster.ts';

/** Clusters whose Calico is set up differently from the report's: the result for each, adopted or refused, is true and complete. */

const calico = (kind: string, name: string, spec: object): Item => ({
  apiVersion: 'crd.projectcalico.org/v1',
  kind,
  metadata: { name },
  spec: { ...spec },
});
const beside =
  (...more: Item[]) =>
  (items: Item[]) => [...items, ...more];
const withPool = (more: object) => on('IPPool', ({ spec }) => ({ spec: { ...spec, ...more } }));
const annotated = (annotations: Record<string, string>) =>
  on(
    'Node',
    ({ metadata }) => ({
      metadata: { ...metadata, annotations: { ...metadata.annotations, ...annotations } },
    }),
    'kubemaster',
  );
/** No BGPPeer can be adopted: the network is refused because it has no regions. */
const refused = (items: Item[]): Item[] =>
  on('BGPPeer', ({ spec }) => ({ spec: { ...spec, ttlSecurity: 2 } }))(items);
const ofPool = (change: (items: Item[]) => Item[]) =>
  adopted(change).comparison?.compared.filter(({ what }) => what.startsWith('IPPool')) ?? [];

const CONFIGURATION = {
  asNumber: 64512,
  listenPort: 178,
  communities: [{ name: 'a', value: '64512:1' }],
  prefixAdvertisements: [{ cidr: '10.42.0.0/16', communities: ['a'] }],
  serviceClusterIPs: [{ cidr: '10.43.0.0/16' }],
  ignoredInterfaces: ['eth9'],
  bindMode: 'NodeIP',
  nodeMeshMaxRestartTime: '200s',
};

describe('an IPPool that differs from its entry in the Installation', () => {
  test.each([
    ['ipipMode', 'IPIP Always', { ipipMode: 'Always' }],
    ['vxlanMode', 'VXLAN CrossSubnet', { vxlanMode: 'CrossSubnet' }],
  ])('is encapsulated by its %s, whatever the Installation says', (_, mode, spec) => {
    expect(adopted(withPool(spec)).problems).toEqual([
      `this pool is encapsulated (${mode}), but noencap is for networks without encapsulation.`,
    ]);
  });

  test.each<[object, string, string, string]>([
    [{ nodeSelector: "region == 'WDS'" }, 'spec.nodeSelector', "region == 'WDS'", 'all()'],
    [{ disableBGPExport: true }, 'spec.disableBGPExport', 'true', 'false'],
  ])('has %j, which nothing explains', (spec, field, before, after) => {
    expect(ofPool(withPool(spec))).toEqual([
      {
        where: 'cluster',
        what: 'IPPool default-ipv4-ippool',
        change: 'changed',
        details: [{ field, before, after, because: undefined }],
      },
    ]);
  });

  test('gives the topology its own settings, not those of the Installation', () => {
    expect(adopted(withPool({ natOutgoing: false })).topology?.pods.natOutgoing).toBe(false);
  });

  test('is reported if it is disabled', () => {
    expect(adopted(withPool({ disabled: true })).notes).toContain(
      'pool default-ipv4-ippool: it is disabled: no pod gets an address from it any more; it stays as it is (cidr: 10.42.0.0/16)',
    );
  });

  test('is not mentioned if it is as listed', () => {
    expect(ofPool((items) => items)).toEqual([]);
  });
});

test('the second of two pools of a family is reported at its place', () => {
  const second = {
    cidr: '10.44.0.0/16',
    blockSize: 27,
    ipipMode: 'Never',
    vxlanMode: 'Never',
    natOutgoing: true,
  };
  const { notes, problems } = adopted(beside(calico('IPPool', 'second', second)));
  expect(notes).toContain(
    'pool second: it is a second pool besides 10.42.0.0/16, but a topology has one pool per family (cidr: 10.44.0.0/16)',
  );
  // Blocks have the size of the adopted pool.
  expect(problems).toEqual(['10.44.0.0/16 is a second IPv4 range.']);
});

describe('a second Installation', () => {
  const overlay: Item = {
    apiVersion: 'operator.tigera.io/v1',
    kind: 'Installation',
    metadata: { name: 'overlay' },
    spec: { calicoNetwork: { bgp: 'Disabled' } },
  };
  test.each([
    ['before', (items: Item[]) => [overlay, ...items]],
    ['after', beside(overlay)],
  ])('%s the first is refused: the operator merges both', (_, change) => {
    expect(adopted(change).problems).toEqual([
      'Installation overlay exists besides default, and the operator merges both.',
    ]);
  });
});

test('a missing Installation is reported', () => {
  const { notes, problems } = adopted((items) => items.filter(({ kind }) => kind !== 'Installation'));
  expect(problems).not.toEqual([]);
  expect(notes.join('\n')).toMatch(/^Installation: none was given/m);
});

describe('for a refused network, too, everything that was not adopted is reported', () => {
  const ofRefused = (change: (items: Item[]) => Item[]) => {
    const { notes, problems } = adopted((items) => refused(change(items)));
    expect(problems).not.toEqual([]);
    return notes.filter((one) => !one.startsWith('BGPPeer'));
  };

  test("nothing for one like the field report's", () => {
    expect(ofRefused((items) => items)).toEqual([]);
  });

  test('fields of BGPConfiguration, and those of single nodes', () => {
    const change = beside(
      calico('BGPConfiguration', 'default', CONFIGURATION),
      calico('BGPConfiguration', 'node.kubemaster', { logSeverityScreen: 'Debug' }),
      calico('BGPConfiguration', 'node.gone', {}),
      calico('BGPConfiguration', 'stray', { asNumber: 64999 }),
    );
    expect(ofRefused(change)).toEqual([
      'BGPConfiguration default: it has listenPort, communities, prefixAdvertisements, serviceClusterIPs, ignoredInterfaces, bindMode, nodeMeshMaxRestartTime, which a topology cannot express (listenPort: 178)',
      'BGPConfiguration node.kubemaster: it is for node kubemaster only, with logSeverityScreen, but a topology has one for all nodes (name: node.kubemaster)',
      'BGPConfiguration node.gone: it is for node gone, which was not given (name: node.gone)',
      'BGPConfiguration stray: Calico ignores a BGPConfiguration of this name (name: stray)',
    ]);
  });

  test('fields of the Installation', () => {
    const change = on('Installation', ({ spec = {} }) => ({
      spec: {
        ...spec,
        calicoNetwork: { ...(spec.calicoNetwork as object), bgp: 'Disabled', linuxDataplane: 'BPF' },
        calicoNodeDaemonSet: { spec: { minReadySeconds: 5 } },
        serviceCIDRs: ['10.43.0.0/16'],
      },
    }));
    expect(ofRefused(change)).toEqual([
      'Installation default: it has calicoNetwork.bgp, calicoNetwork.linuxDataplane, calicoNodeDaemonSet.spec.minReadySeconds, serviceCIDRs, which a topology cannot express (bgp: Disabled)',
    ]);
  });

  test('different settings of calico-node on one node', () => {
    const change = annotated({
      'projectcalico.org/ASNumber': '64777',
      'projectcalico.org/RouteReflectorClusterID': '244.0.0.1',
      'projectcalico.org/IPv4IPIPTunnelAddr': '10.42.1.1',
    });
    expect(ofRefused(change)).toEqual([
      'Node kubemaster: it is in AS 64777, but a topology has one AS for all nodes (projectcalico.org/ASNumber: "64777")',
      'Node kubemaster: it is a route reflector (244.0.0.1), which a node of a topology cannot be (projectcalico.org/RouteReflectorClusterID: 244.0.0.1)',
      'tunnel of Node kubemaster: IPv4IPIPTunnelAddr 10.42.1.1: it has a tunnel, which a topology cannot express (projectcalico.org/IPv4IPIPTunnelAddr: 10.42.1.1)',
    ]);
  });

  test('Felix settings that move packets, and a block of a removed node', () => {
    const change = beside(
      calico('FelixConfiguration', 'default', { wireguardEnabled: true, bpfEnabled: false }),
      calico('BlockAffinity', 'gone-10-42-9-0-26', {
        cidr: '10.42.9.0/26',
        node: 'gone',
        state: 'confirmed',
      }),
    );
    expect(ofRefused(change)).toEqual([
      'FelixConfiguration default: wireguardEnabled: true: packets are forwarded, or routes programmed, differently than noencap computes; it stays as it is (wireguardEnabled: true)',
      'BlockAffinity gone-10-42-9-0-26: the node gone, which was not given, has the block 10.42.9.0/26 (node: gone)',
    ]);
  });
});

test.each<[string, object, string]>([
  [
    'of two conditions',
    { nodeSelector: "region == 'WDS' && has(gpu)" },
    "it selects nodes by region == 'WDS' && has(gpu), but a topology selects by one label and value",
  ],
  [
    'of a set',
    { nodeSelector: "region in {'WDS', 'Global'}" },
    "it selects nodes by region in {'WDS', 'Global'}, but a topology selects by one label and value",
  ],
  [
    'of a negation',
    { nodeSelector: "!(region == 'WDS')" },
    "it selects nodes by !(region == 'WDS'), but a topology selects by one label and value",
  ],
  [
    'of an inequality',
    { nodeSelector: "region != 'WDS'" },
    "it selects nodes by region != 'WDS', but a topology selects by one label and value",
  ],
  [
    'of a label that is there',
    { nodeSelector: 'has(region)' },
    'it selects nodes by has(region), but a topology selects by one label and value',
  ],
  ['of nobody', {}, 'it is for every node, whatever its region'],
  [
    'of pods',
    { peerIP: undefined, localWorkloadSelector: "app == 'x'" },
    'it peers nodes with their own pods (localWorkloadSelector)',
  ],
  [
    'of a region, without an AS',
    { nodeSelector: "region == 'WDS'", asNumber: undefined },
    'it has no asNumber',
  ],
  [
    'of a region, with no source address',
    { nodeSelector: "region == 'WDS'", sourceAddress: 'None' },
    'it has sourceAddress, which a topology cannot express',
  ],
])('a BGPPeer next to the others with a selector %s is reported', (_, spec, why) => {
  const more = JSON.parse(JSON.stringify({ asNumber: 64512, peerIP: '10.9.9.1', ...spec }));
  const { notes, problems } = adopted(beside(calico('BGPPeer', 'more', more)));
  expect(problems).toEqual([]);
  const said = notes.filter((one) => one.startsWith('BGPPeer'));
  expect(said).toHaveLength(1);
  expect(said[0]).toMatch(/ \(.+\)$/);
  expect(said[0]).toContain(`BGPPeer more: ${why} (`);
});
