import { hostKeyName } from '../../fabric/index.ts';

/** The address of a router's SSH server, and the keys it may have. */
export interface SshTarget {
  readonly host: string;
  readonly user: string;
  readonly port: number;
  /** The path of the known_hosts file beside the topology: no other keys are trusted. */
  readonly knownHosts: string;
}

/** Why a router cannot be reached, and the fix. */
export interface Unreachable {
  readonly message: string;
  readonly fix: string;
}

/** On the console nobody is in between: a key learned any other way may be somebody else's. */
export const howToPin = (target: SshTarget): string =>
  `On the router's console: sed 's/^/${hostKeyName(target)} /' /etc/ssh/ssh_host_ed25519_key.pub; add the line that it prints to ${target.knownHosts}.`;

/** Refuses invalid names: somewhere on the way one might be read as an option or by a shell. */
export function oddTarget({ host, user }: SshTarget): Unreachable | undefined {
  if (!/^[A-Za-z0-9_:][A-Za-z0-9_.:-]*$/.test(host)) {
    return {
      message: `${JSON.stringify(host)} is not a valid host for ssh`,
      fix: 'Fix ssh.host of the router.',
    };
  }
  if (!/^[A-Za-z_][A-Za-z0-9_.-]*$/.test(user)) {
    return {
      message: `${JSON.stringify(user)} is not a valid login name`,
      fix: 'Fix ssh.user of the router.',
    };
  }
  return undefined;
}
