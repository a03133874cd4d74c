import { realpathSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, extname, resolve } from 'node:path';
import { hidingSecrets, readAtMost, whyUnreadable } from '../machine/index.ts';
import type { Loaded } from '../topology/index.ts';
import { LARGEST_TOPOLOGY, loadTopology, parseTopologyValue, unreadable } from '../topology/index.ts';

const MODULES = ['.ts', '.mts', '.cts', '.js', '.mjs', '.cjs'];

/** Whether a topology is read by running it. */
export const isModule = (file: string): boolean => MODULES.includes(extname(file));

/**
 * Reads a topology from YAML, or from a TypeScript or JavaScript module whose default export is one. `name` is the name of the file in
 * faults, if its path differs from the one the user knows.
 */
export function readTopology(file: string, name = file): Loaded {
  if (isModule(file)) return readModule(file, name);
  try {
    return loadTopology({ file: name, bytes: readAtMost(file, LARGEST_TOPOLOGY) });
  } catch (error) {
    return notRead(name, error);
  }
}

const notRead = (name: string, error: unknown): Loaded =>
  unreadable(name, (error as NodeJS.ErrnoException).code ?? String(error), whyUnreadable(error));

type Esbuild = typeof import('esbuild');

/**
 * esbuild compiles the module with everything it imports; it runs with the permissions of the user who started noencap. What it
 * throws is a fault of the file.
 */
function readModule(file: string, name: string): Loaded {
  const absolute = resolve(file);
  try {
    readAtMost(absolute, LARGEST_TOPOLOGY);
  } catch (error) {
    return notRead(name, error);
  }
  try {
    const code = compile(absolute);
    const exports = hidingSecrets(() => evaluate(code, absolute));
    if (exports.default === undefined) return unreadable(name, 'no default export');
    return parseTopologyValue(exports.default, name);
  } catch (error) {
    return unreadable(name, reasonOf(error));
  }
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
function evaluate(code: string, file: string): { default?: unknown } {
  const module: { exports: { default?: unknown } } = { exports: {} };
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
function reasonOf(error: unknown): string {
  const [first] = (error as { errors?: readonly Message[] } | null)?.errors ?? [];
  if (first?.text === undefined) return String(error);
  const { file, line } = first.location ?? { file: '', line: 1 };
  return `${file === '' ? '' : `${file}, `}line ${line}: ${first.text}`;
}

type Message = import('esbuild').Message;
