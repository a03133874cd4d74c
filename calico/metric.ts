/** The highest LOCAL_PREF that Calico writes; what it takes off is the kernel's metric. */
export const HIGHEST_LOCAL_PREF = 2147483647;

/** Calico's own priority of a route, where the kernel has no other. */
export const NORMAL_PRIORITY = 1024;

/** The LOCAL_PREF that a route has with a BGP speaker that sets none. */
export const PLAIN_LOCAL_PREF = 100;
