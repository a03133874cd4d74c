import { createHash } from 'node:crypto';
import { dirname, join } from 'node:path';
import { readAtMost } from '../machine/index.ts';
import type { TrustFiles } from '../review/index.ts';

/** Pinned host keys, beside the topology: no other machine is delivered to. */
export const knownHostsOf = (topology: string): string => join(dirname(topology), 'known_hosts');

/** The routers' passwords, beside the topology, encrypted with age. */
export const secretsOf = (topology: string): string => join(dirname(topology), 'secrets.age');

/** Keys of 10,000 routers are not more. */
export const LARGEST_TRUST_FILE = 16 * 1024 * 1024;

/** Both as `read` has them, which knows of none where there is no such file. */
export function trustFiles(topology: string, read: (path: string) => Buffer | undefined): TrustFiles {
  const [keys, secrets] = [read(knownHostsOf(topology)), read(secretsOf(topology))];
  return {
    knownHosts: keys?.toString('utf8'),
    secrets: secrets && createHash('sha256').update(secrets).digest('hex'),
  };
}

/** From the file system. What is there and cannot be read is the caller's to say: it is not as if there were none. */
export function readIfThere(path: string): Buffer | undefined {
  try {
    return readAtMost(path, LARGEST_TRUST_FILE);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
