import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { App } from 'cdk8s';
import { Bgp, Installation } from '../../charts/index.ts';
import type { TopologyInput } from '../../topology/index.ts';
import { fabricOf } from '../fabric-of.ts';
import { BY_HAND, crdErrors, ruleErrors, rulesOf, schemaErrors, unsupported } from './custom-resources.ts';
import {
  betweenPools,
  calicoOf,
  dualStack,
  ipv6Only,
  objectsOf,
  report,
  small,
  withCalico,
} from './topologies.ts';
import { crdFile, type KubernetesObject, type Schema, schemaOf, upstreamTest, VERSIONS } from './upstream.ts';

const V1 = 'crd.projectcalico.org/v1';
const V3 = 'projectcalico.org/v3';

const TOPOLOGIES: Readonly<Record<string, TopologyInput>> = {
  'the report': report,
  'dual stack, filters, passwords, pull secrets, no mesh': dualStack,
  'IPv6 only': ipv6Only,
  'mtu auto without underlay': small,
  'addresses by kubernetes': withCalico(small, { nodeAddress: 'kubernetes' }),
  'addresses by interface': withCalico(small, { nodeAddress: { interface: 'eth0' } }),
  'addresses by target': withCalico(small, { nodeAddress: { canReach: '10.0.0.1' } }),
  'addresses by CIDR': withCalico(dualStack, { nodeAddress: { cidrs: ['10.0.0.0/16', 'fd00:1::/32'] } }),
};

const CUSTOM = new Set(['operator.tigera.io/v1', V1, V3]);

function customResources(topology: TopologyInput, version: string, api: typeof V1 | typeof V3) {
  const objects = objectsOf(withCalico(topology, { ...calicoOf(version), api }), Installation, Bgp);
  return objects.filter(({ apiVersion }) => CUSTOM.has(apiVersion));
}

describe.each(VERSIONS)('Calico %s', (version) => {
  // The v3 API exists from the start only if it consists of CRDs.
  const apis = version === 'v3.32.1' ? ([V1, V3] as const) : ([V1] as const);
  describe.each(apis)('by %s', (api) => {
    for (const [name, topology] of Object.entries(TOPOLOGIES)) {
      upstreamTest(`takes every custom resource of: ${name}`, (upstream) => {
        const objects = customResources(topology, version, api);
        expect(objects.map(({ kind }) => kind)).toEqual(expect.arrayContaining(['Installation', 'BGPPeer']));
        for (const object of objects) {
          const errors = crdErrors(upstream, version, object);
          expect({ [`${object.kind} ${object.metadata.name}`]: errors }).toEqual({
            [`${object.kind} ${object.metadata.name}`]: [],
          });
        }
      });
    }
  });
});

upstreamTest('Calico v3.32.1 takes two pools, of which one retires', (upstream) => {
  const [installation] = customResources(betweenPools, 'v3.32.1', V3);
  expect(installation?.spec.calicoNetwork.ipPools).toMatchObject([
    { cidr: '10.44.0.0/16', name: 'pods-10-44-0-0-16', disableNewAllocations: false },
    { cidr: '10.42.0.0/16', name: 'default-ipv4-ippool', disableNewAllocations: true },
  ]);
  expect(crdErrors(upstream, 'v3.32.1', installation as KubernetesObject)).toEqual([]);
});

describe('A filter with every condition', () => {
  const conditions = withCalico(dualStack, {
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
          { action: 'Accept', match: { cidr: 'fd00::/8', operator: 'In' }, prefixLength: { max: 120 } },
        ],
        export: [{ action: 'Reject', source: 'RemotePeers' }],
      },
    },
  });

  for (const [version, api] of [
    ['v3.30.7', V1],
    ['v3.31.7', V1],
    ['v3.32.1', V1],
    ['v3.32.1', V3],
  ] as const) {
    upstreamTest(`is taken by Calico ${version} as ${api}`, (upstream) => {
      const [filter] = objectsOf(withCalico(conditions, { version, api }), Bgp).filter(
        ({ kind }) => kind === 'BGPFilter',
      );
      expect(filter?.spec).toEqual({
        importV4: [
          {
            action: 'Accept',
            cidr: '10.0.0.0/8',
            matchOperator: 'In',
            prefixLength: { min: 16, max: 26 },
            source: 'RemotePeers',
          },
        ],
        importV6: [{ action: 'Accept', cidr: 'fd00::/8', matchOperator: 'In', prefixLength: { max: 120 } }],
        exportV4: [{ action: 'Reject', source: 'RemotePeers' }],
        exportV6: [{ action: 'Reject', source: 'RemotePeers' }],
      });
      expect(crdErrors(upstream, version, filter as KubernetesObject)).toEqual([]);
    });
  }

  test('is never reduced to what an older Calico knows: it would then match more routes', () => {
    const fabric = fabricOf(conditions);
    const older = { ...fabric, calico: { ...fabric.calico, version: 'v3.26.1' } };
    expect(() => new Bgp(new App(), older)).toThrow('filter every has a condition that Calico v3.26.1 lacks');
  });
});

describe("An upgrade to v3.32.1 and a change of the fabric's numbers", () => {
  for (const version of ['v3.30.7', 'v3.31.7'] as const) {
    upstreamTest(`is taken over what ${version} left in the cluster`, (upstream) => {
      const before = customResources(dualStack, version, V1);
      const changed: TopologyInput = { ...dualStack, bgp: { asNumber: 65020, nodeToNodeMesh: true } };
      const after = customResources(changed, 'v3.32.1', V1);
      for (const object of after) {
        const old = before.find(
          ({ kind, metadata }) => kind === object.kind && metadata.name === object.metadata.name,
        );
        expect(old).toBeDefined();
        expect(crdErrors(upstream, 'v3.32.1', object, old)).toEqual([]);
      }
    });
  }
});

describe('What the CRDs refuse', () => {
  const peer = (spec: object): KubernetesObject => ({
    apiVersion: V1,
    kind: 'BGPPeer',
    metadata: { name: 'rr' },
    spec,
  });
  const filter = (rule: object): KubernetesObject => ({
    apiVersion: V3,
    kind: 'BGPFilter',
    metadata: { name: 'f' },
    spec: { exportV4: [rule] },
  });

  const cases: readonly [name: string, object: KubernetesObject, error: RegExp][] = [
    ['a field that no schema knows', peer({ peerIp: '10.0.0.1' }), /^\/spec\/peerIp is unknown$/],
    [
      'a value of a different type',
      peer({ peerIP: '10.0.0.1', asNumber: '64512' }),
      /^\/spec\/asNumber must be integer$/,
    ],
    [
      'an AS number beyond int32',
      peer({ asNumber: 4200000000 }),
      /^\/spec\/asNumber must match format "int32"$/,
    ],
    [
      'a rule about two fields',
      peer({ node: 'a', nodeSelector: 'all()' }),
      /^\/spec node and nodeSelector cannot/,
    ],
    [
      'a rule about an integer',
      peer({ peerSelector: 'all()', asNumber: 64512 }),
      /^\/spec asNumber must be empty when peerSelector/,
    ],
    [
      'a rule about an item of a list',
      filter({ action: 'Accept', cidr: '10.0.0.0/8' }),
      /^\/spec\/exportV4\/0 cidr and matchOperator must both/,
    ],
    [
      'a word outside its enum',
      filter({ action: 'Drop' }),
      /^\/spec\/exportV4\/0\/action must be equal to one of the allowed values$/,
    ],
    [
      'a rule about the name',
      { apiVersion: 'operator.tigera.io/v1', kind: 'Installation', metadata: { name: 'calico' }, spec: {} },
      /^ resource name must be 'default'/,
    ],
    [
      'unknown metadata',
      { ...peer({}), metadata: { name: 'rr', annotation: {} } as KubernetesObject['metadata'] },
      /^\/metadata\/annotation is unknown$/,
    ],
    [
      'a word that only matches in one case',
      {
        apiVersion: V1,
        kind: 'BGPConfiguration',
        metadata: { name: 'default' },
        spec: { logSeverityScreen: 'loud' },
      },
      /^\/spec\/logSeverityScreen must match pattern/,
    ],
    ['a kind that is not there', { ...peer({}), kind: 'BGPPeers' }, /^no kind/],
  ];
  for (const [name, object, error] of cases) {
    upstreamTest(name, (upstream) => {
      const errors = crdErrors(upstream, 'v3.32.1', object);
      expect(errors).toEqual(expect.arrayContaining([expect.stringMatching(error)]));
    });
  }

  const schema: Schema = {
    type: 'object',
    properties: {
      cidr: {
        type: 'string',
        'x-kubernetes-validations': [{ rule: 'self == oldSelf', message: 'is immutable' }],
      },
      port: { type: 'string', nullable: true, 'x-kubernetes-int-or-string': true },
      keys: {
        type: 'array',
        items: { type: 'object', properties: { name: { type: 'string' } } },
        'x-kubernetes-list-type': 'map',
        'x-kubernetes-list-map-keys': ['name'],
      },
      free: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
    },
  };

  test('a change that a rule about changes forbids, and no creation', () => {
    expect(ruleErrors(schema, { cidr: 'a' }, { cidr: 'b' })).toEqual(['/cidr is immutable']);
    expect(ruleErrors(schema, { cidr: 'a' }, { cidr: 'a' })).toEqual([]);
    expect(ruleErrors(schema, { cidr: 'a' }, undefined)).toEqual([]);
  });

  test('lists with a duplicate key; but not free fields, allowed nulls, or numbers where strings are allowed', () => {
    const object = { apiVersion: 'a/v1', kind: 'A', metadata: {} };
    expect(schemaErrors(schema, { ...object, keys: [{ name: 'a' }, { name: 'a' }] })).toEqual([
      '/keys holds one key twice',
    ]);
    expect(schemaErrors(schema, { ...object, free: { any: [1] }, port: 80 })).toEqual([]);
    expect(schemaErrors(schema, { ...object, port: null })).toEqual([]);
    expect(schemaErrors(schema, { ...object, cidr: null })).toEqual(['/cidr must be string']);
  });
});

test('a rule with a function unknown to cel-js counts as not runnable', () => {
  expect(unsupported({ rule: 'isIP(self.peerIP)' })).toMatch(/isIP/);
  expect(unsupported({ rule: 'size(self.peerIP) > 0' })).toBeUndefined();
});

describe.each(VERSIONS)('The rules in the CRDs of Calico %s', (version) => {
  upstreamTest('are run as they stand, or by hand under their own text', (upstream) => {
    const files = readdirSync(join(upstream, `calico-${version}`, 'crds'));
    const rules = files.flatMap((file) =>
      crdFile(upstream, version, basename(file, '.yaml')).spec.versions.flatMap(({ schema }) =>
        rulesOf(schema.openAPIV3Schema).map(({ path, rule }) => ({ at: `${file} ${path}`, rule })),
      ),
    );
    // A traversal that misses some would prove nothing.
    const written = files.flatMap(
      (file) =>
        readFileSync(join(upstream, `calico-${version}`, 'crds', file), 'utf8').match(/^ *(- )?rule: /gm) ??
        [],
    );
    expect(rules.length).toBe(written.length);
    const unable = rules.filter(({ rule }) => unsupported(rule) !== undefined);
    expect(unable.filter(({ rule }) => BY_HAND[rule.rule] === undefined)).toEqual([]);
    // Rules that cel-js has learned to run need no second copy here.
    expect(
      rules.filter(({ rule }) => BY_HAND[rule.rule] !== undefined && unsupported(rule) === undefined),
    ).toEqual([]);
  });

  upstreamTest('exist for every kind that the charts use', (upstream) => {
    for (const kind of ['BGPConfiguration', 'BGPPeer', 'BGPFilter']) {
      expect(schemaOf(upstream, version, { apiVersion: V1, kind })).toBeDefined();
    }
  });
});
