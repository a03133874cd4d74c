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

/** esbuild compiles the module with whatever it imports; it runs with the rights of the user who started noencap. */
function readModule(file: string): Loaded {
  const absolute = resolve(file);
  const require = createRequire(absolute);
  let code: string;
  try {
    readFileSync(absolute);
    // From noencap's own packages: the topology need not lie beside them. Loaded here, because most topologies are YAML.
    const esbuild = createRequire(realpathSync(process.argv[1] ?? absolute))('esbuild') as Esbuild;
    const built = esbuild.buildSync({
      entryPoints: [absolute],
      absWorkingDir: dirname(absolute),
      bundle: true,
      platform: 'node',
      format: 'cjs',
      write: false,
      logLevel: 'silent',
    });
    code = built.outputFiles[0]?.text ?? '';
  } catch (error) {
    const { code: reason, message } = error as NodeJS.ErrnoException;
    return unreadable(file, reason ?? message);
  }
  const module: { exports: { default?: unknown } } = { exports: {} };
  new Function('module', 'exports', 'require', code)(module, module.exports, require);
  return parseTopologyValue(module.exports.default, basename(file));
}
