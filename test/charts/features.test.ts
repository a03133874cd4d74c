import { type CalicoFeatures, calicoFeatures } from '../../charts/features.ts';
import { type Schema, schemaOf, upstreamTest, VERSIONS } from './upstream.ts';

type Flag = {
  [Key in keyof CalicoFeatures]: CalicoFeatures[Key] extends boolean ? Key : never;
}[keyof CalicoFeatures];

const INSTALLATION = { apiVersion: 'operator.tigera.io/v1', kind: 'Installation' };
const FILTER = { apiVersion: 'crd.projectcalico.org/v1', kind: 'BGPFilter' };

/** The fields that each feature stands for. */
const FIELDS: Readonly<Record<Exclude<Flag, 'filterAnyRoute'>, readonly [typeof INSTALLATION, ...string[]]>> =
  {
    poolDetails: [
      INSTALLATION,
      ...['name', 'allowedUses', 'assignmentMode', 'disableNewAllocations'].map(
        (field) => `spec.calicoNetwork.ipPools.*.${field}`,
      ),
    ],
    windowsDataplane: [INSTALLATION, 'spec.calicoNetwork.windowsDataplane'],
    policySetupTimeout: [INSTALLATION, 'spec.calicoNetwork.linuxPolicySetupTimeoutSeconds'],
    cniFolders: [INSTALLATION, 'spec.cni.binDir', 'spec.cni.confDir'],
    cniSpecVersion: [INSTALLATION, 'spec.cni.specVersion'],
    filterSource: [FILTER, 'spec.importV4.*.source', 'spec.exportV6.*.source'],
    filterPrefixLength: [FILTER, 'spec.importV4.*.prefixLength', 'spec.exportV6.*.prefixLength'],
  };

const at = (schema: Schema | undefined, path: string): Schema | undefined =>
  path
    .split('.')
    .reduce<Schema | undefined>(
      (part, name) => (name === '*' ? part?.items : part?.properties?.[name]),
      schema,
    );

describe.each(VERSIONS)('Calico %s has the fields that the charts believe it has', (version) => {
  const features = calicoFeatures(version);

  for (const [feature, [kind, ...paths]] of Object.entries(FIELDS)) {
    upstreamTest(feature, (upstream) => {
      const schema = schemaOf(upstream, version, kind);
      expect(schema).toBeDefined();
      const found = Object.fromEntries(paths.map((path) => [path, at(schema, path) !== undefined]));
      const believed = features[feature as Flag];
      expect(found).toEqual(Object.fromEntries(paths.map((path) => [path, believed])));
    });
  }

  upstreamTest('filterAnyRoute: a rule of a filter need not name a prefix', (upstream) => {
    const rule = at(schemaOf(upstream, version, FILTER), 'spec.exportV4.*');
    expect(rule?.required).toEqual(
      features.filterAnyRoute ? ['action'] : ['action', 'cidr', 'matchOperator'],
    );
  });
});

test('releases in between have what came with their minor', () => {
  expect(calicoFeatures('v3.28.0')).toMatchObject({
    windowsDataplane: true,
    policySetupTimeout: true,
    poolDetails: false,
  });
  expect(calicoFeatures('v3.31.6').cniSpecVersion).toBe(false);
  expect(calicoFeatures('v3.27.5').operator).toBeUndefined();
});
