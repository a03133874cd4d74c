import { spawnSync } from 'node:child_process';
import { join, resolve } from 'node:path';
import type { Run } from '../cli/run.ts';

/** Builds the package from the sources below a folder, whose packages are installed. */
export function buildInto(folder: string, sources = '.'): void {
  succeeds(spawn(resolve(sources, 'node_modules/.bin/tsx'), ['scripts/package.ts', folder], sources));
}

/** The tarball of a built package, in a folder. */
export function packed(built: string, folder: string): string {
  const { stdout } = succeeds(
    spawn('npm', ['pack', '--silent', '--pack-destination', folder, built], folder),
  );
  return join(folder, stdout.trim());
}

/** Installs a tarball, or what package.json asks for. */
export function install(folder: string, ...tarball: readonly string[]): void {
  const options = ['--prefer-offline', '--no-audit', '--no-fund', '--silent'];
  succeeds(spawn('npm', ['install', ...options, ...tarball], folder));
}

export function spawn(program: string, args: readonly string[], cwd: string): Run {
  const { status, stdout, stderr } = spawnSync(program, args, { cwd, encoding: 'utf8', env: userEnv() });
  return { code: status, stdout, stderr };
}

/** Of a user's shell. */
export function userEnv(): NodeJS.ProcessEnv {
  const isOfCi = (name: string) => /^(GITHUB_|NO_COLOR$|FORCE_COLOR$|CI$|npm_|INIT_CWD$)/.test(name);
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !isOfCi(name)));
}

export function succeeds(run: Run): Run {
  if (run.code !== 0) throw new Error(`${run.code}\n${run.stdout}\n${run.stderr}`);
  return run;
}
