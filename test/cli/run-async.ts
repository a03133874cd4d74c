import { spawn } from 'node:child_process';
import { resolve } from 'node:path';
import { documentIn, type Run } from './run.ts';

/** The same as `noencap` of run.ts, while servers of the test go on answering. */
export function noencapMeanwhile(
  cwd: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv = {},
): Promise<Run> {
  const isOfCi = (name: string) =>
    name.startsWith('GITHUB_') || ['NO_COLOR', 'FORCE_COLOR', 'CI'].includes(name);
  const own = Object.fromEntries(Object.entries(process.env).filter(([name]) => !isOfCi(name)));
  const child = spawn(process.execPath, [resolve('bin/noencap'), ...args], {
    cwd,
    env: { ...own, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let [stdout, stderr] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  return new Promise((done) => {
    child.on('close', (code) => {
      if (args.includes('--json') && stdout !== '') documentIn(stdout);
      done({ code, stdout, stderr });
    });
  });
}
