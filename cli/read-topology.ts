import { readFileSync, realpathSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, extname, resolve } from 'node:path';
import type { Loaded } from '../topology/index.ts';
import { loadTopology, parseTopologyValue, unreadable } from '../topology/index.ts';

/** Reads a topology from YAML, or from a TypeScript or JavaScript module whose default export is one. */
export function readTopology(file: string): Loaded {
  if (['.ts', '.mts', '.js', '.mjs'].includes(extname(file))) return readModule(file);
  try {
    return loadTopology({ file, bytes: readFileSync(file) });
  } catch (error) {
    return unreadable(file, (error as NodeJS.ErrnoException).code ?? String(error));
  }
}

type Esbuild = typeof import('esbuild');

/**
 * esbuild compiles the module with whatever it imports; it runs with the rights of the user who started noencap. What it
 * throws is a fault of the file.
 */
function readModule(file: string): Loaded {
  const absolute = resolve(file);
  try {
    readFileSync(absolute);
    const exports = evaluate(compile(absolute), createRequire(absolute));
    return parseTopologyValue(exports.default, basename(file));
  } catch (error) {
    return unreadable(file, reasonOf(error));
  }
}

function compile(file: string): string {
  // From noencap's own packages: the topology need not lie beside them. Loaded here, because most topologies are YAML.
  const esbuild = createRequire(realpathSync(process.argv[1] ?? file))('esbuild') as Esbuild;
  const built = esbuild.buildSync({
    entryPoints: [file],
    absWorkingDir: dirname(file),
    bundle: true,
    platform: 'node',
    format: 'cjs',
    write: false,
    logLevel: 'silent',
  });
  return built.outputFiles[0]?.text ?? '';
}

function evaluate(code: string, require: NodeJS.Require): { default?: unknown } {
  const module: { exports: { default?: unknown } } = { exports: {} };
  new Function('module', 'exports', 'require', code)(module, module.exports, require);
  return module.exports;
}

/** An error of the system by its code, one of the compiler with its place, one that the module throws as it prints. */
function reasonOf(error: unknown): string {
  const { code, errors } = error as NodeJS.ErrnoException & { errors?: readonly Message[] };
  const [first] = errors ?? [];
  if (first !== undefined) return `line ${first.location?.line ?? 1}: ${first.text}`;
  return code ?? String(error);
}

type Message = import('esbuild').Message;
