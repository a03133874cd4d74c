import { dirname } from 'node:path';
import { git } from './git.ts';

/**
 * The URLs of the remote `origin` of the repository that a topology lies in: as it was written down, and as git understands it with the
 * user's own abbreviations and mirrors (`url.<base>.insteadOf`). None without git, a repository or such a remote.
 */
export function originsOf(topology: string): readonly string[] {
  const folder = dirname(topology);
  const urls = [
    git('-C', folder, 'config', '--get', 'remote.origin.url'),
    git('-C', folder, 'remote', 'get-url', 'origin'),
  ];
  return [...new Set(urls.flatMap((url) => (url === undefined || url === '' ? [] : [url])))];
}
