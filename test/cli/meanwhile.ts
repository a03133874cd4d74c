import { spawn } from 'node:child_process';
import { resolve } from 'node:path';
import { documentIn, type Run } from './run.ts';

/** Like `noencap` of run.ts, but a server in this process can answer in the meantime. */
export async function noencapMeanwhile(
  cwd: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv,
): Promise<Run> {
  const child = spawn(process.execPath, [resolve('bin/noencap'), ...args], {
    cwd,
    env: { PATH: process.env.PATH, HOME: cwd, ...env },
  });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text) => {
    stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text) => {
    stderr += text;
  });
  const code = await new Promise<number | null>((done) => child.on('close', done));
  if (args.includes('--json') && stdout !== '') documentIn(stdout);
  return { code, stdout, stderr };
}
