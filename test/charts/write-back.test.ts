import { Bgp, Installation, NodeLabels, Operator } from '../../charts/index.ts';
import type { TopologyInput } from '../../topology/index.ts';
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
import { type KubernetesObject, schemaOf, upstreamTest, VERSIONS } from './upstream.ts';
import { afterOperator, differences, operatorsOwn, withDefaults, writtenBack } from './write-back.ts';

const KIND = { apiVersion: 'operator.tigera.io/v1', kind: 'Installation' };

const TOPOLOGIES: Readonly<Record<string, TopologyInput>> = {
  'the report': report,
  'dual stack with a registry': dualStack,
  'IPv6 only': ipv6Only,
  'mtu auto, addresses by interface': withCalico(small, { nodeAddress: { interface: 'eth0' } }),
};

function schema(upstream: string, version: string) {
  const found = schemaOf(upstream, version, KIND);
  if (found === undefined) throw new Error(`no Installation in ${version}`);
  return found;
}

function installation(topology: TopologyInput): KubernetesObject {
  const found = objectsOf(topology, Installation).find(({ kind }) => kind === 'Installation');
  if (found === undefined) throw new Error('no Installation');
  return found;
}

describe.each(VERSIONS)("Calico %s's operator", (version) => {
  for (const [name, topology] of Object.entries(TOPOLOGIES)) {
    upstreamTest(`writes nothing back into the Installation: ${name}`, (upstream) => {
      const { spec } = installation(withCalico(topology, calicoOf(version)));
      expect(writtenBack(schema(upstream, version), spec)).toEqual(spec);
    });
  }

  upstreamTest('would write back what is left out', (upstream) => {
    const { spec } = installation(withCalico(report, calicoOf(version)));
    const { controlPlaneReplicas: _replicas, calicoNetwork, ...rest } = spec;
    const [{ natOutgoing: _nat, ...pool }] = calicoNetwork.ipPools;
    const without = {
      ...rest,
      registry: 'mirror.example',
      calicoNetwork: { ...calicoNetwork, ipPools: [pool] },
    };
    expect(writtenBack(schema(upstream, version), without)).toEqual({ ...spec, registry: 'mirror.example/' });
  });
});

upstreamTest(
  "Calico v3.32.1's operator writes nothing back into the Installation between two pools",
  (upstream) => {
    const { spec } = installation(betweenPools);
    expect(writtenBack(schema(upstream, 'v3.32.1'), spec)).toEqual(spec);
  },
);

describe.each(VERSIONS)("Calico %s's API server", (version) => {
  upstreamTest('fills no default into peers and filters', (upstream) => {
    const objects = objectsOf(withCalico(dualStack, calicoOf(version)), Bgp).filter(({ kind }) =>
      ['BGPPeer', 'BGPFilter'].includes(kind),
    );
    expect(objects.length).toBeGreaterThan(0);
    for (const object of objects) {
      expect(withDefaults(schemaOf(upstream, version, object), object)).toEqual(object);
    }
  });
});

/** The kinds to which the operator, or the API server through a schema, writes something. */
const calicoObjects = (topology: TopologyInput): KubernetesObject[] =>
  objectsOf(topology, Installation, Bgp).filter(({ apiVersion }) =>
    /^(operator\.tigera\.io|(crd\.)?projectcalico\.org)\//.test(apiVersion),
  );

const apisOf = (version: string) =>
  version === 'v3.32.1'
    ? (['crd.projectcalico.org/v1', 'projectcalico.org/v3'] as const)
    : (['crd.projectcalico.org/v1'] as const);

describe.each(VERSIONS)('once the operator of Calico %s is done', (version) => {
  for (const api of apisOf(version)) {
    for (const [name, topology] of Object.entries(TOPOLOGIES)) {
      upstreamTest(`no field of ours is another: ${name}, ${api}`, (upstream) => {
        const objects = calicoObjects(withCalico(topology, { ...calicoOf(version), api }));
        expect(new Set(objects.map(({ kind }) => kind))).toEqual(
          new Set(objects.some(({ kind }) => kind === 'BGPFilter') ? [...KINDS, 'BGPFilter'] : KINDS),
        );
        for (const object of objects) {
          const there = afterOperator(version, schemaOf(upstream, version, object) ?? {}, object);
          expect({ name: object.metadata.name, fields: differences(object, there) }).toEqual({
            name: object.metadata.name,
            fields: [],
          });
        }
      });

      upstreamTest(`nothing of its own is ours as well: ${name}, ${api}`, () => {
        const whole = withCalico(topology, { ...calicoOf(version), api });
        const charts =
          version === 'v3.26.1' ? [Installation, NodeLabels, Bgp] : [Operator, Installation, NodeLabels, Bgp];
        const objects = objectsOf(whole, ...charts);
        const ours = objects.map(({ kind, metadata }) => `${kind} ${metadata.name}`);
        const own = operatorsOwn(api, installation(whole).spec);
        expect(own.map(({ kind }) => kind)).toContain('IPPool');
        for (const { kind, metadata } of own) expect(ours).not.toContain(`${kind} ${metadata.name}`);
        // Finalizers belong to the operator: an engine that set them would remove the operator's own.
        for (const { metadata } of objects) expect(metadata).not.toHaveProperty('finalizers');
      });
    }
  }
});

const KINDS = ['Installation', 'APIServer', 'BGPConfiguration', 'BGPPeer'];

describe('a field that the operator changes is detected', () => {
  test.each<[kind: string, change: object, path: string]>([
    ['Installation', { spec: { registry: 'mirror.example' } }, '/spec/registry'],
    ['Installation', { spec: { registry: 'mirror.example/', controlPlaneReplicas: 1 } }, ''],
    ['BGPConfiguration', { spec: { programClusterRoutes: 'Disabled' } }, ''],
    ['Installation', { spec: {}, metadata: { name: 'default', finalizers: [] } }, '/metadata/finalizers'],
  ])('%s %j', (kind, change, path) => {
    const object = { apiVersion: 'a/v1', kind, metadata: { name: 'default' }, ...change } as KubernetesObject;
    const schema = {
      properties: {
        spec: { properties: { registry: {}, controlPlaneReplicas: {}, programClusterRoutes: {} } },
      },
    };
    expect(differences(object, afterOperator('v3.32.1', schema, object))).toEqual(path === '' ? [] : [path]);
  });
});
