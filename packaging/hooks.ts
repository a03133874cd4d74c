import { readFileSync } from 'node:fs';
import type { LoadHook, ResolveHook } from 'node:module';
import { fileURLToPath } from 'node:url';
import { Script } from 'node:vm';
import { type Options, transform } from 'sucrase';
import { isUsersTypeScript, lookedForFrom, placed, withPlace } from './specifiers.ts';

/** The hooks of a Node.js that does not strip types itself; they run in a thread of their own. */
export const resolve: ResolveHook = async (specifier, context, next) => {
  const { parentURL } = context;
  try {
    return await next(specifier, {
      ...context,
      parentURL: lookedForFrom(specifier, parentURL, import.meta.url),
    });
  } catch (error) {
    throw withPlace(error, specifier, parentURL);
  }
};

export const load: LoadHook = async (url, context, next) => {
  if (!isUsersTypeScript(url)) return next(url, context);
  const source = readFileSync(fileURLToPath(url), 'utf8');
  return { format: 'module', source: stripped(url, source), shortCircuit: true };
};

/** Imports stay as they are written, as with Node's own stripping: that of a type needs the word `type`. */
const STRIPPED: Options = {
  transforms: ['typescript'],
  keepUnusedImports: true,
  disableESTransforms: true,
  preserveDynamicImport: true,
};

function stripped(url: string, source: string, options: Options = STRIPPED): string {
  try {
    return transform(source, options).code;
  } catch (error) {
    const { message, loc } = error as Error & { loc?: { line: number; column: number } };
    const { line, column } = loc ?? { line: 1, column: 1 };
    const text = source.split('\n')[line - 1] ?? '';
    const plain = message.replace(/ \(\d+:\d+\)$/, '');
    throw placed(url, line, column, text, plain, 'ERR_INVALID_TYPESCRIPT_SYNTAX');
  }
}

/**
 * V8 does not say where the source that a hook has changed has an error that sucrase does not see, such as a name declared twice; of
 * a script it does. The first error of a module or of those that it imports by path.
 */
export function errorBelow(url: string, seen: Set<string> = new Set()): unknown {
  seen.add(url);
  const source = readFileSync(fileURLToPath(url), 'utf8');
  try {
    const script = stripped(url, source, { ...STRIPPED, transforms: ['typescript', 'imports'] });
    // It has no `import.meta`.
    const text = script.replaceAll('import.meta', 'import_meta');
    new Script(`(async function (exports, require) {${text}\n})`, { filename: url });
  } catch (error) {
    return error;
  }
  for (const [, path = ''] of source.matchAll(/\bfrom\s*['"](\.[^'"]+\.m?ts)['"]/g)) {
    const next = new URL(path, url).href;
    const error = seen.has(next) ? undefined : errorBelow(next, seen);
    if (error !== undefined) return error;
  }
  return undefined;
}
