import { ruleFiles } from '../../metrics/index.ts';
import type { TopologyInput } from '../../topology/index.ts';
import { dualStack, ipv6Only, report } from '../charts/topologies.ts';
import { fabricOf } from '../fabric-of.ts';
import { differences, type Firing, objections } from './promtool.ts';
import { type Channel, ipam, router, type Series, series } from './samples.ts';

const rulesOf = (topology: TopologyInput) => ruleFiles(fabricOf({ ...topology, metrics: {} }));

test.each(
  Object.entries<TopologyInput>({
    report,
    'dual stack': dualStack,
    'IPv6 only': ipv6Only,
    'both engines, no single addresses': {
      ...report,
      bgp: { ...report.bgp, exportBorrowed: false },
      gitops: { ...report.gitops, engine: 'both' },
    },
    'no nodes': { ...dualStack, nodes: {} },
  }),
)('Prometheus accepts the rules of %s', (_name, topology) => {
  expect(objections(rulesOf(topology))).toBe('');
});

test('promtool itself sees an alert that should not fire, and one that should', () => {
  const files = rulesOf(report);
  const at = (alertname: string) => [{ eval_time: '10m', alertname, exp_alerts: [] }];
  expect(differences(files, { series: [], alerts: at('NoencapRouterUnseen') })).toContain('gateway');
  const missing = { exp_labels: { severity: 'warning' }, exp_annotations: {} };
  const alerts = [{ eval_time: '10m', alertname: 'NoencapSessionDown', exp_alerts: [missing] }];
  expect(differences(files, { series: [], alerts })).toContain('NoencapSessionDown');
});

test('promtool itself objects to a rule that is wrong', () => {
  const [first] = rulesOf(report);
  const broken = { name: 'broken', groups: [{ name: 'a', rules: [{ record: 'b', expr: 'sum by (' }] }] };
  expect(objections([...(first ? [first] : []), broken])).toContain('parse error');
});

/** The report's network, all well: what each router has of each peer. */
const GATEWAY: Channel[] = [
  { name: 'k3s_kubemaster_v4', up: '1x60' },
  { name: 'k3s_kubenode_wds_1_v4', up: '1x60' },
  { name: 'k3s_backbone_cn_ns_v4', up: '1x60', imported: '0x60' },
  { name: 'k3s_backbone_global_ns_v4', up: '1x60' },
];
const CN_NS: Channel[] = [
  { name: 'k3s_backbone_gateway_v4', up: '1x60', imported: '2x60' },
  { name: 'k3s_backbone_global_ns_v4', up: '1x60' },
];
const GLOBAL_NS: Channel[] = [
  { name: 'k3s_kubenode_hkg04_v4', up: '1x60' },
  { name: 'k3s_backbone_cn_ns_v4', up: '1x60', imported: '0x60' },
  { name: 'k3s_backbone_gateway_v4', up: '1x60', imported: '2x60' },
];
const BLOCKS = { kubemaster: '1x60', 'kubenode-wds-1': '1x60', 'kubenode-hkg04': '1x60' };

interface Network {
  readonly gateway?: readonly Channel[];
  readonly cnNs?: readonly Channel[];
  readonly globalNs?: readonly Channel[];
  readonly blocks?: readonly Series[];
  readonly more?: readonly Series[];
}

const network = ({
  gateway = GATEWAY,
  cnNs = CN_NS,
  globalNs = GLOBAL_NS,
  blocks = ipam(BLOCKS),
  more = [],
}: Network): Series[] => [
  ...router('gateway', gateway),
  ...router('cn-ns', cnNs),
  ...router('global-ns', globalNs),
  ...blocks,
  ...more,
];

/** The channels with one of them changed. */
const but = (channels: readonly Channel[], name: string, change: Partial<Channel>): Channel[] =>
  channels.map((one) => (one.name === name ? { ...one, ...change } : one));

/** All alerts: what is not named must not fire. */
function expectAlerts(
  topology: TopologyInput,
  given: Network,
  at: string,
  fire: Readonly<Record<string, readonly Firing[]>>,
): void {
  const files = rulesOf(topology);
  const names = files.flatMap(({ groups }) =>
    groups.flatMap(({ rules }) => rules.flatMap((rule) => ('alert' in rule ? [rule.alert] : []))),
  );
  const alerts = [...new Set([...names, ...Object.keys(fire)])].map((alertname) => ({
    eval_time: at,
    alertname,
    exp_alerts: fire[alertname] ?? [],
  }));
  expect(differences(files, { series: network(given), alerts })).toBe('');
}

const firing = (
  severity: string,
  labels: Readonly<Record<string, string>>,
  summary: string,
  description: string,
  next: string,
): Firing => ({
  exp_labels: { fabric: 'home', severity, ...labels },
  exp_annotations: { summary, description, next },
});

test('a network that is well raises no alert', () => {
  expectAlerts(report, {}, '50m', {});
});

describe('Each fault raises its own alert, with the command that tells more', () => {
  const kubemaster = {
    router: 'gateway',
    name: 'k3s_kubemaster_v4',
    ip_version: '4',
    peer: 'kubemaster',
    kind: 'reflector',
  };
  const down = (says: string) =>
    firing(
      'warning',
      kubemaster,
      'gateway has no session with kubemaster',
      `k3s_kubemaster_v4 on gateway is not Established. ${says}`,
      'bin/noencap verify --router gateway',
    );
  const cutOff = firing(
    'critical',
    { peer: 'kubemaster', ip_version: '4' },
    'kubemaster has no session with any router',
    "Every IPv4 session of kubemaster is down: pods elsewhere do not reach its pods, except over Calico's own mesh.",
    'bin/noencap verify --node kubemaster',
  );

  test('a session that is down, with what BIRD says of it, and a node without any other', () => {
    const state = 'Active        Socket: Connection refused';
    const gateway = but(GATEWAY, 'k3s_kubemaster_v4', { up: '0x60', state, imported: '0x60' });
    // The routers behind it have no fewer routes than gateway gets.
    expectAlerts(
      report,
      {
        gateway,
        cnNs: but(CN_NS, 'k3s_backbone_gateway_v4', { imported: '1x60' }),
        globalNs: but(GLOBAL_NS, 'k3s_backbone_gateway_v4', { imported: '1x60' }),
      },
      '10m',
      {
        NoencapSessionDown: [down(`BIRD says: ${state}.`)],
        NoencapNodeCutOff: [cutOff],
      },
    );
  });

  test('a session that BIRD disabled says no reason', () => {
    const gateway = but(GATEWAY, 'k3s_kubemaster_v4', { up: '0x60', state: '', imported: '0x60' });
    const fewer = { imported: '1x60' };
    expectAlerts(
      report,
      {
        gateway,
        cnNs: but(CN_NS, 'k3s_backbone_gateway_v4', fewer),
        globalNs: but(GLOBAL_NS, 'k3s_backbone_gateway_v4', fewer),
      },
      '10m',
      {
        NoencapSessionDown: [down('BIRD gives no reason.')],
        NoencapNodeCutOff: [cutOff],
      },
    );
  });

  test('a state that changes at every look does not put off the alert', () => {
    const [first = kubemaster] = [GATEWAY[0]];
    const flicker = [
      {
        ...first,
        up: '_ 0 _ 0 _ 0 _ 0 _ 0 _ 0',
        state: 'Active        Socket: Connection refused',
        imported: '0x60',
      },
      {
        ...first,
        up: '0 _ 0 _ 0 _ 0 _ 0 _ 0 _',
        state: 'Connect       Socket: Connection refused',
        imported: '0x60',
      },
    ] as Channel[];
    const files = rulesOf(report);
    const missing = differences(files, {
      series: router('gateway', [flicker[0] as Channel]).concat(
        router('gateway', [flicker[1] as Channel]).slice(0, 1),
      ),
      samples: [
        {
          expr: 'count(ALERTS{alertname="NoencapSessionDown",alertstate="firing"})',
          eval_time: '8m',
          exp_samples: [{ labels: '{}', value: 1 }],
        },
      ],
    });
    expect(missing).toBe('');
  });

  test('a router of which nothing is known: its sessions are not said to be down, and no node to be cut off', () => {
    const given = { gateway: [] as Channel[] };
    expectAlerts(report, given, '10m', {
      NoencapRouterUnseen: [
        firing(
          'warning',
          { router: 'gateway' },
          'Nothing is known of gateway',
          'No metrics of BIRD arrive from gateway: it is unreachable, bird_exporter does not run there, or BIRD does not. Sessions and routes of this router are unknown, not fine.',
          'bin/noencap verify --router gateway',
        ),
      ],
    });
  });

  test('a session that the router is not configured for', () => {
    const gateway = GATEWAY.filter(({ name }) => name !== 'k3s_kubemaster_v4');
    const fewer = { imported: '1x60' };
    expectAlerts(
      report,
      {
        gateway,
        cnNs: but(CN_NS, 'k3s_backbone_gateway_v4', fewer),
        globalNs: but(GLOBAL_NS, 'k3s_backbone_gateway_v4', fewer),
      },
      '10m',
      {
        NoencapSessionAbsent: [
          firing(
            'warning',
            kubemaster,
            'gateway is not configured for kubemaster',
            'BIRD on gateway runs without k3s_kubemaster_v4 (IPv4), which the topology has: the last change was not delivered, or was undone.',
            'bin/noencap ship --check gateway',
          ),
        ],
      },
    );
  });

  test('a session by hand', () => {
    const gateway = [
      ...GATEWAY,
      { name: 'k3s_test_v4', up: '0x60', state: 'Idle' },
      { name: 'uplink', up: '1x60' },
    ];
    expectAlerts(report, { gateway }, '20m', {
      NoencapSessionUnexpected: [
        firing(
          'warning',
          { router: 'gateway', name: 'k3s_test_v4' },
          'gateway has a session that is not in the topology',
          'k3s_test_v4 on gateway is named like a session of noencap, but home has none of that name: edited by hand, or its removal was not delivered.',
          'bin/noencap ship --check gateway',
        ),
      ],
    });
  });

  test('a session that comes and goes', () => {
    const gateway = but(GATEWAY, 'k3s_kubemaster_v4', { up: '1x9 0 1x3 0 1x3 0 1x40' });
    expectAlerts(report, { gateway }, '22m', {
      NoencapSessionFlaps: [
        firing(
          'warning',
          kubemaster,
          'The session of gateway with kubemaster goes up and down',
          'k3s_kubemaster_v4 on gateway changed 6 times in half an hour. BIRD says: Established.',
          'bin/noencap verify --router gateway',
        ),
      ],
    });
  });

  const labels = { fabric: 'home', router: 'gateway' };
  const times = (reconfigured: string, started: string, delivered: string): Series[] => [
    series('bird_last_reconfig_timestamp_seconds', labels, reconfigured),
    series('bird_last_reboot_timestamp_seconds', labels, started),
    series('noencap_delivery_timestamp_seconds', labels, delivered),
  ];

  test('a router that was reconfigured after its last delivery', () => {
    expectAlerts(report, { more: times('1000x60', '100x60', '900x60') }, '30m', {
      NoencapRouterReconfigured: [
        firing(
          'warning',
          { router: 'gateway' },
          'gateway loaded a configuration that was not delivered',
          'BIRD on gateway was reconfigured after the last delivery: by hand, or BIRD undid a change whose time was up.',
          'bin/noencap ship --check gateway',
        ),
      ],
    });
  });

  test('a router that somebody has drained and forgotten; not during maintenance', () => {
    const drained = [series('noencap_drained_timestamp_seconds', labels, '-13200+0x60')];
    expectAlerts(report, { more: drained }, '10m', {});
    expectAlerts(report, { more: drained }, '30m', {
      NoencapRouterDrained: [
        firing(
          'warning',
          { router: 'gateway' },
          'gateway is still drained',
          'Traffic is kept away from gateway for 4h 10m 0s: whoever drained it may have forgotten it, and nothing takes over for the others.',
          'bin/noencap undrain gateway',
        ),
      ],
    });
  });

  test.each([
    ['a delivery loads its configuration before it is recorded', times('1000x60', '100x60', '1030x60')],
    ['a start of BIRD is no reconfiguration', times('1000x60', '1000x60', '100x60')],
    ['an exporter before 1.4.5 tells no time', times('_x60', '_x60', '100x60')],
    ['a router without the timer tells no delivery', times('1000x60', '100x60', '_x60')],
  ])('%s', (_name, more) => {
    expectAlerts(report, { more }, '30m', {});
  });

  test('the age of the configuration, and of the last delivery', () => {
    const age = (record: string, value: number) => ({
      expr: record,
      eval_time: '30m',
      exp_samples: [{ labels: `${record}{fabric="home",router="gateway"}`, value }],
    });
    const samples = [
      age('noencap:router:configuration_age_seconds', 1800 - 1000),
      age('noencap:router:delivery_age_seconds', 1800 - 1030),
    ];
    expect(differences(rulesOf(report), { series: times('1000x60', '100x60', '1030x60'), samples })).toBe('');
  });

  const short = (labels: Readonly<Record<string, string>>, has: number) =>
    firing(
      'warning',
      labels,
      `${labels.router} lacks routes from ${labels.peer}`,
      `${labels.name} on ${labels.router} is Established, but of the IPv4 routes that ${labels.peer} has to announce it imports only ${has}: a filter rejects the others, or they are not announced.`,
      `bin/noencap verify --router ${labels.router}`,
    );

  test('a router that accepts one of two blocks of a node', () => {
    expectAlerts(report, { blocks: ipam({ ...BLOCKS, kubemaster: '2x60' }) }, '10m', {
      NoencapRoutesMissing: [short(kubemaster, 1)],
    });
  });

  test('a route that is lost between two routers', () => {
    expectAlerts(report, { cnNs: but(CN_NS, 'k3s_backbone_gateway_v4', { imported: '1x60' }) }, '10m', {
      NoencapRoutesMissing: [
        short(
          {
            router: 'cn-ns',
            name: 'k3s_backbone_gateway_v4',
            ip_version: '4',
            peer: 'gateway',
            kind: 'backbone',
          },
          1,
        ),
      ],
    });
  });

  test('a node without pods has no block, and must announce none', () => {
    const fewer = { imported: '1x60' };
    const { kubemaster: _, ...blocks } = BLOCKS;
    expectAlerts(
      report,
      {
        blocks: ipam(blocks),
        gateway: but(GATEWAY, 'k3s_kubemaster_v4', { imported: '0x60' }),
        cnNs: but(CN_NS, 'k3s_backbone_gateway_v4', fewer),
        globalNs: but(GLOBAL_NS, 'k3s_backbone_gateway_v4', fewer),
      },
      '50m',
      {},
    );
  });

  test("without Calico's count of blocks the topology's own holds, and that it is missing is said", () => {
    const fewer = { imported: '1x60' };
    expectAlerts(
      report,
      {
        blocks: [],
        gateway: but(GATEWAY, 'k3s_kubemaster_v4', { imported: '0x60' }),
        cnNs: but(CN_NS, 'k3s_backbone_gateway_v4', fewer),
        globalNs: but(GLOBAL_NS, 'k3s_backbone_gateway_v4', fewer),
      },
      '50m',
      {
        NoencapRoutesMissing: [short(kubemaster, 0)],
        NoencapBlocksUnseen: [
          firing(
            'info',
            {},
            "Nothing is known of Calico's blocks",
            'No metrics of calico-kube-controllers arrive. How many routes a node must announce is taken from the topology, and stale blocks are unknown.',
            'kubectl -n calico-system get service calico-kube-controllers-metrics',
          ),
        ],
      },
    );
  });

  test('blocks of a node that is gone', () => {
    expectAlerts(
      report,
      { blocks: ipam({ ...BLOCKS, 'kubenode-old': '3x60', no_affinity: '1x60' }) },
      '50m',
      {
        NoencapBlockStale: [
          firing(
            'warning',
            { node: 'kubenode-old' },
            'kubenode-old has blocks and is not in the topology',
            'Calico keeps 3 blocks for kubenode-old: a node that was removed and left them behind, or one that joined by hand.',
            'bin/noencap verify --node kubenode-old',
          ),
        ],
      },
    );
  });

  test('blocks of a pool that is gone', () => {
    const blocks = [...ipam(BLOCKS), ...ipam({ kubemaster: '1x60' }, 'no_ippool').slice(1)];
    expectAlerts(report, { blocks }, '50m', {
      NoencapBlockOutsidePools: [
        firing(
          'warning',
          { node: 'kubemaster' },
          'kubemaster has blocks of a pool that is gone',
          '1 of its blocks lie in no pool: routers reject their routes, and their pods are unreachable.',
          'bin/noencap verify --node kubemaster',
        ),
      ],
    });
  });

  test('borrowed addresses, where routers carry none', () => {
    const labels = { fabric: 'home', ippool: 'default-ipv4-ippool', node: 'kubemaster' };
    const more = [series('ipam_allocations_borrowed', labels, '2x60')];
    expectAlerts(report, { more }, '50m', {});
    expectAlerts({ ...report, bgp: { ...report.bgp, exportBorrowed: false } }, { more }, '50m', {
      NoencapAddressBorrowed: [
        firing(
          'warning',
          { node: 'kubemaster' },
          "Pods on kubemaster have addresses of other nodes' blocks",
          'Borrowed addresses: 2. bgp.exportBorrowed is false, so no router carries their routes.',
          'bin/noencap check',
        ),
      ],
    });
  });

  test.each([
    [
      'argocd',
      'kubectl -n argocd describe application noencap-bgp',
      series(
        'argocd_app_info',
        {
          project: 'noencap',
          name: 'noencap-bgp',
          namespace: 'argocd',
          sync_status: 'OutOfSync',
          health_status: 'Healthy',
        },
        '1x60',
      ),
      series(
        'argocd_app_info',
        {
          project: 'noencap',
          name: 'noencap-operator',
          namespace: 'argocd',
          sync_status: 'Synced',
          health_status: 'Degraded',
        },
        '1x60',
      ),
    ],
    [
      'flux',
      'kubectl -n flux-system describe kustomization noencap-bgp',
      series(
        'gotk_resource_info',
        {
          customresource_kind: 'Kustomization',
          name: 'noencap-bgp',
          exported_namespace: 'flux-system',
          ready: 'False',
        },
        '1x60',
      ),
      series(
        'gotk_resource_info',
        {
          customresource_kind: 'Kustomization',
          name: 'apps',
          exported_namespace: 'flux-system',
          ready: 'False',
        },
        '1x60',
      ),
    ],
  ] as const)('%s: a layer that is not what git says', (engine, next, broken, other) => {
    expectAlerts({ ...report, gitops: { ...report.gitops, engine } }, { more: [broken, other] }, '50m', {
      NoencapClusterDrift: [
        firing(
          'warning',
          { name: 'noencap-bgp', engine },
          'noencap-bgp is not what git says',
          'The cluster differs from dist/cluster for half an hour: the sync fails, or somebody keeps changing an object.',
          next,
        ),
      ],
    });
  });
});

test('a node is cut off once all its routers say so, and not while one of them is unseen', () => {
  const down = [{ name: 'k3s_east_1_v4', up: '0x60', state: 'Active' }];
  const cutOff = (series: readonly Series[], count: number) =>
    differences(rulesOf(dualStack), {
      series,
      samples: [
        {
          expr: 'count(ALERTS{alertname="NoencapNodeCutOff",peer="east-1",alertstate="firing"}) or vector(0)',
          eval_time: '10m',
          exp_samples: [{ labels: '{}', value: count }],
        },
      ],
    });
  const one = router('rr-b', down, 'dual');
  expect(cutOff(one, 0)).toBe('');
  expect(cutOff([...one, ...router('rr-a', down, 'dual')], 1)).toBe('');
});

describe('How many routes a session must bring', () => {
  const fabric = 'dual';
  const pool = (ippool: string, node: string, values: string) =>
    series('ipam_blocks', { fabric, ippool, node }, values);
  const size = series('ipam_ippool_size', { fabric, ippool: 'default-ipv4-ippool' }, '65536x60');
  const expected = (labels: Readonly<Record<string, string>>, value: number) => ({
    expr: `noencap:routes:expected{${Object.entries(labels)
      .map(([key, text]) => `${key}="${text}"`)
      .join(',')}}`,
    eval_time: '10m',
    exp_samples: [
      {
        labels: `noencap:routes:expected{${Object.entries({ fabric, ...labels })
          .map(([key, text]) => `${key}="${text}"`)
          .join(',')}}`,
        value,
      },
    ],
  });
  const west = (version: string) => ({
    router: 'rr-c',
    name: `k3s_west_1_v${version}`,
    peer: 'west-1',
    kind: 'reflector',
    ip_version: version,
  });
  const east = {
    router: 'rr-a',
    name: 'k3s_east_1_v4',
    peer: 'east-1',
    kind: 'reflector',
    ip_version: '4',
    filtered: 'yes',
  };

  test('each family counts the blocks of its own pools, and two replicas that tell the same count once', () => {
    const again = series(
      'ipam_blocks',
      { fabric, ippool: 'default-ipv4-ippool', node: 'west-1', instance: 'b' },
      '3x60',
    );
    const given = [
      size,
      pool('default-ipv4-ippool', 'west-1', '3x60'),
      again,
      pool('default-ipv6-ippool', 'west-1', '2x60'),
      pool('no_ippool', 'west-1', '9x60'),
    ];
    const samples = [expected(west('4'), 3), expected(west('6'), 2)];
    expect(differences(rulesOf(dualStack), { series: given, samples })).toBe('');
  });

  test('where BGPFilters decide what is announced, the number of blocks does not', () => {
    const given = [size, pool('default-ipv4-ippool', 'east-1', '5x60')];
    expect(differences(rulesOf(dualStack), { series: given, samples: [expected(east, 1)] })).toBe('');
  });

  test('a network of another name in the same Prometheus does not count', () => {
    const given = [
      series('ipam_blocks', { fabric: 'home', ippool: 'default-ipv4-ippool', node: 'west-1' }, '7x60'),
      ...ipam({}),
    ];
    expect(differences(rulesOf(dualStack), { series: given, samples: [expected(west('4'), 1)] })).toBe('');
  });
});
