import { hostKeyName } from '../../fabric/index.ts';
import type { Limits } from './limits.ts';
import type { GivenUp } from './session.ts';
import { howToPin, type SshTarget, type Unreachable } from './target.ts';

/** Why a router was not reached, from what ssh(1) itself logs; never with any part of a key. */
export function explainSsh(log: string, target: SshTarget, verb: string): Unreachable {
  const facts = { ...target, at: hostKeyName(target), verb, pin: howToPin(target), target };
  const match = CASES.find(({ pattern }) => pattern.test(log));
  return match === undefined ? unknown(log, target) : match.explain(facts);
}

/** The connection is up, but the command ended, and not by the script. */
export const endedThere = (target: SshTarget, verb: string): Unreachable => ({
  message: `${verb} was ended from outside at ${hostKeyName(target)}; how far it got is unknown`,
  fix: 'Check whether the router is short of memory or was shutting down, and run it again.',
});

/** The login succeeded, but the script never started. */
export const noShell = (target: SshTarget, output: string): Unreachable => ({
  message: `the account ${target.user} at ${hostKeyName(target)} runs no shell commands${firstLine(output)}`,
  fix: `Give it a shell: usermod --shell /bin/sh ${target.user}; a key with a forced command must use noencap's.`,
});

/** Something listens there, but the login does not complete. */
export const noEntry = (target: SshTarget, seconds: number): Unreachable => ({
  message: `${hostKeyName(target)} did not let ${target.user} in within ${seconds} s`,
  fix: 'Check whether sshd or the login shell there hangs, and check the path through a jump host.',
});

/** Why the answer to a verb is no longer waited for. */
export function givenUp(target: SshTarget, verb: string, why: GivenUp, limits: Limits): Unreachable {
  const at = hostKeyName(target);
  const { seconds, bytes, lines, line } = limits.of(verb);
  if (why === 'stopped') return { message: `${verb} at ${at} was interrupted`, fix: 'Run it again.' };
  if (why !== 'much') {
    const when = why === 'late' ? `within ${seconds} s` : 'in time';
    return {
      message: `${verb} at ${at} did not end ${when}; how far it got is unknown`,
      fix: 'Check what the router is busy with, and run it again.',
    };
  }
  return {
    message: `${at} answers ${verb} with more than any valid answer has (${bytes} bytes, ${lines} lines, ${line} bytes in a line)`,
    fix: 'Check what the account runs there; its shell must print nothing of its own.',
  };
}

export const disconnected = (target: SshTarget, verb: string): Unreachable => ({
  message: `the connection to ${hostKeyName(target)} was lost during ${verb}; how far it got is unknown`,
  fix: 'Check whether the router is up, and run it again.',
});

const unknown = (words: string, target: SshTarget): Unreachable => ({
  message: `ssh to ${hostKeyName(target)} failed${lastLine(words)}`,
  fix: `Try it by hand: ssh -p ${target.port} ${target.user}@${target.host}`,
});

/** The first line that is not empty, shortened and made printable. */
function firstLine(text: string): string {
  const line = text
    .split('\n')
    .map((one) => one.replace(/[^\x20-\x7e]/g, '').trim())
    .find((one) => one !== '');
  return line === undefined ? '' : `: ${line.slice(0, 200).replace(/\.$/, '')}`;
}

const lastLine = (text: string): string => firstLine(text.split('\n').reverse().join('\n'));

/** ssh's name for a machine that it reaches through another program. */
export const throughProxy = (log: string): boolean => log.includes('UNKNOWN port 65535');

/** The ssh to a jump host reads host keys from the user's own files. */
export function explainProxy(log: string, target: SshTarget): Unreachable {
  const at = hostKeyName(target);
  const message = `the connection to ${at} through its jump host failed${lastLine(log)}`;
  if (/REMOTE HOST IDENTIFICATION|host key is known|Host key verification failed/.test(log)) {
    return {
      message: `the jump host on the way to ${at} does not have the host key that is expected`,
      fix: 'Put its key, read at its own console, into your ~/.ssh/known_hosts, where ssh looks for the keys of jump hosts.',
    };
  }
  return {
    message,
    fix: "Log in to the jump host by hand, as ~/.ssh/config has it, and try the router's port from there.",
  };
}

interface Facts extends SshTarget {
  readonly at: string;
  readonly verb: string;
  readonly pin: string;
  readonly target: SshTarget;
}

interface Case {
  readonly pattern: RegExp;
  readonly explain: (facts: Facts) => Unreachable;
}

/** The order matters: ssh reports a changed key also as a failed verification. */
const CASES: readonly Case[] = [
  {
    pattern: /spawn ssh ENOENT/,
    explain: () => ({ message: 'ssh is not installed', fix: 'Install it: apt-get install openssh-client' }),
  },
  {
    pattern: /REVOKED HOST KEY/,
    explain: ({ at, knownHosts }) => ({
      message: `${at} presents a host key that ${knownHosts} lists as revoked`,
      fix: 'Give the router a new host key before anything else.',
    }),
  },
  {
    pattern: /REMOTE HOST IDENTIFICATION HAS CHANGED/,
    explain: ({ at, knownHosts, pin }) => ({
      message: `${at} presents a different host key than the one in ${knownHosts}: it is another machine, or somebody is in between`,
      fix: `Only if you know that the router has a new key: ssh-keygen -R '${at}' -f ${knownHosts}. ${pin}`,
    }),
  },
  {
    pattern: /No \S+ host key is known|Host key verification failed/,
    explain: ({ at, knownHosts, pin }) => ({ message: `${knownHosts} has no host key for ${at}`, fix: pin }),
  },
  {
    pattern: /agent refused operation/,
    explain: ({ at, user }) => ({
      message: `the agent refuses to sign for ${user} at ${at}`,
      fix: 'Add the key to the agent without -c, or where it can ask you; noencap asks nothing.',
    }),
  },
  {
    pattern: /Permission denied|Too many authentication failures/,
    explain: ({ at, user }) => ({
      message: `${at} does not let ${user} in`,
      fix: 'Load the key into the agent (ssh-add), and put its public half into authorized_keys on the router.',
    }),
  },
  {
    pattern: /Could not resolve hostname/,
    explain: ({ host }) => ({
      message: `${host} does not resolve to an address`,
      fix: 'Set ssh.host of the router to an address.',
    }),
  },
  {
    pattern: /connect to host .*: Connection refused/,
    explain: ({ at }) => ({ message: `nothing listens at ${at}`, fix: 'Start sshd there, or fix ssh.port.' }),
  },
  {
    pattern: /No route to host|Network is unreachable/,
    explain: ({ at }) => ({
      message: `there is no route to ${at}`,
      fix: 'Check whether this machine has a route to the network of the router.',
    }),
  },
  { pattern: /Timeout, server/, explain: ({ target, verb }) => disconnected(target, verb) },
  {
    pattern: /timed out/i,
    explain: ({ at }) => ({
      message: `${at} does not answer`,
      fix: 'Check whether the router is up and the path to it is open.',
    }),
  },
  {
    pattern: /no matching (host key|key exchange|cipher|mac)/i,
    explain: ({ at }) => ({
      message: `this ssh and sshd at ${at} have no algorithm in common`,
      fix: 'Upgrade the older one.',
    }),
  },
  {
    pattern: /kex_exchange_identification|Connection (closed|reset) by .* port|banner exchange/,
    explain: ({ at }) => ({
      message: `${at} closes the connection before login`,
      fix: 'Check that sshd listens there, and accepts this many connections at once (MaxStartups).',
    }),
  },
  {
    pattern: /closed by remote host|Connection reset by peer|Broken pipe|client_loop|Read from remote/,
    explain: ({ target, verb }) => disconnected(target, verb),
  },
];
