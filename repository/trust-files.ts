import { createHash } from 'node:crypto';
import { dirname, join } from 'node:path';
import { readAtMost } from '../machine/index.ts';
import type { TrustFiles } from '../review/index.ts';

/** Pinned host keys, beside the topology: deliveries go to no other machine. */
export const knownHostsOf = (topology: string): string => join(dirname(topology), 'known_hosts');

/** The routers' passwords, beside the topology, encrypted with age. */
export const secretsOf = (topology: string): string => join(dirname(topology), 'secrets.age');

/** The keys of 10,000 routers fit. */
export const LARGEST_TRUST_FILE = 16 * 1024 * 1024;

/** Both through `read`, which returns nothing if there is no such file. */
export function trustFiles(topology: string, read: (path: string) => Buffer | undefined): TrustFiles {
  const [keys, secrets] = [read(knownHostsOf(topology)), read(secretsOf(topology))];
  return {
    knownHosts: keys?.toString('utf8'),
    secrets: secrets && createHash('sha256').update(secrets).digest('hex'),
  };
}

/** From the file system. The caller must report a file that cannot be read: it is not the same as a missing one. */
export function readIfThere(path: string): Buffer | undefined {
  try {
    return readAtMost(path, LARGEST_TRUST_FILE);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
