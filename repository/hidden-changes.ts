import { relative, resolve } from 'node:path';
import { runProgram } from '../machine/index.ts';

/** A path, and its attribute in git. */
export interface HiddenChange {
  readonly path: string;
  readonly attribute: string;
}

/** With these a reviewer sees no change, or a different file than a checkout has. */
const ATTRIBUTES: Readonly<Record<string, (value: string) => string | undefined>> = {
  diff: (value) => (value === 'unset' ? '-diff' : undefined),
  filter: (value) => (isSet(value) ? `filter=${value}` : undefined),
  'working-tree-encoding': (value) => (isSet(value) ? `working-tree-encoding=${value}` : undefined),
};

const isSet = (value: string): boolean => value !== 'unspecified' && value !== 'unset';

/**
 * Which of these files git hides from reviewers, by a .gitattributes in any folder, or by the user's own settings. None without
 * git or a repository: then there is no review.
 */
export function hiddenChanges(paths: readonly string[]): readonly HiddenChange[] {
  const input = paths.map((path) => `${relative('.', resolve(path))}\0`).join('');
  const args = ['check-attr', '-z', '--stdin', ...Object.keys(ATTRIBUTES)];
  const { status, stdout } = runProgram('git', args, { input, encoding: 'utf8', maxBuffer: 2 ** 30 });
  if (status !== 0) return [];
  const words = stdout.split('\0');
  const found: HiddenChange[] = [];
  for (let at = 0; at + 2 < words.length; at += 3) {
    const [path = '', name = '', value = ''] = words.slice(at, at + 3);
    const attribute = ATTRIBUTES[name]?.(value);
    if (attribute !== undefined) found.push({ path, attribute });
  }
  return found;
}
