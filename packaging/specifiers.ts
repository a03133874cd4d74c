import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** The packages of which a user's code must have the very instances that noencap has: a chart of another cdk8s would not be ours. */
const SHARED = /^(noencap|cdk8s|cdk8s-plus-28|constructs)(\/|$)/;

/** From where a module that a user's file imports is looked for: the shared packages where noencap itself finds them. */
export const lookedForFrom = (specifier: string, parent: string | undefined, own: string) =>
  SHARED.test(specifier) && parent !== undefined && isUsers(parent) ? own : parent;

/** A file that nobody installed. */
export const isUsers = (url: string): boolean => url.startsWith('file:') && !url.includes('/node_modules/');

/** A TypeScript module of the user's. */
export const isUsersTypeScript = (url: string): boolean => isUsers(url) && /\.m?ts$/.test(url);

/** An error of resolution with the place of the import, in the form in which Node.js shows a syntax error. */
export function withPlace(error: unknown, specifier: string, parent: string | undefined): unknown {
  if (!(error instanceof Error) || parent === undefined || !isUsers(parent)) return error;
  const lines = readFileSync(fileURLToPath(parent), 'utf8').split('\n');
  const at = lines.findIndex((line) =>
    [`'${specifier}'`, `"${specifier}"`].some((one) => line.includes(one)),
  );
  const code = (error as NodeJS.ErrnoException).code ?? 'ERR_MODULE_NOT_FOUND';
  const isRelative = specifier.startsWith('.');
  const message = isRelative
    ? `there is no file ${specifier}: an import names a file with its suffix, as './file.ts'`
    : `${JSON.stringify(specifier)} cannot be imported: is it installed?`;
  return placed(parent, at + 1, (lines[at]?.indexOf(specifier) ?? 0) + 1, lines[at] ?? '', message, code);
}

/** A syntax error as Node.js shows those of JavaScript: `file:line`, the line, a caret. */
export function placed(
  url: string,
  line: number,
  column: number,
  text: string,
  message: string,
  code: string,
) {
  const error = Object.assign(new SyntaxError(message), { code });
  error.stack = `${url}:${line}\n${text}\n${' '.repeat(Math.max(0, column - 1))}^\n\nSyntaxError: ${message}`;
  return error;
}
