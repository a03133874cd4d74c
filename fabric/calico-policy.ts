import { addressBits, type Family, type Prefix } from '../topology/address.ts';
import type { BgpFilter, FilterRule } from '../topology/model.ts';
import type { Fabric, NodeSpeaker } from './fabric.ts';

/** The highest LOCAL_PREF that Calico writes; what it takes off is the kernel's metric. */
export const HIGHEST_LOCAL_PREF = 2147483647;

/** Calico's own priority of a route, where the kernel has no other. */
export const NORMAL_PRIORITY = 1024;

/** The minor of a version v3.MINOR.PATCH, which a topology's always is. */
export const calicoMinor = (version: string): number => Number(version.split('.')[1]);

/** From v3.32 a route carries the kernel's metric to other nodes as LOCAL_PREF, and back (calico#12089). */
export const carriesMetric = ({ calico }: Fabric): boolean => calicoMinor(calico.version) >= 32;

/** The first version that does. */
export const FIRST_WITH_METRIC = 'v3.32.0';

/** The BGPFilters on a node's session with a router, in the order in which they apply. */
export const sessionFilters = (
  fabric: Fabric,
  node: NodeSpeaker,
  router: string,
  family: Family,
): readonly BgpFilter[] =>
  fabric.peerings.find((one) => one.router === router && one.region === node.region && one.family === family)
    ?.filters ?? [];

/** The lengths of a BGPFilter's rule: Calico fills in the prefix's own as the least, and an address's as the most. */
export const ruleLengths = (
  cidr: Prefix,
  { min = cidr.length, max = addressBits(cidr.family) }: NonNullable<FilterRule['prefixLength']>,
): { readonly min: number; readonly max: number } => ({ min, max });
