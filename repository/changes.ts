import { basename, dirname } from 'node:path';
import { git } from './git.ts';

/** A commit that changed a file. */
export interface Change {
  /** Its name, as short as git gives it. */
  readonly commit: string;
  /** When it was committed, as ISO 8601 in UTC. */
  readonly at: string;
  readonly subject: string;
}

/** The last commits that changed a file, the youngest first; undefined if git does not say. */
export function lastChanges(file: string, most: number): readonly Change[] | undefined {
  const format = '--format=%h%x00%ct%x00%s';
  const log = git(
    '-C',
    dirname(file),
    'log',
    `-n${most}`,
    '--no-show-signature',
    format,
    '--',
    basename(file),
  );
  return log
    ?.split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const [commit = '', at = '', subject = ''] = line.split('\0');
      return { commit, at: new Date(Number(at) * 1000).toISOString().replace(/\.\d+Z$/, 'Z'), subject };
    });
}

/** Whether a file differs from the one that was committed last; undefined if git does not say. */
export function isUncommitted(file: string): boolean | undefined {
  const said = git('-C', dirname(file), 'status', '--porcelain', '--', basename(file));
  return said === undefined ? undefined : said !== '';
}
