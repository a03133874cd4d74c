/** A Calico release that noencap knows file by file. */
export interface Release {
  /** v3.MINOR.PATCH. */
  readonly version: string;
  /** Tag of the operator's image that upstream's manifest pins; undefined if the user vendors the manifest. */
  readonly operator: string | undefined;
  /** sha256 of upstream's manifests, in the form in which `scripts/upstream.ts` stores them. */
  readonly manifests: string;
}

/**
 * The releases that the output is tested against, oldest first: the newest patch of each minor that noencap carries. A new patch is
 * a row here; so is a new minor, and its new features are lines of `SINCE` and of `operator-rules.ts`.
 */
export const RELEASES: readonly Release[] = [
  {
    version: 'v3.26.1',
    operator: undefined,
    manifests: '513efd72f9948540560f9e836c8c3c96c7b051cc05a5ed144202c4d2493f6750',
  },
  {
    version: 'v3.30.7',
    operator: 'v1.38.13',
    manifests: '88026a5bcf18bd0ce24d327eddc355a5f92734a89d41a95d1bb370474d038950',
  },
  {
    version: 'v3.31.7',
    operator: 'v1.40.15',
    manifests: '9996bab3c30aaacc8bd761981a0ee050f59d8a2775208cac9d6b6c6add7ce99b',
  },
  {
    version: 'v3.32.1',
    operator: 'v1.42.3',
    manifests: '40f503bcb5596b35852714ce53e631c2d77c00406dda9063b23eae82059547e9',
  },
];

/** The first v3 minor with each feature. Source: the CRDs, manifests and confd templates of each minor. */
export const SINCE = {
  /** BGPFilter: a rule without `cidr`. */
  filterAnyRoute: 27,
  /** BGPFilter: `source`. */
  filterSource: 27,
  /** Installation: calicoNetwork.windowsDataplane. */
  windowsDataplane: 27,
  /** Installation: calicoNetwork.linuxPolicySetupTimeoutSeconds. */
  policySetupTimeout: 28,
  /** BGPFilter: `prefixLength`. */
  filterPrefixLength: 29,
  /** Installation: name, allowedUses, assignmentMode, disableNewAllocations of a pool. */
  poolDetails: 30,
  /** The operator installs Calico's CRDs itself; before, its manifest did. */
  operatorBringsCrds: 30,
  /** Installation: cni.binDir and cni.confDir. */
  cniFolders: 31,
  /** Images come from quay.io; before, from docker.io. */
  quayImages: 31,
  /** The v3 kinds have CRDs with published schemas, which the output is tested against. */
  apiV3: 32,
  /** A route carries the kernel's metric to other nodes as LOCAL_PREF, and back (calico#12089). */
  metricAsPreference: 32,
} as const;

export type Feature = keyof typeof SINCE;

/** The minor of a version v3.MINOR.PATCH, which a topology's always is. */
export const calicoMinor = (version: string): number => Number(version.split('.')[1]);

/** Whether a version v3.MINOR.PATCH has the feature: a field that its CRDs lack is never emitted. */
export const calicoHas = (version: string, feature: Feature): boolean =>
  calicoMinor(version) >= SINCE[feature];

/** Installation: a patch release of v3.31 added cni.specVersion, but v3.32 does not have it. */
export function hasCniSpecVersion(version: string): boolean {
  const [, minor = 0, patch = 0] = version.split('.').map(Number);
  return minor === 31 && patch >= 7;
}

/** The versions whose operator noencap carries. */
export const CARRIED: readonly string[] = RELEASES.flatMap(({ version, operator }) =>
  operator === undefined ? [] : [version],
);

/** The tag of the operator's image; undefined for versions with a vendored manifest. */
export const operatorOf = (version: string): string | undefined =>
  RELEASES.find((one) => one.version === version)?.operator;

const minors = RELEASES.map(({ version }) => calicoMinor(version));

/** The oldest and the newest minor whose fields noencap knows. */
export const OLDEST_MINOR = Math.min(...minors);
export const NEWEST_MINOR = Math.max(...minors);

/** From v3.33 on Calico documents upgrades only from the two previous minors. Until then v3.15 is the oldest. */
export const DOCUMENTED_MINORS = 2;

/** Upstream's manifests of a minor: until v3.29 the operator's manifest contained the CRDs; v3.32 adds those of the v3 kinds. */
export const manifestsOf = (version: string): readonly string[] => [
  'tigera-operator.yaml',
  ...(calicoHas(version, 'operatorBringsCrds') ? ['operator-crds.yaml'] : []),
  ...(calicoHas(version, 'apiV3') ? ['v3_projectcalico_org.yaml'] : []),
];
