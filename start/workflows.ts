/** The workflows that a repository of one's own has; noencap's other ones test noencap itself. */
export const WORKFLOWS = ['drift.yml', 'fork-comment.yml', 'pull-request.yml', 'routers.yml'] as const;

/** Where the package is, from the root of the repository that it is installed in. */
const PACKAGE = 'node_modules/noencap';

/**
 * A workflow of noencap's own repository as one of a repository that noencap is installed in. The program is named by its path: npx
 * would fetch one that is not installed, and does not hand a signal on, by which a cancelled delivery undoes itself.
 */
export function ownWorkflow(text: string): string {
  const derived = text
    .replace(/(?<![\w./-])bin\/noencap\b/g, 'node_modules/.bin/noencap')
    .replace(/(?<![\w./-])node scripts\/([\w-]+\.cjs)\b/g, `node ${PACKAGE}/scripts/$1`)
    .replace(/^(\s*(?:- )?(?:run: )?)scripts\/([\w-]+\.sh)\b/gm, `$1sh ${PACKAGE}/scripts/$2`)
    .replace(/(?<![\w./-])docs\/([\w-]+\.md)\b/g, `${PACKAGE}/docs/$1`);
  return `${HEAD}${derived}`;
}

const HEAD =
  '# Written by noencap. `npx noencap upgrade` renews it with noencap, unless you have edited it.\n';
