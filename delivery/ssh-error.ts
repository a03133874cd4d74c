import type { SshTarget } from './ssh.ts';

/** Why a router was not reached, from what ssh(1) says on stderr; never with anything of keys. */
export function explainSsh(
  stderr: string,
  { host, user, port, knownHosts }: SshTarget,
): { readonly says: string; readonly mend: string } {
  const at = port === 22 ? host : `[${host}]:${port}`;
  const found = CASES.find(({ pattern }) => pattern.test(stderr));
  if (found !== undefined) return found.told({ at, host, user, knownHosts });
  const last = stderr.trim().split('\n').at(-1) ?? '';
  return {
    says: `ssh to ${at} failed: ${last.slice(0, 300)}`,
    mend: `Try it by hand: ssh -p ${port} ${user}@${host}`,
  };
}

interface Told {
  readonly at: string;
  readonly host: string;
  readonly user: string;
  readonly knownHosts: string;
}

interface Case {
  readonly pattern: RegExp;
  readonly told: (told: Told) => { readonly says: string; readonly mend: string };
}

/** Read at the router's own console: what anybody else says is its key may be somebody else's. */
const PIN = "On the router's console: cat /etc/ssh/ssh_host_ed25519_key.pub";

/** In this order: a changed key is also said to be a failed verification. */
const CASES: readonly Case[] = [
  {
    pattern: /command not found/,
    told: () => ({ says: 'ssh is not installed', mend: 'Install it: apt-get install openssh-client' }),
  },
  {
    pattern: /REMOTE HOST IDENTIFICATION HAS CHANGED/,
    told: ({ at, knownHosts }) => ({
      says: `${at} shows another host key than the one in ${knownHosts}: it is another machine, or somebody is in between`,
      mend: `If the router has a new key: ${PIN}, and put that into ${knownHosts}.`,
    }),
  },
  {
    pattern: /No \S+ host key is known|Host key verification failed/,
    told: ({ at, knownHosts }) => ({
      says: `${knownHosts} has no host key of ${at}`,
      mend: `${PIN}, and put it there as: ${at} ssh-ed25519 AAAA...`,
    }),
  },
  {
    pattern: /Permission denied|Too many authentication failures/,
    told: ({ at, user }) => ({
      says: `${at} does not let ${user} in`,
      mend: 'Load the key into the agent, and put its public half into authorized_keys on the router.',
    }),
  },
  {
    pattern: /Could not resolve hostname/,
    told: ({ host }) => ({
      says: `no address is known of ${host}`,
      mend: "Write an address under the router's ssh.host.",
    }),
  },
  {
    pattern: /Connection refused/,
    told: ({ at }) => ({ says: `nothing listens at ${at}`, mend: 'Start sshd there, or mend ssh.port.' }),
  },
  {
    pattern: /timed out|No route to host|Network is unreachable|Timeout, server/i,
    told: ({ at }) => ({
      says: `${at} does not answer`,
      mend: 'See whether the router is up and the way to it is open.',
    }),
  },
  {
    pattern: /Connection (closed|reset)|closed by remote host|Broken pipe|kex_exchange_identification/,
    told: ({ at }) => ({
      says: `the connection to ${at} was lost`,
      mend: 'See whether the router is up, and run it again.',
    }),
  },
];
