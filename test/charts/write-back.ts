import type { KubernetesObject, Schema } from './upstream.ts';

/**
 * The operator's version of an Installation's spec on a cluster that is neither OpenShift nor a cloud provider's: the
 * registry normalised and its defaults filled in (tigera/operator, fillDefaults of pkg/controller/installation and
 * pkg/controller/ippool). A field that the version's CRD does not have is never stored, so it is never written back.
 */
export function writtenBack(schema: Schema, spec: Spec): Spec {
  const { registry, calicoNetwork } = spec;
  const families = (calicoNetwork?.ipPools ?? []).map(({ cidr }) => (cidr.includes(':') ? 'V6' : 'V4'));
  const detection = Object.fromEntries(
    families.map((family) => [`nodeAddressAutodetection${family}`, { firstFound: true }]),
  );
  const filled = fill(spec, {
    ...DEFAULTS,
    calicoNetwork: { ...DEFAULTS.calicoNetwork, ...within(detection, calicoNetwork) },
  }) as Spec;
  const pools = filled.calicoNetwork?.ipPools?.map((pool) => fill(pool, poolDefaults(pool.cidr)));
  const whole = {
    ...filled,
    ...(registry === undefined ? {} : { registry: registry.endsWith('/') ? registry : `${registry}/` }),
    ...(pools === undefined ? {} : { calicoNetwork: { ...filled.calicoNetwork, ipPools: pools } }),
  };
  return known(
    withDefaults(schema.properties?.spec as Schema, whole),
    schema.properties?.spec as Schema,
  ) as Spec;
}

export interface Spec {
  readonly registry?: string;
  readonly calicoNetwork?: { readonly ipPools?: readonly { readonly cidr: string }[] };
}

const DEFAULTS = {
  variant: 'Calico',
  nonPrivileged: 'Disabled',
  cni: {
    type: 'Calico',
    ipam: { type: 'Calico' },
    specVersion: 'Auto',
    confDir: '/etc/cni/net.d',
    binDir: '/opt/cni/bin',
    installMode: 'All',
  },
  calicoNetwork: {
    linuxDataplane: 'Iptables',
    windowsDataplane: 'Disabled',
    bgp: 'Enabled',
    linuxPolicySetupTimeoutSeconds: 0,
    hostPorts: 'Enabled',
    multiInterfaceMode: 'None',
  },
  logging: {
    cni: { logSeverity: 'Info', logFileMaxCount: 10, logFileMaxAgeDays: 30, logFileMaxSize: '100Mi' },
  },
  controlPlaneReplicas: 2,
  flexVolumePath: '/usr/libexec/kubernetes/kubelet-plugins/volume/exec/',
  kubeletVolumePluginPath: '/var/lib/kubelet',
  nodeUpdateStrategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 1 } },
};

function poolDefaults(cidr: string) {
  const v6 = cidr.includes(':');
  return {
    allowedUses: ['Workload', 'Tunnel'],
    encapsulation: v6 ? 'None' : 'IPIP',
    natOutgoing: v6 ? 'Disabled' : 'Enabled',
    nodeSelector: 'all()',
    blockSize: v6 ? 122 : 26,
    disableNewAllocations: false,
    name: v6 ? 'default-ipv6-ippool' : 'default-ipv4-ippool',
    assignmentMode: 'Automatic',
  };
}

/** Autodetection is defaulted as a whole: an address that is found by interface is not also looked for elsewhere. */
const within = (defaults: Readonly<Record<string, unknown>>, given: object = {}): object =>
  Object.fromEntries(Object.entries(defaults).filter(([key]) => !(key in given)));

function fill(value: unknown, defaults: unknown): unknown {
  if (value === undefined) return defaults;
  if (!isRecord(value) || !isRecord(defaults)) return value;
  const keys = new Set([...Object.keys(value), ...Object.keys(defaults)]);
  return Object.fromEntries([...keys].map((key) => [key, fill(value[key], defaults[key])]));
}

/** What the API server itself fills in: the schema's defaults, inside existing values. */
export function withDefaults(schema: Schema | undefined, value: unknown): unknown {
  if (Array.isArray(value)) return value.map((item) => withDefaults(schema?.items, item));
  if (!isRecord(value)) return value;
  const defaults = Object.entries(schema?.properties ?? {}).filter(([, item]) => item.default !== undefined);
  const whole = { ...Object.fromEntries(defaults.map(([key, item]) => [key, item.default])), ...value };
  return Object.fromEntries(
    Object.entries(whole).map(([key, item]) => [key, withDefaults(schema?.properties?.[key], item)]),
  );
}

function known(value: unknown, schema: Schema | undefined): unknown {
  if (Array.isArray(value)) return value.map((item) => known(item, schema?.items));
  const properties = schema?.properties;
  if (!isRecord(value) || properties === undefined) return value;
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, item]) =>
      properties[key] === undefined ? [] : [[key, known(item, properties[key])]],
    ),
  );
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/**
 * An object of ours once API server and operator are done with it: schema defaults, and on the Installation the operator's defaults
 * and its controllers' finalizers. As long as clusterRoutingMode is unset, no BGPConfiguration says what programs routes.
 */
export function afterOperator(version: string, schema: Schema | undefined, object: KubernetesObject) {
  const stored = withDefaults(schema, object) as KubernetesObject;
  if (object.kind !== 'Installation') return stored;
  return {
    ...stored,
    metadata: { ...stored.metadata, finalizers: finalizers(version) },
    spec: writtenBack(schema as Schema, stored.spec),
  };
}

/** The first until all clean-up is done; from the operators of v3.30 on one more for each controller that has something to clean up. */
const finalizers = (version: string): string[] =>
  minorOf(version) < 30
    ? ['tigera.io/operator-cleanup']
    : [
        'tigera.io/operator-cleanup',
        'operator.tigera.io/installation-controller',
        'operator.tigera.io/apiserver-controller',
      ];

/** What the operator creates from an Installation: a second owner of any of it would fight the operator. */
export function operatorsOwn(api: string, { calicoNetwork }: Spec): KubernetesObject[] {
  const pools = (calicoNetwork?.ipPools ?? []) as readonly (ReturnType<typeof poolDefaults> & {
    readonly cidr: string;
    readonly disableBGPExport?: boolean;
  })[];
  return [
    ...pools.map((pool) => ({
      apiVersion: api,
      kind: 'IPPool',
      metadata: {
        name: pool.name ?? poolDefaults(pool.cidr).name,
        labels: { 'app.kubernetes.io/managed-by': 'tigera-operator' },
      },
      spec: {
        cidr: pool.cidr,
        blockSize: pool.blockSize,
        ipipMode: 'Never',
        vxlanMode: 'Never',
        natOutgoing: pool.natOutgoing === 'Enabled',
        nodeSelector: pool.nodeSelector,
        allowedUses: pool.allowedUses,
        disableBGPExport: pool.disableBGPExport ?? false,
      },
    })),
    ...['FelixConfiguration', 'KubeControllersConfiguration'].map((kind) => ({
      apiVersion: api,
      kind,
      metadata: { name: 'default' },
      spec:
        kind === 'FelixConfiguration'
          ? { vxlanVNI: 4096, vxlanPort: 4789, healthPort: 9099 }
          : { controllers: {} },
    })),
  ];
}

/** Fields of ours with a different value there: what the engine would reset again and again. Sorted paths. */
export function differences(ours: unknown, there: unknown, path = ''): string[] {
  if (Array.isArray(ours) && Array.isArray(there) && ours.length === there.length) {
    return ours.flatMap((item, index) => differences(item, there[index], `${path}/${index}`));
  }
  if (isRecord(ours) && isRecord(there)) {
    return Object.entries(ours)
      .flatMap(([key, value]) => differences(value, there[key], `${path}/${key}`))
      .sort();
  }
  return JSON.stringify(ours) === JSON.stringify(there) ? [] : [path];
}

const minorOf = (version: string): number => Number(version.split('.')[1]);
