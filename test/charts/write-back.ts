import type { Schema } from './upstream.ts';

/**
 * What the operator makes of the spec of an Installation on a cluster that is neither OpenShift nor a cloud's: the
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

/** Detection is a default as a whole: an address found by interface is not looked for elsewhere too. */
const within = (defaults: Readonly<Record<string, unknown>>, given: object = {}): object =>
  Object.fromEntries(Object.entries(defaults).filter(([key]) => !(key in given)));

function fill(value: unknown, defaults: unknown): unknown {
  if (value === undefined) return defaults;
  if (!isRecord(value) || !isRecord(defaults)) return value;
  const keys = new Set([...Object.keys(value), ...Object.keys(defaults)]);
  return Object.fromEntries([...keys].map((key) => [key, fill(value[key], defaults[key])]));
}

/** What the API server itself fills in: the defaults of the schema, inside what is there. */
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
