import { dirname } from 'node:path';
import { git } from './git.ts';

/**
 * Where the clone that a topology lies in came from: its remotes `origin` and, in one of a fork, `upstream`, as they are written down, and as
 * git understands them with the user's own abbreviations and mirrors (`url.<base>.insteadOf`). None without git, a repository or such a remote.
 */
export function originsOf(topology: string): readonly string[] {
  const here = ['-C', dirname(topology)];
  const written = git(...here, 'config', '--get-regexp', '^remote\\.(origin|upstream)\\.url$');
  if (written === undefined) return [];
  const understood = git(...here, 'remote', '-v') ?? '';
  const urls = [
    ...[...written.matchAll(/^remote\.\w+\.url (.+)$/gm)].map(([, url = '']) => url),
    ...[...understood.matchAll(/^(?:origin|upstream)\t(.+) \(fetch\)/gm)].map(([, url = '']) => url),
  ];
  return [...new Set(urls)];
}
