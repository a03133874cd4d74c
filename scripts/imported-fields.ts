/**
 * The fields of a kind that the charts set, by name; what has fields of its own is an object with theirs. A list of
 * objects counts as one object.
 */
export type Fields = readonly (string | { readonly [field: string]: Fields })[];

/** A kind, by the name of its CRD. */
export interface ImportedKind {
  readonly plural: string;
  /** Below `spec`. */
  readonly fields: Fields;
}

const HOW_TO_FIND_A_NODE: Fields = [
  'canReach',
  'cidrs',
  'firstFound',
  'interface',
  'kubernetes',
  'skipInterface',
];

const FILTER_RULES: Fields = ['action', 'cidr', 'matchOperator', { prefixLength: ['max', 'min'] }, 'source'];

/**
 * What imports/ has, by API group: of 14,000 lines that cdk8s makes of an Installation, the charts use a twentieth. A chart that
 * sets one more field does not compile, or stops `synth`, before the field is listed here and `npm run import` has run; a test finds
 * those that no chart sets.
 */
export const CALICO_KINDS: Readonly<Record<string, readonly ImportedKind[]>> = {
  'operator.tigera.io': [
    { plural: 'apiservers', fields: [] },
    {
      plural: 'installations',
      fields: [
        {
          calicoNetwork: [
            'bgp',
            'containerIPForwarding',
            'hostPorts',
            {
              ipPools: [
                'allowedUses',
                'assignmentMode',
                'blockSize',
                'cidr',
                'disableBGPExport',
                'disableNewAllocations',
                'encapsulation',
                'name',
                'natOutgoing',
                'nodeSelector',
              ],
            },
            'linuxDataplane',
            'linuxPolicySetupTimeoutSeconds',
            'mtu',
            'multiInterfaceMode',
            { nodeAddressAutodetectionV4: HOW_TO_FIND_A_NODE },
            { nodeAddressAutodetectionV6: HOW_TO_FIND_A_NODE },
            'windowsDataplane',
          ],
        },
        { cni: ['binDir', 'confDir', { ipam: ['type'] }, 'specVersion', 'type'] },
        'controlPlaneReplicas',
        'flexVolumePath',
        { imagePullSecrets: ['name'] },
        'kubeletVolumePluginPath',
        { logging: [{ cni: ['logFileMaxAgeDays', 'logFileMaxCount', 'logFileMaxSize', 'logSeverity'] }] },
        { nodeUpdateStrategy: [{ rollingUpdate: ['maxUnavailable'] }, 'type'] },
        'nonPrivileged',
        'registry',
        'variant',
      ],
    },
  ],
  'projectcalico.org': [
    { plural: 'bgpconfigurations', fields: ['asNumber', 'logSeverityScreen', 'nodeToNodeMeshEnabled'] },
    {
      plural: 'bgpfilters',
      fields: [
        { exportV4: FILTER_RULES },
        { exportV6: FILTER_RULES },
        { importV4: FILTER_RULES },
        { importV6: FILTER_RULES },
      ],
    },
    {
      plural: 'bgppeers',
      fields: [
        'asNumber',
        'filters',
        'nodeSelector',
        { password: [{ secretKeyRef: ['key', 'name'] }] },
        'peerIP',
      ],
    },
  ],
};

export const ENGINE_KINDS: Readonly<Record<string, readonly ImportedKind[]>> = {
  'argoproj.io': [
    {
      plural: 'applications',
      fields: [
        { destination: ['namespace', 'server'] },
        'project',
        { source: ['path', 'repoURL', 'targetRevision'] },
        {
          syncPolicy: [
            { automated: ['allowEmpty', 'prune', 'selfHeal'] },
            { retry: [{ backoff: ['duration', 'factor', 'maxDuration'] }, 'limit'] },
            'syncOptions',
          ],
        },
      ],
    },
    {
      plural: 'appprojects',
      fields: [
        { clusterResourceWhitelist: ['group', 'kind'] },
        'description',
        { destinations: ['namespace', 'server'] },
        { namespaceResourceWhitelist: ['group', 'kind'] },
        'sourceRepos',
      ],
    },
  ],
  'kustomize.toolkit.fluxcd.io': [
    {
      plural: 'kustomizations',
      fields: [
        { decryption: ['provider'] },
        'deletionPolicy',
        { dependsOn: ['name'] },
        { healthCheckExprs: ['apiVersion', 'current', 'kind'] },
        { healthChecks: ['apiVersion', 'kind', 'name', 'namespace'] },
        'interval',
        'path',
        'prune',
        'retryInterval',
        { sourceRef: ['kind', 'name'] },
        'timeout',
        'wait',
      ],
    },
  ],
  'monitoring.coreos.com': [
    {
      plural: 'prometheusrules',
      fields: [{ groups: ['name', { rules: ['alert', 'annotations', 'expr', 'for', 'labels', 'record'] }] }],
    },
    {
      plural: 'scrapeconfigs',
      fields: [
        'honorLabels',
        { relabelings: ['replacement', 'targetLabel'] },
        'scrapeInterval',
        { staticConfigs: ['labels', 'targets'] },
      ],
    },
  ],
  'source.toolkit.fluxcd.io': [
    {
      plural: 'gitrepositories',
      fields: ['interval', { ref: ['branch', 'commit', 'name', 'tag'] }, { secretRef: ['name'] }, 'url'],
    },
  ],
};

/** A structural schema, as CRDs have it. */
export interface Schema {
  readonly type?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
  readonly required?: readonly string[];
  readonly [keyword: string]: unknown;
}

/** A schema with only these fields. Throws if it lacks one of them, or if a required field would be removed. */
export function pruned(schema: Schema, fields: Fields, path = 'spec'): Schema {
  if (schema.items !== undefined) return { ...schema, items: pruned(schema.items, fields, `${path}[]`) };
  const wanted = new Map<string, Fields | undefined>();
  for (const field of fields) {
    if (typeof field === 'string') wanted.set(field, undefined);
    else for (const [name, below] of Object.entries(field)) wanted.set(name, below);
  }
  for (const name of schema.required ?? []) {
    if (!wanted.has(name)) throw new Error(`${path} must have ${name}, which is not in the list of fields`);
  }
  const properties = [...wanted].map(([name, below]) => {
    const found = schema.properties?.[name];
    if (found === undefined) throw new Error(`${path} has no field ${name}`);
    const hasFields = (found.items ?? found).properties !== undefined;
    if (hasFields !== (below !== undefined)) {
      throw new Error(
        `${path}.${name} ${hasFields ? 'has fields: name those that are used' : 'has no fields'}`,
      );
    }
    return [name, below === undefined ? found : pruned(found, below, `${path}.${name}`)] as const;
  });
  return { ...schema, properties: Object.fromEntries(properties.sort(([a], [b]) => (a < b ? -1 : 1))) };
}
