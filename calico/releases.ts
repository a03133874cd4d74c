/** A release of Calico that noencap knows file by file. */
export interface Release {
  /** v3.MINOR.PATCH. */
  readonly version: string;
  /** Tag of the operator's image that upstream's manifest pins; undefined where the user vendors the manifest. */
  readonly operator: string | undefined;
  /** sha256 of upstream's manifests, in the form that `scripts/upstream.ts` keeps them in. */
  readonly manifests: string;
}

/**
 * The releases that the output is held against, the oldest first: of each minor that noencap carries, the newest patch. A new patch is
 * a row here; a new minor is one, and what it brings is a line of `SINCE` and of `operator-rules.ts`.
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

/** The first minor of v3 that has it. Source: the CRDs, manifests and confd's templates of each minor. */
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
  /** The operator brings Calico's CRDs itself; before, its manifest did. */
  operatorBringsCrds: 30,
  /** Installation: cni.binDir and cni.confDir. */
  cniFolders: 31,
  /** Images come from quay.io, and from docker.io before. */
  quayImages: 31,
  /** The v3 kinds have CRDs with published schemas, which the output is held against. */
  apiV3: 32,
  /** A route carries the kernel's metric to other nodes as LOCAL_PREF, and back (calico#12089). */
  metricAsPreference: 32,
} as const;

export type Feature = keyof typeof SINCE;

/** The minor of a version v3.MINOR.PATCH, which a topology's always is. */
export const calicoMinor = (version: string): number => Number(version.split('.')[1]);

/** Whether a version v3.MINOR.PATCH has it: a field that its CRDs lack is never emitted. */
export const calicoHas = (version: string, feature: Feature): boolean =>
  calicoMinor(version) >= SINCE[feature];

/** Installation: cni.specVersion came to v3.31 with a patch release, and v3.32 does not have it. */
export function hasCniSpecVersion(version: string): boolean {
  const [, minor = 0, patch = 0] = version.split('.').map(Number);
  return minor === 31 && patch >= 7;
}

/** The versions whose operator noencap carries. */
export const CARRIED: readonly string[] = RELEASES.flatMap(({ version, operator }) =>
  operator === undefined ? [] : [version],
);

/** The tag of the operator's image; undefined for versions whose manifest the user vendors. */
export const operatorOf = (version: string): string | undefined =>
  RELEASES.find((one) => one.version === version)?.operator;

const minors = RELEASES.map(({ version }) => calicoMinor(version));

/** The oldest and the newest minor whose fields noencap knows. */
export const OLDEST_MINOR = Math.min(...minors);
export const NEWEST_MINOR = Math.max(...minors);

/** From v3.33 on Calico documents upgrades from the two minors before only. Until then it names v3.15 as the oldest. */
export const DOCUMENTED_MINORS = 2;

/** Upstream's manifests of a minor: CRDs came in the operator's own until v3.29, and those of the v3 kinds with v3.32. */
export const manifestsOf = (version: string): readonly string[] => [
  'tigera-operator.yaml',
  ...(calicoHas(version, 'operatorBringsCrds') ? ['operator-crds.yaml'] : []),
  ...(calicoHas(version, 'apiV3') ? ['v3_projectcalico_org.yaml'] : []),
];
