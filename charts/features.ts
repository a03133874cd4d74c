/** What a version of Calico has; a field that its CRDs lack is never emitted. Source: the CRDs of each version. */
export interface CalicoFeatures {
  /** The minor of v3. */
  readonly minor: number;
  /** Tag of the operator image; undefined for versions whose manifest the user vendors. */
  readonly operator: string | undefined;
  /** Installation: name, allowedUses, assignmentMode, disableNewAllocations of a pool. */
  readonly poolDetails: boolean;
  /** Installation: calicoNetwork.windowsDataplane. */
  readonly windowsDataplane: boolean;
  /** Installation: calicoNetwork.linuxPolicySetupTimeoutSeconds. */
  readonly policySetupTimeout: boolean;
  /** Installation: cni.binDir and cni.confDir. */
  readonly cniFolders: boolean;
  /** Installation: cni.specVersion, which came with a patch release. */
  readonly cniSpecVersion: boolean;
  /** BGPFilter: a rule without `cidr`. */
  readonly filterAnyRoute: boolean;
  /** BGPFilter: `source`. */
  readonly filterSource: boolean;
  /** BGPFilter: `prefixLength`. */
  readonly filterPrefixLength: boolean;
}

/** The operator that upstream's manifest of that Calico pins. */
const OPERATORS: Readonly<Record<string, string>> = {
  'v3.30.7': 'v1.38.13',
  'v3.31.7': 'v1.40.15',
  'v3.32.1': 'v1.42.3',
};

/** `version` has the form v3.MINOR.PATCH: the topology's rules see to that. */
export function calicoFeatures(version: string): CalicoFeatures {
  const [, minor = 0, patch = 0] = version.split('.').map(Number);
  return {
    minor,
    operator: OPERATORS[version],
    poolDetails: minor >= 30,
    windowsDataplane: minor >= 27,
    policySetupTimeout: minor >= 28,
    cniFolders: minor >= 31,
    cniSpecVersion: minor === 31 && patch >= 7,
    filterAnyRoute: minor >= 27,
    filterSource: minor >= 27,
    filterPrefixLength: minor >= 29,
  };
}
