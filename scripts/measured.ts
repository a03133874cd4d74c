import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { buildSync } from 'esbuild';

/**
 * What a program of scripts/ prints as JSON, run as root in a network namespace without any exit. It is bundled like `bin/noencap`: to measure
 * the memory of noencap, not of tsx. Undefined, with a line that says so, if this is not root.
 */
export function measured<T>(
  program: string,
  work: string,
  what: string,
  ...options: readonly string[]
): T | undefined {
  if (process.getuid?.() !== 0) {
    process.stdout.write(`skipped  ${what}: it needs root, for a network without any way out\n`);
    return undefined;
  }
  const outfile = join(work, `${program}.cjs`);
  buildSync({
    entryPoints: [`scripts/${program}.ts`],
    loader: { '.sh': 'text' },
    bundle: true,
    platform: 'node',
    target: 'node20',
    format: 'cjs',
    outfile,
    logLevel: 'error',
  });
  // The login shell of each command would read root's own .bashrc, which can take longer than everything else.
  const inside = 'mount --bind /dev/null ~/.bashrc 2>/dev/null; ip link set lo up; exec "$0" "$@"';
  const said = execFileSync('unshare', ['-mn', 'sh', '-c', inside, process.execPath, ...options, outfile], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  return JSON.parse(said);
}
