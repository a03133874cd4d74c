import { accessSync, constants } from 'node:fs';
import { delimiter, join, relative, resolve } from 'node:path';
import { ownProgram } from '../machine/index.ts';
import { needsLinux } from './elsewhere.ts';
import type { Refused } from './holder.ts';
import type { Programs } from './wiring.ts';

/** The path where the set-up script puts BIRD 1.6.8. */
export const BIRD1 = join('.cache', 'bird1', 'usr', 'sbin');

/** The programs a lab runs, or what is missing and the command to install it. `root` is the folder of noencap itself. */
export function findPrograms(
  root: string,
  folders = usualFolders(),
  platform = process.platform,
): Programs | Refused {
  const elsewhere = needsLinux(platform, relative('.', root));
  if (elsewhere !== undefined) return elsewhere;
  const bird2 = folders.map((folder) => join(folder, 'bird')).find(isProgram);
  const lacking = ['ip', 'nsenter', 'unshare', 'fping', 'ping'].filter(
    (name) => !folders.some((folder) => isProgram(join(folder, name))),
  );
  if (bird2 === undefined) lacking.unshift('bird (2)');
  if (bird2 === undefined || lacking.length > 0) {
    return { message: `the lab needs ${lacking.join(', ')}`, fix: 'Run: scripts/setup-lab.sh' };
  }
  const both = ['bird', 'bird6'].map((name) => resolve(root, BIRD1, name));
  if (!both.every(isProgram)) return { bird2, bird1: bird2, 'bird1-ipv6': bird2, approximate: true };
  const found = both.map((file) => ownProgram(file, root));
  const paths = found.flatMap((one) => ('path' in one ? [one.path] : []));
  const [bird1, bird6] = paths;
  if (bird1 !== undefined && bird6 !== undefined)
    return { bird2, bird1, 'bird1-ipv6': bird6, approximate: false };
  const [why = ''] = found.flatMap((one) => ('foreign' in one ? [one.foreign] : []));
  return {
    message: `${why}: the lab runs no BIRD 1.6.8 that somebody else can change`,
    fix: 'Unpack it again: rm -rf .cache/bird1 && scripts/setup-lab.sh',
  };
}

/** PATH, and Debian's folders for daemons, which not every PATH includes. */
const usualFolders = (): string[] => [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/sbin'];

function isProgram(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
