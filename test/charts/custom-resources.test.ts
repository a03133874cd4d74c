import { readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { Bgp, Installation } from '../../charts/index.ts';
import type { TopologyInput } from '../../topology/index.ts';
import { BY_HAND, crdErrors, ruleErrors, rulesOf, schemaErrors, unsupported } from './custom-resources.ts';
import { calicoOf, dualStack, ipv6Only, objectsOf, report, small, withCalico } from './topologies.ts';
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
  const objects = objectsOf(
    withCalico(topology, { ...calicoOf(version), api }),
    Installation,
    Bgp,
  );
  return objects.filter(({ apiVersion }) => CUSTOM.has(apiVersion));
}

describe.each(VERSIONS)('Calico %s', (version) => {
  // The v3 API is there from the start only where it is made of CRDs.
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
