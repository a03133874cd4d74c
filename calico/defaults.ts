/** Block lengths that Calico's IPAM accepts, and its defaults (libcalico-go, clientv3/ippool.go). */
export const BLOCK_SIZES = {
  ipv4: { least: 20, most: 32, byDefault: 26 },
  ipv6: { least: 116, most: 128, byDefault: 122 },
} as const;

type Family = keyof typeof BLOCK_SIZES;

/**
 * Defaults that the operator fills into an Installation (tigera/operator, fillDefaults). The charts write them out, so that
 * the operator has nothing to write back; `adopt` uses them to see that a new field changes nothing.
 */
export const INSTALLATION = {
  variant: 'Calico',
  controlPlaneReplicas: 2,
  flexVolumePath: '/usr/libexec/kubernetes/kubelet-plugins/volume/exec/',
  kubeletVolumePluginPath: '/var/lib/kubelet',
  nonPrivileged: 'Disabled',
  cni: {
    type: 'Calico',
    ipam: { type: 'Calico' },
    binDir: '/opt/cni/bin',
    confDir: '/etc/cni/net.d',
    specVersion: 'Auto',
  },
  calicoNetwork: {
    bgp: 'Enabled',
    hostPorts: 'Enabled',
    containerIPForwarding: 'Disabled',
    windowsDataplane: 'Disabled',
    linuxDataplane: 'Iptables',
    multiInterfaceMode: 'None',
    linuxPolicySetupTimeoutSeconds: 0,
    nodeAddressAutodetectionV4: { firstFound: true },
    nodeAddressAutodetectionV6: { firstFound: true },
  },
  nodeUpdateStrategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 1 } },
  logging: {
    cni: { logSeverity: 'Info', logFileMaxSize: '100Mi', logFileMaxCount: 10, logFileMaxAgeDays: 30 },
  },
} as const;

/** Defaults that it fills in for a pool of the Installation. */
export const installationPool = (family: Family) =>
  ({
    name: defaultPoolName(family),
    blockSize: BLOCK_SIZES[family].byDefault,
    natOutgoing: 'Enabled',
    nodeSelector: 'all()',
    disableBGPExport: false,
    disableNewAllocations: false,
    assignmentMode: 'Automatic',
    allowedUses: ['Workload', 'Tunnel'],
  }) as const;

/** The name of a cluster's first pool of a family. */
export const defaultPoolName = (family: Family): `default-${Family}-ippool` => `default-${family}-ippool`;

/** Calico's defaults for an IPPool. They differ from the operator's in `natOutgoing`. */
export const ipPool = (family: Family) =>
  ({
    nodeSelector: 'all()',
    disableBGPExport: false,
    natOutgoing: false,
    blockSize: BLOCK_SIZES[family].byDefault,
  }) as const;

const FAMILIES: readonly Family[] = ['ipv4', 'ipv6'];

/** Whether a field of an Installation, `spec.calicoNetwork.ipPools[name=a].blockSize`, has the value that the operator fills in. */
export function isInstallationDefault(path: string, value: unknown): boolean {
  const steps = path.replace(/\[[^\]]*\]/g, '').split('.');
  const whole = { spec: INSTALLATION };
  const pools = ['spec', 'calicoNetwork', 'ipPools'];
  const isOfPool = pools.every((step, index) => steps[index] === step);
  const usual = isOfPool
    ? FAMILIES.map((family) => valueAt(installationPool(family), steps.slice(pools.length)))
    : [valueAt(whole, steps)];
  // A list item is one of the defaults.
  return usual.flat().some((one) => one !== undefined && one === value);
}

const valueAt = (whole: unknown, steps: readonly string[]): unknown =>
  steps.reduce<unknown>(
    (part, step) =>
      typeof part === 'object' && part !== null && Object.hasOwn(part, step)
        ? (part as Readonly<Record<string, unknown>>)[step]
        : undefined,
    whole,
  );
