import { startProgram } from '../machine/index.ts';
import type { Access, Ran, Remote, RemoteCommand, Running } from './remote.ts';
import { sessionOver, sinceAnswers } from './session.ts';
import { BEGIN, sentScript, WORDS_ONLY, wordsLine } from './ssh-command.ts';
import { type Connection, readLog, sharedConnection, unasked } from './ssh-connection.ts';
import { endedThere, explainProxy, explainSsh, lost, noShell, throughProxy, tooMuch } from './ssh-error.ts';
import { oddTarget, type SshTarget, type Unreachable } from './ssh-target.ts';

export type { SshTarget } from './ssh-target.ts';

export interface SshAccount {
  /**
   * The script to send along. An account that runs noencap's forced command refuses it, and gets words only from then on:
   * which kind it is need not be said. Undefined: it is never sent.
   */
  readonly script: ((verb: string) => string) | undefined;
}

/**
 * A router over the system's OpenSSH client, so that ProxyJump, agents, certificates and all else of ~/.ssh/config go on working.
 * Commands share one connection.
 */
export function sshRemote(target: SshTarget, account: SshAccount): Remote {
  const connection = sharedConnection(target);
  const known: Known = { script: account.script };
  return {
    ...accessOver(target, known, connection),
    fresh: () => accessOver(target, known, connection.apart()),
    end: connection.end,
  };
}

/** What is known of the account by now. */
interface Known {
  script: SshAccount['script'];
}

function accessOver(target: SshTarget, known: Known, connection: Connection): Access {
  /** Sends the words again where it turns out that no script is taken: nothing has run then. */
  async function asTaken<R extends Ran | Running>(attempt: () => Promise<R | typeof REFUSES_SCRIPTS>) {
    const first = await attempt();
    if (first !== REFUSES_SCRIPTS) return first;
    known.script = undefined;
    return (await attempt()) as R;
  }
  const odd = oddTarget(target);
  return {
    run: async (command, input) =>
      odd === undefined
        ? asTaken(() => {
            const { begun, child, ended } = launch(target, known.script, connection, command);
            if (input === undefined) child.stdin.end();
            else begun().then(() => child.stdin.end(input));
            return ended;
          })
        : failed(odd),
    start: async (command, ready) =>
      odd === undefined
        ? asTaken(() => untilReady(target, launch(target, known.script, connection, command), ready))
        : failed(odd),
  };
}

const REFUSES_SCRIPTS = Symbol('the account refuses scripts');

type Launched = ReturnType<typeof launch>;

/** More than any answer of the script. */
const ROOM = 2 ** 26;

/** ssh's own failure. The script ends with 0 to 3. */
const NO_WAY = 255;

const failed = ({ says, mend }: Unreachable, stdout = ''): Ran => ({
  code: NO_WAY,
  stdout,
  stderr: `${says}.\n${mend}\n`,
});

function launch(
  target: SshTarget,
  script: SshAccount['script'],
  connection: Connection,
  command: RemoteCommand,
) {
  const sent = script === undefined ? undefined : sentScript(script(command.verb), command);
  const log = connection.logFile();
  // Without a terminal of its own: neither ssh nor that of a jump host may ask there, and Ctrl-C is for us to handle.
  const child = startProgram('ssh', ['-E', log, ...connection.arguments, sent?.line ?? wordsLine(command)], {
    detached: true,
    env: unasked(),
  });
  const said = { stdout: '', stderr: '' };
  const at = { verb: command.verb };
  let problem: Unreachable | undefined;
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (text: string) => {
      said[name] += text;
      if (said[name].length <= ROOM) return;
      problem = tooMuch(target, at.verb);
      child.kill();
      child[name].destroy();
    });
  }
  child.on('error', ({ message }) => {
    problem = explainSsh(message, target, command.verb);
  });
  // A router that refuses does not read what it is sent: its answer says why, not the broken pipe.
  child.stdin.on('error', () => {});
  for (const part of sent?.script ?? []) child.stdin.write(part);
  /** The script's own output so far; undefined before it has begun. */
  const output = (): string | undefined => {
    if (sent === undefined) return said.stdout;
    const begin = said.stdout.indexOf(BEGIN);
    return begin === -1 ? undefined : said.stdout.slice(begin + BEGIN.length);
  };
  const ended = new Promise<number>((done) => {
    child.on('close', (code) => done(code ?? NO_WAY));
  }).then(async (code): Promise<Ran | typeof REFUSES_SCRIPTS> => {
    const words = await readLog(log);
    const stderr = sinceAnswers(said.stderr);
    const stdout = output();
    if (problem !== undefined) return failed(problem, stdout);
    if (code === NO_WAY) return failed(await whyNot(target, connection, at.verb, words, stderr), stdout);
    if (stdout !== undefined) return { code, stdout, stderr };
    if (stderr.includes(WORDS_ONLY)) return REFUSES_SCRIPTS;
    return failed(noShell(target, `${stderr}\n${said.stdout}`));
  });
  /** When what is sent is read by the script's commands. */
  const begun = () =>
    new Promise<void>((done) => {
      if (sent === undefined) done();
      else child.stdout.on('data', () => output() !== undefined && done());
      ended.then(() => done());
    });
  return { child, said, output, ended, at, begun };
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
  // The one thing that ssh does not write to its log.
  const closed = /^Connection to \S+ closed by remote host\.\s*$/m.test(stderr);
  return !closed && (await connection.lives()) ? endedThere(target, verb) : lost(target, verb);
}

/** Remarks about the way that are no reason for anything. */
const ownWords = (log: string): string =>
  log
    .split('\n')
    .filter((line) => !/^(\*\* |mux_client|Control ?[sS]ocket)/.test(line))
    .join('\n')
    .trim();

/** Resolves at the line `ready`, or when it has ended without. */
function untilReady(
  target: SshTarget,
  { child, said: heard, output, ended, at }: Launched,
  ready: string,
): Promise<Running | Ran | typeof REFUSES_SCRIPTS> {
  return new Promise((done) => {
    const look = () => {
      const said = output();
      if (said === undefined || !said.split('\n').slice(0, -1).includes(ready)) return;
      child.stdout.off('data', look);
      // It has begun, so it was not refused.
      const whole = ended as Promise<Ran>;
      const session = sessionOver(child, async (verb) => {
        at.verb = verb;
        // Each answer is told to who asked, and is large.
        heard.stderr = '';
        if (heard.stdout.length > said.length)
          heard.stdout = heard.stdout.slice(0, heard.stdout.indexOf(said) + said.length);
        const ran = await whole;
        return ran.code === NO_WAY ? ran : failed(endedThere(target, verb));
      });
      done({
        said,
        ended: whole,
        run: session.run,
        beat: () => void child.stdin.write('\n'),
        close: () => {
          child.stdin.end();
          return whole;
        },
      });
    };
    child.stdout.on('data', look);
    ended.then(done);
  });
}
