import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import { heard } from '../../machine/index.ts';
import { LIMITS, type Limits, secondsFor } from './limits.ts';
import { type Line, type Ran, type RemoteCommand, words } from './remote.ts';

/** The start of the line that ends an answer: nothing else in the script's output contains this character. */
const RAN = '\u0001ran';

/** Both outputs are read as bytes. */
type Streams = Pick<ChildProcessWithoutNullStreams, 'stdin' | 'stdout' | 'stderr'>;

/** Why an answer is no longer waited for. */
export type GivenUp = 'late' | 'overdue' | 'much' | 'stopped';

/** A caller's deadline is not an interrupt. */
export const reasonOf = (stop: AbortSignal | undefined): GivenUp =>
  (stop?.reason as { name?: string } | undefined)?.name === 'TimeoutError' ? 'overdue' : 'stopped';

/** The ssh process that a session runs over. */
export interface SessionOf {
  /** A verb is sent; it has answered, or never will: the output in between is its answer. */
  asks(verb: string): void;
  answered(): void;
  /** The result if the session ends before the verb has answered. */
  unanswered(verb: string): Promise<Ran>;
  /** Ends the session: what comes next could not be told from the next answer. */
  giveUp(verb: string, why: GivenUp): void;
}

/**
 * Sends commands to a script that holds a lock, over its standard input; `answer` in the script is the other end. An answer is complete
 * when both outputs have marked its end.
 */
export function sessionOver(
  streams: Streams,
  { asks, answered, unanswered, giveUp }: SessionOf,
  limits: Limits = LIMITS,
): Line {
  let sent = 0;
  let last: Promise<unknown> = Promise.resolve();
  const ask = (command: RemoteCommand, input: Uint8Array, stop: AbortSignal | undefined) =>
    new Promise<Ran>((done) => {
      sent += 1;
      const { verb } = command;
      asks(verb);
      const most = limits.of(verb);
      const received = {
        stdout: heard(most),
        stderr: heard({ bytes: limits.noise, lines: limits.noise, line: limits.noise }),
      };
      const ends = {
        stdout: new RegExp(`${RAN} ${sent} (\\d+)\n$`),
        stderr: new RegExp(`${RAN} ${sent}\n$`),
      };
      const timer = setTimeout(() => giveUp(verb, 'late'), (most.seconds + secondsFor(input.length)) * 1000);
      const onStop = () => giveUp(verb, reasonOf(stop));
      const finish = (ran: Ran) => {
        clearTimeout(timer);
        stop?.removeEventListener('abort', onStop);
        // The promise of the session's end must not keep every answer in memory until then.
        received.stdout.cut(0);
        received.stderr.cut(0);
        streams.stdout.off('data', onStdout);
        streams.stderr.off('data', onStderr);
        answered();
        done(ran);
      };
      const hear = (name: 'stdout' | 'stderr', chunk: Buffer) => {
        if (!received[name].add(chunk)) return giveUp(verb, 'much');
        const [answer, complaint] = [
          ends.stdout.exec(received.stdout.tail(TAIL)),
          ends.stderr.exec(received.stderr.tail(TAIL)),
        ];
        if (answer === null || complaint === null) return;
        finish({
          code: Number(answer[1]),
          stdout: received.stdout.text(0, received.stdout.length - answer[0].length),
          stderr: received.stderr.text(0, received.stderr.length - complaint[0].length),
        });
      };
      const onStdout = (chunk: Buffer) => hear('stdout', chunk);
      const onStderr = (chunk: Buffer) => hear('stderr', chunk);
      streams.stdout.on('data', onStdout);
      streams.stderr.on('data', onStderr);
      unanswered(verb).then((ran) => finish({ ...ran, stdout: received.stdout.text() }));
      stop?.addEventListener('abort', onStop, { once: true });
      if (stop?.aborted === true) return onStop();
      streams.stdin.write(`run ${input.length} ${words(command).join(' ')}\n`);
      streams.stdin.write(input);
    });
  return {
    run: (command, input = new Uint8Array(), stop = undefined) => {
      const answer = last.then(() => ask(command, input, stop));
      last = answer;
      return answer;
    },
  };
}

/** More bytes than the line that ends an answer can have. */
const TAIL = 40;

/** Standard error since the last answer. */
export const sinceAnswers = (stderr: string): string => stderr.replace(UP_TO_ANSWERS, '');

const UP_TO_ANSWERS = new RegExp(`^[^]*${RAN} \\d+\n`);
