import { type Connection, sharedConnection } from './connection.ts';
import { endedThere } from './error.ts';
import { failed, type Launched, type Launching, launch, NO_WAY, REFUSES_SCRIPTS } from './launch.ts';
import { LIMITS, type Limits } from './limits.ts';
import type { Access, Ran, Remote, Running } from './remote.ts';
import { reasonOf, sessionOver } from './session.ts';
import { oddTarget, type SshTarget } from './target.ts';

export type { SshTarget } from './target.ts';

export interface SshAccount {
  /**
   * The script to send along. An account that runs noencap's forced command refuses it, and gets only words from then on:
   * the kind of account need not be configured. Undefined: never sent.
   */
  readonly script: ((verb: string) => string) | undefined;
}

/**
 * A router over the system's OpenSSH client, so that ProxyJump, agents, certificates and everything else in ~/.ssh/config keep working.
 * Commands share one connection. A router that is late is given up, and so is one that says too much.
 */
export function sshRemote(target: SshTarget, account: SshAccount, limits: Limits = LIMITS): Remote {
  const connection = sharedConnection(target, limits);
  const launching = { target, limits, script: account.script };
  return {
    ...accessOver(launching, connection),
    fresh: () => accessOver(launching, connection.apart()),
    end: connection.end,
  };
}

/** How to launch, adjusted to what is learned about the account. */
type Adjustable = { -readonly [K in keyof Launching]: Launching[K] };

function accessOver(launching: Adjustable, connection: Connection): Access {
  /** Sends only the words if the account turns out to refuse scripts: nothing has run by then. */
  async function asTaken<R extends Ran | Running>(attempt: () => Promise<R | typeof REFUSES_SCRIPTS>) {
    const first = await attempt();
    if (first !== REFUSES_SCRIPTS) return first;
    launching.script = undefined;
    return (await attempt()) as R;
  }
  const odd = oddTarget(launching.target);
  return {
    run: async (command, input, stop) =>
      odd === undefined
        ? asTaken(() => {
            const how = { stop, uploads: input?.length };
            const { begun, child, ended } = launch(launching, connection, command, how);
            if (input === undefined) child.stdin.end();
            else begun.then(() => child.stdin.end(input));
            return ended;
          })
        : failed(odd),
    start: async (command, ready, stop) =>
      odd === undefined
        ? asTaken(() =>
            untilReady(launching, launch(launching, connection, command, { stop }), command.verb, ready),
          )
        : failed(odd),
  };
}

/** Resolves at the line `ready`, or when the command has ended before that. */
function untilReady(
  { target, limits }: Launching,
  launched: Launched,
  verb: string,
  ready: string,
): Promise<Running | Ran | typeof REFUSES_SCRIPTS> {
  const { child, output, ended } = launched;
  return new Promise((done) => {
    const look = () => {
      const firstOutput = output();
      if (firstOutput === undefined || !firstOutput.split('\n').slice(0, -1).includes(ready)) return;
      child.stdout.off('data', look);
      launched.within(undefined);
      // It has begun, so the script was not refused.
      const whole = ended as Promise<Ran>;
      const unanswered = async (asked: string) => {
        const ran = await whole;
        return ran.code === NO_WAY ? ran : failed(endedThere(target, asked));
      };
      const { run } = sessionOver(child, { ...launched, unanswered }, limits);
      const close = (stop?: AbortSignal) => {
        launched.within(limits.of(verb).seconds);
        const onStop = () => launched.giveUp(verb, reasonOf(stop));
        if (stop?.aborted === true) onStop();
        stop?.addEventListener('abort', onStop, { once: true });
        child.stdin.end();
        return whole.finally(() => stop?.removeEventListener('abort', onStop));
      };
      done({ firstOutput, ended: whole, run, beat: () => void child.stdin.write('\n'), close });
    };
    child.stdout.on('data', look);
    ended.then(done);
  });
}
