import {
  CARRIED,
  calicoHas,
  type Feature,
  hasCniSpecVersion,
  operatorOf,
  RELEASES,
} from '../../calico/releases.ts';
import { type Schema, schemaOf, upstreamTest, VERSIONS } from '../charts/upstream.ts';

const INSTALLATION = { apiVersion: 'operator.tigera.io/v1', kind: 'Installation' };
const FILTER = { apiVersion: 'crd.projectcalico.org/v1', kind: 'BGPFilter' };

/** The fields that each feature stands for. */
const FIELDS: Readonly<
  Partial<Record<Feature | 'cniSpecVersion', readonly [typeof INSTALLATION, ...string[]]>>
> = {
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

describe.each(VERSIONS)('Calico %s has the fields that the charts expect', (version) => {
  const has = (feature: Feature | 'cniSpecVersion') =>
    feature === 'cniSpecVersion' ? hasCniSpecVersion(version) : calicoHas(version, feature);

  for (const [feature, [kind, ...paths]] of Object.entries(FIELDS)) {
    upstreamTest(feature, (upstream) => {
      const schema = schemaOf(upstream, version, kind);
      expect(schema).toBeDefined();
      const found = Object.fromEntries(paths.map((path) => [path, at(schema, path) !== undefined]));
      const believed = has(feature as Feature);
      expect(found).toEqual(Object.fromEntries(paths.map((path) => [path, believed])));
    });
  }

  upstreamTest('filterAnyRoute: a rule of a filter need not name a prefix', (upstream) => {
    const rule = at(schemaOf(upstream, version, FILTER), 'spec.exportV4.*');
    expect(rule?.required).toEqual(has('filterAnyRoute') ? ['action'] : ['action', 'cidr', 'matchOperator']);
  });
});

test('releases in between have the features of their minor', () => {
  expect(calicoHas('v3.28.0', 'windowsDataplane')).toBe(true);
  expect(calicoHas('v3.28.0', 'policySetupTimeout')).toBe(true);
  expect(calicoHas('v3.28.0', 'poolDetails')).toBe(false);
  expect(['v3.31.6', 'v3.31.7', 'v3.32.1'].filter(hasCniSpecVersion)).toEqual(['v3.31.7']);
  expect(operatorOf('v3.27.5')).toBeUndefined();
});

test('each release is listed once, oldest first, and the carried ones have an operator and different minors', () => {
  const versions = RELEASES.map(({ version }) => version);
  const ranks = versions.map((version) => version.slice(1).split('.').map(Number));
  const rank = ([major = 0, minor = 0, patch = 0]: number[]) => (major * 1000 + minor) * 1000 + patch;
  expect(ranks.map(rank)).toEqual([...new Set(ranks.map(rank))].sort((a, b) => a - b));
  expect(new Set(CARRIED.map((version) => version.replace(/\.\d+$/, ''))).size).toBe(CARRIED.length);
  expect(CARRIED.filter((version) => operatorOf(version) === undefined)).toEqual([]);
});
