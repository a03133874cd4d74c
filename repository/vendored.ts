import { lstatSync } from 'node:fs';
import { join } from 'node:path';
import { readAtMost, Unreadable } from '../machine/index.ts';

/** The largest of Calico's, with all CRDs, has 2 MiB. */
export const LARGEST_MANIFEST = 32 * 1024 * 1024;

/**
 * A file that the topology names, by a path below its folder. A link on the path could lead to any file of the user who renders, and to
 * a different one on each machine: what is rendered would not be what was reviewed.
 */
export function readVendored(folder: string, path: string): Buffer {
  let at = folder;
  for (const part of path.split('/')) {
    at = join(at, part);
    if (lstatSync(at).isSymbolicLink()) {
      throw new Unreadable(at, 'ELOOP', `leads through a link (${at}): put the file itself there`);
    }
  }
  return readAtMost(at, LARGEST_MANIFEST);
}
