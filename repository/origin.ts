import { dirname } from 'node:path';
import { git } from './git.ts';

/**
 * Where the clone that a topology lies in came from: its remotes `origin` and, in one of a fork, `upstream`, as they are written down, and as
 * git understands them with the user's own abbreviations and mirrors (`url.<base>.insteadOf`). None without git, a repository or such a remote.
 */
export function originsOf(topology: string): readonly string[] {
  const here = ['-C', dirname(topology)];
  const urls = ['origin', 'upstream'].flatMap((name) => [
    git(...here, 'config', '--get', `remote.${name}.url`),
    git(...here, 'remote', 'get-url', name),
  ]);
  return [...new Set(urls.flatMap((url) => (url === undefined || url === '' ? [] : [url])))];
}
