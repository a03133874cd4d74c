import { hostKeyName } from '../../fabric/index.ts';

/** Where a router's SSH server is, and which keys it may have. */
export interface SshTarget {
  readonly host: string;
  readonly user: string;
  readonly port: number;
  /** Path of the known_hosts file beside the topology: no other key is trusted. */
  readonly knownHosts: string;
}

/** Why a router cannot be reached, and what helps. */
export interface Unreachable {
  readonly message: string;
  readonly fix: string;
}

/** On the console nobody is in between: what anybody else says is the router's key may be somebody else's. */
export const howToPin = (target: SshTarget): string =>
  `On the router's console: sed 's/^/${hostKeyName(target)} /' /etc/ssh/ssh_host_ed25519_key.pub; add the line that it prints to ${target.knownHosts}.`;

/** Names that are no names: of an odd one a shell or an option might be made on the way. */
export function oddTarget({ host, user }: SshTarget): Unreachable | undefined {
  if (!/^[A-Za-z0-9_:][A-Za-z0-9_.:-]*$/.test(host)) {
    return { message: `${JSON.stringify(host)} is no host for ssh`, fix: 'Mend ssh.host of the router.' };
  }
  if (!/^[A-Za-z_][A-Za-z0-9_.-]*$/.test(user)) {
    return { message: `${JSON.stringify(user)} is no login name`, fix: 'Mend ssh.user of the router.' };
  }
  return undefined;
}
