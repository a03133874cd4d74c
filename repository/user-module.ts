import { realpathSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import { hidingSecrets } from '../machine/index.ts';

/** What a module of the user's exports. */
export interface UserModule {
  readonly default?: unknown;
}

type Esbuild = typeof import('esbuild');

/**
 * Runs a module in TypeScript or JavaScript, by its absolute path: esbuild compiles it with everything it imports. In the package, which
 * has no esbuild, packaging/user-module.ts takes the place of this file.
 */
export async function runModule(file: string): Promise<UserModule> {
  const code = compile(file);
  return hidingSecrets(() => evaluate(code, file));
}

function compile(file: string): string {
  // From noencap's own packages: the topology need not be beside them. Loaded here, because most topologies are YAML.
  const esbuild = createRequire(realpathSync(process.argv[1] ?? file))('esbuild') as Esbuild;
  const built = hidingSecrets(() =>
    esbuild.buildSync({
      entryPoints: [file],
      absWorkingDir: dirname(file),
      bundle: true,
      platform: 'node',
      format: 'cjs',
      write: false,
      logLevel: 'silent',
    }),
  );
  return built.outputFiles[0]?.text ?? '';
}

/** The module's output goes to stderr like the rest of the console, where nothing of it is obeyed. */
function evaluate(code: string, file: string): UserModule {
  const module: { exports: UserModule } = { exports: {} };
  new Function('module', 'exports', 'require', '__filename', '__dirname', code)(
    module,
    module.exports,
    createRequire(file),
    file,
    dirname(file),
  );
  return module.exports;
}

/** A compiler error with its place, or an error thrown by the module as printed. */
export function reasonOf(error: unknown): string {
  const [first] = (error as { errors?: readonly Message[] } | null)?.errors ?? [];
  if (first?.text === undefined) return String(error);
  const { file, line } = first.location ?? { file: '', line: 1 };
  return `${file === '' ? '' : `${file}, `}line ${line}: ${first.text}`;
}

type Message = import('esbuild').Message;
