import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import { type Line, type Ran, type RemoteCommand, words } from './remote.ts';

/** How the line begins that ends an answer: nothing else that the script says has this character. */
const RAN = '\u0001ran';

/** Both outputs come as text. */
type Streams = Pick<ChildProcessWithoutNullStreams, 'stdin' | 'stdout' | 'stderr'>;

/**
 * Commands to a script that holds a lock, over its standard input; `answer` of the script is the other end. An answer is whole when
 * both outputs have said that it has ended. `lost` tells what it is if the session ends before.
 */
export function sessionOver(streams: Streams, lost: (verb: string) => Promise<Ran>): Line {
  let sent = 0;
  let last: Promise<unknown> = Promise.resolve();
  const ask = (command: RemoteCommand, input: Uint8Array) =>
    new Promise<Ran>((done) => {
      sent += 1;
      const heard = { stdout: '', stderr: '' };
      const ends = {
        stdout: new RegExp(`${RAN} ${sent} (\\d+)\n$`),
        stderr: new RegExp(`${RAN} ${sent}\n$`),
      };
      const finish = (ran: Ran) => {
        // Who waits for the end of the session must not keep every answer until then.
        heard.stdout = '';
        heard.stderr = '';
        streams.stdout.off('data', onStdout);
        streams.stderr.off('data', onStderr);
        done(ran);
      };
      const hear = (name: 'stdout' | 'stderr', text: string) => {
        heard[name] += text;
        const [answered, complained] = [ends.stdout.exec(heard.stdout), ends.stderr.exec(heard.stderr)];
        if (answered === null || complained === null) return;
        finish({
          code: Number(answered[1]),
          stdout: heard.stdout.slice(0, answered.index),
          stderr: heard.stderr.slice(0, complained.index),
        });
      };
      const onStdout = (text: string) => hear('stdout', text);
      const onStderr = (text: string) => hear('stderr', text);
      streams.stdout.on('data', onStdout);
      streams.stderr.on('data', onStderr);
      lost(command.verb).then((ran) => finish({ ...ran, stdout: heard.stdout }));
      streams.stdin.write(`run ${input.length} ${words(command).join(' ')}\n`);
      streams.stdin.write(input);
    });
  return {
    run: (command, input = new Uint8Array()) => {
      const answer = last.then(() => ask(command, input));
      last = answer;
      return answer;
    },
  };
}

/** What was said on the standard error since the last answer. */
export const sinceAnswers = (stderr: string): string => stderr.replace(UP_TO_ANSWERS, '');

const UP_TO_ANSWERS = new RegExp(`^[^]*${RAN} \\d+\n`);
