import { Bgp, Installation } from '../../charts/index.ts';
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
import { withDefaults, writtenBack } from './write-back.ts';

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
