import * as nodeModule from 'node:module';
import { relative } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { hidingSecretsMeanwhile } from '../machine/index.ts';
import type { UserPlace } from '../repository/user-fault.ts';
import type { UserModule } from '../repository/user-module.ts';
import { isUsersTypeScript, lookedForFrom, withPlace } from './specifiers.ts';

/** The bundle, from which the shared packages are looked for. */
const OWN = pathToFileURL(__filename).href;

/** `import()`, which bin/noencap gives the bundle. */
declare const importModule: (url: string) => Promise<unknown>;

let hasHooks = false;

/**
 * Runs a module in TypeScript or JavaScript, by its absolute path, in place of repository/user-module.ts: Node.js imports it, and what it
 * imports, without their types.
 */
export async function runModule(file: string): Promise<UserModule> {
  return hidingSecretsMeanwhile(async () => {
    if (!hasHooks) hook();
    hasHooks = true;
    try {
      return (await importModule(pathToFileURL(file).href)) as UserModule;
    } catch (error) {
      if (!(error instanceof SyntaxError) || unusableAt(error) !== undefined) throw error;
      const { errorBelow } = (await importModule(
        new URL('./hooks.js', OWN).href,
      )) as typeof import('./hooks.ts');
      throw errorBelow(pathToFileURL(file).href) ?? error;
    }
  });
}

/** Hooks in the same thread, which Node.js has since 22.15. */
type RegisterHooks = (hooks: {
  resolve(specifier: string, context: Parent, next: (specifier: string, context: Parent) => unknown): unknown;
  load(url: string, context: object, next: (url: string, context: object) => unknown): unknown;
}) => void;

interface Parent {
  readonly parentURL?: string | undefined;
}

/** Node.js strips types since 22.18; an older one gets hooks of ours, in a thread that it starts for them. */
function hook(): void {
  const { registerHooks } = nodeModule as { registerHooks?: RegisterHooks };
  const { typescript } = process.features as { typescript?: unknown };
  if (registerHooks === undefined || !typescript) {
    nodeModule.register('./hooks.js', OWN);
    return;
  }
  registerHooks({
    resolve: (specifier, context, next) => {
      const { parentURL } = context;
      try {
        return next(specifier, {
          ...context,
          parentURL: lookedForFrom(specifier, parentURL, OWN),
        });
      } catch (error) {
        throw withPlace(error, specifier, parentURL);
      }
    },
    // Whatever the package.json above says.
    load: (url, context, next) =>
      next(url, isUsersTypeScript(url) ? { ...context, format: 'module-typescript' } : context),
  });
}

/** A syntax error with its place, or what the module threw, as printed. */
export function reasonOf(error: unknown): string {
  const at = unusableAt(error);
  if (at === undefined) return String(error);
  return `${at.file}, line ${at.line}: ${(error as Error).message}`;
}

/** The place of what cannot be run as it is written, which Node.js puts before the message: `file:line`, the line, a caret. */
export function unusableAt(error: unknown): (UserPlace & { readonly line: number }) | undefined {
  const stack = error instanceof Error ? (error.stack ?? '') : '';
  const [, url, file, line] = /^(?:(file:\S+?)|(\/.*?)):(\d+)\n/.exec(stack) ?? [];
  if (line === undefined) return undefined;
  const path = url === undefined ? (file ?? '') : fileURLToPath(url);
  const column = stack.split('\n')[2]?.indexOf('^') ?? -1;
  return {
    file: relative('.', path),
    line: Number(line),
    ...(column < 0 ? {} : { column: column + 1 }),
  };
}
