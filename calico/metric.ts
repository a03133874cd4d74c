/** The highest LOCAL_PREF that Calico sets; it subtracts the kernel's metric from it. */
export const HIGHEST_LOCAL_PREF = 2147483647;

/** Calico's own route priority, used if the kernel has no other. */
export const NORMAL_PRIORITY = 1024;

/** LOCAL_PREF if none is set (RFC 4271 leaves it open, BIRD uses 100). */
export const PLAIN_LOCAL_PREF = 100;
