import type { Fabric } from './fabric.ts';

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
