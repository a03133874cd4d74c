import type { Router } from '../topology/model.ts';

/** The name of a router's host keys in known_hosts, whatever name or address ~/.ssh/config gives it. */
export const hostKeyName = ({ host, port }: Pick<Router['ssh'], 'host' | 'port'>): string =>
  port === 22 ? host.toLowerCase() : `[${host.toLowerCase()}]:${port}`;
