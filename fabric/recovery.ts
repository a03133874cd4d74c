/**
 * Seconds. calico-node starts BIRD with `-R`: it takes no route from the kernel and announces none before each peer that it is told of has
 * sent all of its own (RFC 4724 section 4.2), or this time is over. It is BIRD's default of `graceful restart wait`. Calico's
 * template sets none, and no field of a BGPPeer does: `maxRestartTime` is how long the others keep the routes of this one.
 */
export const RECOVERY_WAIT = 240;
