import { type Program, startProgram } from './child.ts';
import { heard } from './heard.ts';

/** The output of a finished program. */
export interface Said {
  /** Its exit status; undefined if it could not be started. */
  readonly code: number | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

/** Limits on time and output: a program may hang or print without end. */
export interface Bounds {
  readonly seconds: number;
  readonly bytes: number;
}

/** Runs a program until it ends, is late or prints too much: then it is ended, and its standard error says so. */
export const saidBy = (
  program: string,
  words: readonly string[],
  { seconds, bytes }: Bounds,
  input = '',
): Promise<Said> =>
  new Promise((done) => {
    const child: Program = startProgram(program, words, { stdio: ['pipe', 'pipe', 'pipe'] });
    const most = { bytes, lines: bytes, line: bytes };
    const said = { stdout: heard(most), stderr: heard(most) };
    const finish = (code: number | undefined, why?: string) => {
      clearTimeout(timer);
      done({ code, stdout: said.stdout.text(), stderr: why ?? said.stderr.text() });
    };
    const giveUp = (why: string) => {
      child.kill('SIGKILL');
      // A child of the program may keep them open.
      for (const stream of [child.stdin, child.stdout, child.stderr]) stream?.destroy();
      finish(1, `${program} ${why}, and was killed`);
    };
    const timer = setTimeout(() => giveUp(`has not ended within ${seconds} s`), seconds * 1000);
    for (const name of ['stdout', 'stderr'] as const) {
      child[name]?.on('data', (chunk: Buffer) => {
        if (!said[name].add(chunk)) giveUp(`printed more than ${bytes} bytes`);
      });
    }
    child.on('error', ({ message }) => finish(undefined, message));
    child.on('close', (code) => finish(code ?? 1));
    // It may end before it has read everything: its standard error says why.
    child.stdin?.on('error', () => {}).end(input);
  });
