/**
 * Seconds. calico-node starts BIRD with `-R`: it removes no kernel route and announces none until each configured peer has
 * sent all of its routes (RFC 4724 section 4.2), or this time is over. It is BIRD's default of `graceful restart wait`. Calico's
 * template does not set it, nor does any field of a BGPPeer: `maxRestartTime` is how long peers keep this node's routes.
 */
export const RECOVERY_WAIT = 240;
