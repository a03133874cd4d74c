import { type Program, startProgram } from './child.ts';
import { heard } from './heard.ts';

/** The output of a finished program. */
export interface ProgramOutput {
  /** Its exit status; undefined if it could not be started. */
  readonly code: number | undefined;
  readonly stdout: string;
  readonly stderr: string;
  /** Whether it was late or printed too much. */
  readonly wasKilled: boolean;
}

/** Limits on time and output: a program may hang or print without end. */
export interface Bounds {
  readonly seconds: number;
  readonly bytes: number;
}

/** Runs a program until it ends, is late or prints too much: then it is ended, and its standard error says so. */
export const outputOf = (
  program: string,
  words: readonly string[],
  { seconds, bytes }: Bounds,
  input = '',
): Promise<ProgramOutput> =>
  new Promise((done) => {
    const child: Program = startProgram(program, words, { stdio: ['pipe', 'pipe', 'pipe'] });
    const most = { bytes, lines: bytes, line: bytes };
    const received = { stdout: heard(most), stderr: heard(most) };
    let wasKilled = false;
    const finish = (code: number | undefined, why?: string) => {
      clearTimeout(timer);
      done({ code, stdout: received.stdout.text(), stderr: why ?? received.stderr.text(), wasKilled });
    };
    const giveUp = (why: string) => {
      wasKilled = true;
      child.kill('SIGKILL');
      // A child of the program may keep them open.
      for (const stream of [child.stdin, child.stdout, child.stderr]) stream?.destroy();
      finish(1, `${program} ${why}, and was killed`);
    };
    const timer = setTimeout(() => giveUp(`has not ended within ${seconds} s`), seconds * 1000);
    for (const name of ['stdout', 'stderr'] as const) {
      child[name]?.on('data', (chunk: Buffer) => {
        if (!received[name].add(chunk)) giveUp(`printed more than ${bytes} bytes`);
      });
    }
    child.on('error', ({ message }) => finish(undefined, message));
    child.on('close', (code) => finish(code ?? 1));
    // It may end before it has read everything: its standard error says why.
    child.stdin?.on('error', () => {}).end(input);
  });
