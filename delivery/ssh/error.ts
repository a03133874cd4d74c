import { hostKeyName } from '../../fabric/index.ts';
import type { Limits } from './limits.ts';
import type { GivenUp } from './session.ts';
import { howToPin, type SshTarget, type Unreachable } from './target.ts';

/** Why a router was not reached, from what ssh(1) itself says; never with anything of keys. */
export function explainSsh(log: string, target: SshTarget, verb: string): Unreachable {
  const told = { ...target, at: hostKeyName(target), verb, pin: howToPin(target), target };
  const found = CASES.find(({ pattern }) => pattern.test(log));
  return found === undefined ? unknown(log, target) : found.told(told);
}

/** The way is there, and the command ended without the script's doing. */
export const endedThere = (target: SshTarget, verb: string): Unreachable => ({
  message: `${verb} was ended at ${hostKeyName(target)} from outside; how far it got is not known`,
  fix: 'See whether the router is short of memory or was shutting down, and run it again.',
});

/** Nothing of the script was heard, though the account let us in. */
export const noShell = (target: SshTarget, said: string): Unreachable => ({
  message: `the account ${target.user} at ${hostKeyName(target)} runs no shell commands${firstLine(said)}`,
  fix: `Give it a shell: usermod --shell /bin/sh ${target.user}; a key with a forced command must have noencap's.`,
});

/** Somebody listens there, and nobody gets in. */
export const noEntry = (target: SshTarget, seconds: number): Unreachable => ({
  message: `${hostKeyName(target)} has not let ${target.user} in within ${seconds} s`,
  fix: 'See whether sshd and the login shell there are held up, and the way through a jump host.',
});

/** Why nobody waits for the answer to a verb any more. */
export function givenUp(target: SshTarget, verb: string, why: GivenUp, limits: Limits): Unreachable {
  const at = hostKeyName(target);
  const { seconds, bytes, lines, line } = limits.of(verb);
  if (why === 'stopped') return { message: `${verb} at ${at} was interrupted`, fix: 'Run it again.' };
  if (why !== 'much') {
    const when = why === 'late' ? `within ${seconds} s` : 'in time';
    return {
      message: `${verb} at ${at} has not ended ${when}; how far it got is not known`,
      fix: 'See what the router is busy with, and run it again.',
    };
  }
  return {
    message: `${at} answers to ${verb} with more than any answer has (${bytes} bytes, ${lines} lines, ${line} bytes in a line)`,
    fix: 'See what the account runs there; its shell must print nothing of its own.',
  };
}

export const lost = (target: SshTarget, verb: string): Unreachable => ({
  message: `the connection to ${hostKeyName(target)} was lost during ${verb}; how far it got is not known`,
  fix: 'See whether the router is up, and run it again.',
});

const unknown = (words: string, target: SshTarget): Unreachable => ({
  message: `ssh to ${hostKeyName(target)} failed${lastLine(words)}`,
  fix: `Try it by hand: ssh -p ${target.port} ${target.user}@${target.host}`,
});

/** The first line that is not empty, short and printable. */
function firstLine(text: string): string {
  const line = text
    .split('\n')
    .map((one) => one.replace(/[^\x20-\x7e]/g, '').trim())
    .find((one) => one !== '');
  return line === undefined ? '' : `: ${line.slice(0, 200).replace(/\.$/, '')}`;
}

const lastLine = (text: string): string => firstLine(text.split('\n').reverse().join('\n'));

/** So ssh calls a machine that it talks to through another program. */
export const throughProxy = (log: string): boolean => log.includes('UNKNOWN port 65535');

/** The jump host's ssh takes its host keys from the user's own files. */
export function explainProxy(said: string, target: SshTarget): Unreachable {
  const at = hostKeyName(target);
  const message = `the way to ${at} through its jump host failed${lastLine(said)}`;
  if (/REMOTE HOST IDENTIFICATION|host key is known|Host key verification failed/.test(said)) {
    return {
      message: `the jump host on the way to ${at} has not the host key that it must have`,
      fix: "Put its key, read at its own console, into your ~/.ssh/known_hosts, where ssh looks for a jump host's.",
    };
  }
  return {
    message,
    fix: 'Log in to the jump host by hand, as ~/.ssh/config has it, and from there try the port of the router.',
  };
}

interface Told extends SshTarget {
  readonly at: string;
  readonly verb: string;
  readonly pin: string;
  readonly target: SshTarget;
}

interface Case {
  readonly pattern: RegExp;
  readonly told: (told: Told) => Unreachable;
}

/** In this order: a changed key is also said to be a failed verification. */
const CASES: readonly Case[] = [
  {
    pattern: /spawn ssh ENOENT/,
    told: () => ({ message: 'ssh is not installed', fix: 'Install it: apt-get install openssh-client' }),
  },
  {
    pattern: /REVOKED HOST KEY/,
    told: ({ at, knownHosts }) => ({
      message: `${at} shows a host key that ${knownHosts} has as revoked`,
      fix: 'Give the router a new host key before anything else.',
    }),
  },
  {
    pattern: /REMOTE HOST IDENTIFICATION HAS CHANGED/,
    told: ({ at, knownHosts, pin }) => ({
      message: `${at} shows another host key than the one in ${knownHosts}: it is another machine, or somebody is in between`,
      fix: `Only if you know that the router has a new key: ssh-keygen -R '${at}' -f ${knownHosts}. ${pin}`,
    }),
  },
  {
    pattern: /No \S+ host key is known|Host key verification failed/,
    told: ({ at, knownHosts, pin }) => ({ message: `${knownHosts} has no host key of ${at}`, fix: pin }),
  },
  {
    pattern: /agent refused operation/,
    told: ({ at, user }) => ({
      message: `the agent does not sign for ${user} at ${at}`,
      fix: 'Add the key to the agent without -c, or where it can ask you; nothing is asked here.',
    }),
  },
  {
    pattern: /Permission denied|Too many authentication failures/,
    told: ({ at, user }) => ({
      message: `${at} does not let ${user} in`,
      fix: 'Load the key into the agent (ssh-add), and put its public half into authorized_keys on the router.',
    }),
  },
  {
    pattern: /Could not resolve hostname/,
    told: ({ host }) => ({
      message: `no address is known of ${host}`,
      fix: "Write an address under the router's ssh.host.",
    }),
  },
  {
    pattern: /connect to host .*: Connection refused/,
    told: ({ at }) => ({ message: `nothing listens at ${at}`, fix: 'Start sshd there, or mend ssh.port.' }),
  },
  {
    pattern: /No route to host|Network is unreachable/,
    told: ({ at }) => ({
      message: `there is no route to ${at}`,
      fix: 'See whether this machine has a way to the network of the router.',
    }),
  },
  { pattern: /Timeout, server/, told: ({ target, verb }) => lost(target, verb) },
  {
    pattern: /timed out/i,
    told: ({ at }) => ({
      message: `${at} does not answer`,
      fix: 'See whether the router is up and the way to it is open.',
    }),
  },
  {
    pattern: /no matching (host key|key exchange|cipher|mac)/i,
    told: ({ at }) => ({
      message: `this ssh and sshd at ${at} have no algorithm in common`,
      fix: 'Renew the older one.',
    }),
  },
  {
    pattern: /kex_exchange_identification|Connection (closed|reset) by .* port|banner exchange/,
    told: ({ at }) => ({
      message: `${at} hangs up before anybody has logged in`,
      fix: 'See what listens there: sshd, and whether it takes this many connections at once (MaxStartups).',
    }),
  },
  {
    pattern: /closed by remote host|Connection reset by peer|Broken pipe|client_loop|Read from remote/,
    told: ({ target, verb }) => lost(target, verb),
  },
];
