import { type ApiObject, App, Chart, JsonPatch, Lazy } from 'cdk8s';
import { argoCd, Bgp, flux, Installation, PrometheusRules, Scrapes } from '../../charts/index.ts';
import * as argoproj from '../../imports/argoproj.io.ts';
import * as operator from '../../imports/operator.tigera.io.ts';
import * as calico from '../../imports/projectcalico.org.ts';
import {
  CALICO_KINDS,
  ENGINE_KINDS,
  type Fields,
  pruned,
  type Schema,
} from '../../scripts/imported-fields.ts';
import type { TopologyInput } from '../../topology/index.ts';
import { TOPOLOGIES } from '../engines/topologies.ts';
import { fabricOf } from '../fabric-of.ts';
import { betweenPools, calicoOf, dualStack, ipv6Only, report, small, withCalico } from './topologies.ts';

const GROUPS = { ...CALICO_KINDS, ...ENGINE_KINDS };

/** The group whose list applies to an object: what Calico stores has the fields of what it serves. */
const groupOf = ({ apiGroup }: ApiObject): string => apiGroup.replace(/^crd\./, '');

/** A BGPPeer is of bgppeers. */
const pluralOf = ({ kind }: ApiObject): string => kind.toLowerCase().replace(/y$/, 'ie').concat('s');

/** Topologies that together set everything that a topology can set. */
const EVERYTHING: readonly TopologyInput[] = [
  ...Object.values(TOPOLOGIES),
  { ...report, metrics: {} },
  betweenPools,
  withCalico(small, calicoOf('v3.26.1')),
  ...['kubernetes', { interface: 'eth0' }, { skipInterface: 'wg0' }].map((nodeAddress) =>
    withCalico(dualStack, { nodeAddress } as TopologyInput['calico']),
  ),
  withCalico(small, { nodeAddress: { canReach: '10.0.0.1' } }),
  withCalico(ipv6Only, { nodeAddress: { canReach: 'fd00:1::1' } }),
  withCalico(ipv6Only, { nodeAddress: 'firstFound' }),
  withCalico(dualStack, { nodeAddress: { cidrs: ['10.0.0.0/16', 'fd00:1::/32'] } }),
  ...['main', 'v1.2.0', 'refs/tags/stable', '0123456789012345678901234567890123456789'].map(
    (targetRevision): TopologyInput => ({ ...report, gitops: { ...report.gitops, targetRevision } }),
  ),
  ...(['crd.projectcalico.org/v1', 'projectcalico.org/v3'] as const).map((api) =>
    withCalico(dualStack, {
      api,
      filters: {
        every: {
          routers: ['rr-a'],
          import: [
            {
              action: 'Accept',
              match: { cidr: '10.0.0.0/8', operator: 'In' },
              prefixLength: { min: 16, max: 26 },
              source: 'RemotePeers',
            },
            {
              action: 'Accept',
              match: { cidr: 'fd00::/8', operator: 'In' },
              prefixLength: { min: 56, max: 120 },
              source: 'RemotePeers',
            },
          ],
          export: [
            {
              action: 'Reject',
              match: { cidr: '10.0.0.0/8', operator: 'In' },
              prefixLength: { min: 16, max: 26 },
              source: 'RemotePeers',
            },
            {
              action: 'Reject',
              match: { cidr: 'fd00::/8', operator: 'In' },
              prefixLength: { min: 56, max: 120 },
              source: 'RemotePeers',
            },
          ],
        },
      },
    }),
  ),
];

const objects: readonly ApiObject[] = EVERYTHING.flatMap((topology) => {
  const fabric = fabricOf(topology);
  const app = new App();
  new Installation(app, fabric);
  new Bgp(app, fabric);
  if (fabric.metrics !== undefined) {
    new PrometheusRules(app, fabric, fabric.metrics);
    new Scrapes(app, fabric, fabric.metrics);
  }
  argoCd(app, fabric);
  flux(app, fabric);
  return app.charts.flatMap((chart) => chart.apiObjects).filter((object) => groupOf(object) in GROUPS);
});

/** `a.b.c` for each field that is set; a list counts as its items, and a choice of number or text as a value. */
function paths(value: unknown, path = ''): string[] {
  // What is known once all charts are there.
  if (value instanceof Lazy) return paths(value.produce(), path);
  if (Array.isArray(value)) return [...new Set(value.flatMap((item) => paths(item, path)))];
  if (typeof value !== 'object' || value === null || value.constructor !== Object) return [path];
  return Object.entries(value)
    .filter(([, item]) => item !== undefined)
    .flatMap(([key, item]) => paths(item, path === '' ? key : `${path}.${key}`));
}

const flat = (fields: Fields): string[] =>
  fields.flatMap((field) =>
    typeof field === 'string'
      ? [field]
      : Object.entries(field).flatMap(([name, below]) => flat(below).map((path) => `${name}.${path}`)),
  );

describe.each(Object.entries(GROUPS).flatMap(([group, kinds]) => kinds.map((kind) => ({ group, ...kind }))))(
  '$plural of $group',
  ({ group, plural, fields }) => {
    const ofKind = objects.filter((object) => groupOf(object) === group && pluralOf(object) === plural);

    test('has the fields that the charts set, and no otherss', () => {
      expect(ofKind).not.toEqual([]);
      const set = ofKind.flatMap((object) => paths(object.toJson().spec).filter((path) => path !== ''));
      // What is below a field without fields of its own is a map, with keys of the topology's.
      const known = (path: string) => flat(fields).find((one) => path.startsWith(`${one}.`)) ?? path;
      expect(flat(fields).sort()).toEqual([...new Set(set.map(known))].sort());
    });

    test('loses nothing that a chart sets: a class silently omits fields that it does not know', () => {
      // cdk8s writes peerIP as peerIp.
      const plain = (found: string[]) => [...new Set(found.map((path) => path.toLowerCase()))].sort();
      for (const object of ofKind) {
        const given = Reflect.get(object, 'props').spec;
        expect({ [object.node.path]: plain(paths(object.toJson().spec)) }).toEqual({
          [object.node.path]: plain(paths(given)),
        });
      }
    });
  },
);

test('each Calico kind exists under both groups, with the same fields', () => {
  const chart = new Chart(new App(), 'chart');
  const spec = { peerIp: '10.0.0.1', asNumber: 64512 };
  expect(new calico.BgpPeer(chart, 'served', { metadata: {}, spec }).toJson()).toMatchObject({
    apiVersion: 'projectcalico.org/v3',
    kind: 'BGPPeer',
    spec: { peerIP: '10.0.0.1', asNumber: 64512 },
  });
  expect(new calico.StoredBgpPeer(chart, 'stored', { metadata: {}, spec }).toJson()).toMatchObject({
    apiVersion: 'crd.projectcalico.org/v1',
    kind: 'BGPPeer',
    spec: { peerIP: '10.0.0.1', asNumber: 64512 },
  });
  expect(
    Object.keys(calico)
      .filter((name) => /^[A-Z]\w*(Configuration|Filter|Peer)$/.test(name))
      .sort(),
  ).toEqual([
    'BgpConfiguration',
    'BgpFilter',
    'BgpPeer',
    'StoredBgpConfiguration',
    'StoredBgpFilter',
    'StoredBgpPeer',
  ]);
});

test('fields that are not in the lists do not compile, and are not omitted silently', () => {
  const chart = new Chart(new App(), 'chart');
  const metadata = { name: 'default' };
  // `npm run types` fails as soon as one of these compiles.
  const made = [
    // @ts-expect-error Calico has it, the charts do not set it
    new calico.BgpPeer(chart, '1', { metadata, spec: { keepOriginalNextHop: true } }),
    // @ts-expect-error the same for what is stored
    new calico.StoredBgpPeer(chart, '2', { metadata, spec: { keepOriginalNextHop: true } }),
    // @ts-expect-error asNumber
    new calico.BgpConfiguration(chart, '3', { metadata, spec: { asnumber: 64512 } }),
    // @ts-expect-error a kind of whose fields none is set
    new operator.ApiServer(chart, '4', { metadata, spec: { logging: 'Info' } }),
    // @ts-expect-error Calico has it
    new operator.Installation(chart, '5', { metadata, spec: { typhaMetricsPort: 9091 } }),
    // @ts-expect-error Argo CD has it
    new argoproj.Application(chart, '6', { metadata, spec: { ...APPLICATION, revisionHistoryLimit: 3 } }),
  ];
  for (const object of made) {
    expect(() => object.toJson()).toThrow(/has no field \w+: name it in scripts\/imported-fields\.ts/);
  }
});

test('fields from a spread or a patch, which no compiler sees, are also refused', () => {
  const chart = new Chart(new App(), 'chart');
  const metadata = { name: 'default' };
  const some = { typhaMetricsPort: 9091 };
  const spread = new operator.Installation(chart, '1', {
    metadata,
    spec: { controlPlaneReplicas: 2, ...some },
  });
  expect(() => spread.toJson()).toThrow('InstallationSpec has no field typhaMetricsPort');
  const patched = new calico.StoredBgpPeer(chart, '2', { metadata, spec: { peerIp: '10.0.0.1' } });
  patched.addJsonPatch(JsonPatch.add('/spec/keepOriginalNextHop', true));
  expect(() => patched.toJson()).toThrow('BgpPeerSpec has no field keepOriginalNextHop');
});

test('a value of a different type does not compile', () => {
  const chart = new Chart(new App(), 'chart');
  const metadata = { name: 'default' };
  // @ts-expect-error a number
  new operator.Installation(chart, '1', { metadata, spec: { controlPlaneReplicas: 'two' } });
  // @ts-expect-error one of an enum
  new calico.BgpFilter(chart, '2', { metadata, spec: { exportV4: [{ action: 'Drop' }] } });
  // @ts-expect-error what an object must have
  new argoproj.Application(chart, '3', { metadata, spec: { project: 'noencap' } });
  expect(chart.apiObjects).toHaveLength(3);
});

const APPLICATION = { project: 'noencap', destination: {} };

describe('A list of fields', () => {
  const schema: Schema = {
    type: 'object',
    required: ['name'],
    properties: {
      name: { type: 'string' },
      labels: { type: 'object', additionalProperties: { type: 'string' } },
      rules: {
        type: 'array',
        items: { type: 'object', properties: { cidr: { type: 'string' }, port: { type: 'integer' } } },
      },
    },
  };

  test('removes everything that it does not name', () => {
    expect(pruned(schema, [{ rules: ['cidr'] }, 'name'])).toEqual({
      type: 'object',
      required: ['name'],
      properties: {
        name: { type: 'string' },
        rules: { type: 'array', items: { type: 'object', properties: { cidr: { type: 'string' } } } },
      },
    });
  });

  test.each([
    ['a field that is not there', ['name', 'colour'], 'spec has no field colour'],
    [
      'one that is not there, deeper',
      ['name', { rules: ['cidr', 'ports'] }],
      'spec.rules[] has no field ports',
    ],
    ['none of the fields of an object', ['name', 'rules'], 'spec.rules has fields: name those that are used'],
    ['fields of what has none', ['name', { labels: ['app'] }], 'spec.labels has no fields'],
    ['not what an object must have', ['labels'], 'spec must have name, which is not in the list of fields'],
  ] as [string, Fields, string][])('must not name %s', (_, fields, message) => {
    expect(() => pruned(schema, fields)).toThrow(message);
  });
});
