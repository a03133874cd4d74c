import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import { heard } from '../../machine/index.ts';
import { BEGIN, sentScript, WORDS_ONLY, wordsLine } from './command.ts';
import { type Connection, readLog } from './connection.ts';
import {
  disconnected,
  endedThere,
  explainProxy,
  explainSsh,
  givenUp,
  noEntry,
  noShell,
  throughProxy,
} from './error.ts';
import { type Limits, secondsFor } from './limits.ts';
import { endSsh } from './process.ts';
import type { Ran, RemoteCommand } from './remote.ts';
import { type GivenUp, reasonOf, sinceAnswers } from './session.ts';
import type { SshTarget, Unreachable } from './target.ts';

/** One running command. */
export interface Launched {
  readonly child: ChildProcessWithoutNullStreams;
  /** Its output so far, from the start of the script on; undefined before the script has begun. */
  output(): string | undefined;
  /** Resolves when the script is ready for input, or when the command has ended before that. */
  readonly begun: Promise<void>;
  readonly ended: Promise<Ran | typeof REFUSES_SCRIPTS>;
  /** Verbs are sent over its session, starting with this one: from now on its output belongs to the verb. */
  asks(verb: string): void;
  answered(): void;
  giveUp(verb: string, why: GivenUp): void;
  /** Limits it to so many seconds from now; undefined: no limit. */
  within(seconds: number | undefined): void;
}

/** Where a command runs, and how. `script`: see SshAccount. */
export interface Launching {
  readonly target: SshTarget;
  readonly limits: Limits;
  readonly script: ((verb: string) => string) | undefined;
}

export const REFUSES_SCRIPTS = Symbol('the account refuses scripts');

/** ssh's own exit code for a failure. The script ends with 0 to 3. */
export const NO_WAY = 255;

export const failed = (fault: Unreachable, stdout = ''): Ran => ({
  code: NO_WAY,
  stdout,
  stderr: `${fault.message}.\n${fault.fix}\n`,
  fault,
});

/** Starts a command. It is given up when it is late, says too much, or is no longer wanted. */
export function launch(
  { target, script, limits }: Launching,
  connection: Connection,
  command: RemoteCommand,
  { stop, uploads = 0 }: { stop?: AbortSignal | undefined; uploads?: number | undefined } = {},
): Launched {
  const sent = script === undefined ? undefined : sentScript(script(command.verb), command);
  const { child, log } = connection.launch(sent?.line ?? wordsLine(command));
  const most = limits.of(command.verb);
  const { noise } = limits;
  const received = { stdout: heard(most), stderr: heard({ bytes: noise, lines: noise, line: noise }) };
  const at = { verb: command.verb, isAsked: false, hasBegun: sent === undefined, hasEnded: false };
  let problem: Unreachable | undefined;
  const end = (why: Unreachable) => {
    problem ??= why;
    endSsh(child);
    for (const one of [child.stdout, child.stderr]) one.destroy();
  };
  const giveUp = (verb: string, why: GivenUp) => end(givenUp(target, verb, why, limits));
  // Nothing shows when an account that takes only words has begun.
  const ends = most.seconds + secondsFor(uploads);
  const first = sent === undefined ? limits.way + ends : limits.way;
  let timer = setTimeout(
    () => (at.hasBegun ? giveUp(at.verb, 'late') : end(noEntry(target, limits.way))),
    first * 1000,
  );
  const within = (seconds: number | undefined) => {
    clearTimeout(timer);
    if (seconds !== undefined && !at.hasEnded)
      timer = setTimeout(() => giveUp(at.verb, 'late'), seconds * 1000);
  };
  const onStop = () => giveUp(at.verb, reasonOf(stop));
  stop?.addEventListener('abort', onStop, { once: true });
  let begin = () => {};
  const begun = new Promise<void>((done) => {
    begin = done;
  });
  const lookForBegin = () => {
    const start = received.stdout.find(BEGIN);
    if (start === -1) return received.stdout.length > noise ? giveUp(at.verb, 'much') : undefined;
    received.stdout.drop(start + BEGIN.length);
    at.hasBegun = true;
    within(ends);
    begin();
  };
  if (sent === undefined) begin();
  child.stdout.on('data', (chunk: Buffer) => {
    connection.stands();
    if (at.isAsked) return;
    if (!received.stdout.add(chunk)) giveUp(at.verb, 'much');
    else if (!at.hasBegun) lookForBegin();
  });
  child.stderr.on('data', (chunk: Buffer) => {
    if (!received.stderr.add(chunk)) giveUp(at.verb, 'much');
  });
  child.on('error', ({ message }) => {
    problem ??= explainSsh(message, target, command.verb);
  });
  // A router that refuses does not read its input: its answer gives the reason, not the broken pipe.
  child.stdin.on('error', () => {});
  for (const part of sent?.script ?? []) child.stdin.write(part);
  if (stop?.aborted === true) onStop();
  const output = () => (at.hasBegun ? received.stdout.text() : undefined);
  const ended = new Promise<number>((done) => {
    child.on('close', (code) => done(code ?? NO_WAY));
  }).then(async (code): Promise<Ran | typeof REFUSES_SCRIPTS> => {
    at.hasEnded = true;
    clearTimeout(timer);
    stop?.removeEventListener('abort', onStop);
    begin();
    const words = await readLog(log);
    const stderr = sinceAnswers(received.stderr.text());
    const stdout = output();
    if (problem !== undefined) return failed(problem, stdout);
    if (code === NO_WAY) return failed(await whyNot(target, connection, at.verb, words, stderr), stdout);
    if (stdout !== undefined) return { code, stdout, stderr };
    if (stderr.includes(WORDS_ONLY)) return REFUSES_SCRIPTS;
    return failed(noShell(target, `${stderr}\n${received.stdout.text()}`));
  });
  return {
    child,
    output,
    begun,
    ended,
    asks: (verb) => {
      Object.assign(at, { verb, isAsked: true });
      // Earlier messages are no complaint about this verb.
      received.stderr.cut(0);
    },
    answered: () => {
      at.isAsked = false;
    },
    giveUp,
    within: (seconds) => {
      stop?.removeEventListener('abort', onStop);
      within(seconds);
    },
  };
}

async function whyNot(
  target: SshTarget,
  connection: Connection,
  verb: string,
  words: string,
  stderr: string,
): Promise<Unreachable> {
  const log = ownWords(words);
  if (throughProxy(log)) return explainProxy(stderr.trim() || (await connection.tried()), target);
  if (log !== '') return explainSsh(log, target, verb);
  // The one message that ssh does not write to its log.
  const closed = /^Connection to \S+ closed by remote host\.\s*$/m.test(stderr);
  return !closed && (await connection.lives()) ? endedThere(target, verb) : disconnected(target, verb);
}

/** The log without remarks about the connection that explain no failure. */
const ownWords = (log: string): string =>
  log
    .split('\n')
    .filter((line) => !/^(\*\* |mux_client|Control ?[sS]ocket)/.test(line))
    .join('\n')
    .trim();
