import { randomBytes } from 'node:crypto';
import { Hidden } from './hidden.ts';
import type { Inspection } from './inspection.ts';
import { type Release, releaseOf } from './release.ts';

/** A router's password, and the name of the file in BIRD's folder that holds it. */
export interface DeliveredPassword {
  readonly name: string;
  readonly password: Hidden;
}

/** TCP_MD5SIG_MAXKEYLEN in Linux's tcp.h. */
const LONGEST = 80;

/** Why a text cannot be a password at both ends: BIRD's strings, which Calico writes too, have no escapes. */
export function passwordFault(text: string): string | undefined {
  if (text === '') return 'is empty';
  if (/[\r\n]/.test(text)) return 'has a line break';
  if (text.includes('"')) return 'has a ", which neither BIRD nor Calico can write';
  if (!/^[\x20-\x7e]*$/.test(text)) return 'has a character that is not printable ASCII';
  if (text !== text.trim()) return 'begins or ends with a space';
  if (text.length > LONGEST) return `is longer than ${LONGEST} characters, the most that Linux accepts`;
  return undefined;
}

/**
 * The release that these files make, given the router's state: a password file keeps the salt that the router has, so that the same
 * password is the same release. A router without a salt gets a new one, the same at every call.
 */
export function releaseFor(
  contents: ReadonlyMap<string, string | Uint8Array>,
  secret?: DeliveredPassword,
): (inspection: Pick<Inspection, 'salt'>) => Release {
  if (secret === undefined) {
    const release = releaseOf(contents);
    return () => release;
  }
  const fresh = new Hidden(randomBytes(16).toString('hex'));
  return ({ salt }) =>
    releaseOf(contents, {
      path: secret.name,
      content: passwordFile(secret.password, salt ?? fresh),
    });
}

/** Whether the router had a password of ours and now gets a different one. */
export function isRotated({ salt, files }: Pick<Inspection, 'salt' | 'files'>, release: Release): boolean {
  const { secret, manifest } = release;
  if (salt === undefined || secret === undefined) return false;
  return !manifest.includes(`${files.get(secret.path)}  ${secret.path}\n`);
}

/**
 * A file for an `include` inside a BGP protocol. The name of a release is a hash that journals show, and everything else in a
 * release is public: without a salt, likely passwords could be tested against it.
 */
export function passwordFile(password: Hidden, salt: Hidden): Hidden {
  const text = password.reveal();
  const fault = passwordFault(text);
  if (fault !== undefined) throw new Error(`a password ${fault}`);
  return new Hidden(`# ${salt.reveal()}\npassword "${text}";\n`);
}
