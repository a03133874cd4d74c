import { hostKeyName } from '../../fabric/index.ts';
import { outputOf } from '../../machine/index.ts';
import { howToPin, type SshTarget, type Unreachable } from './target.ts';

/**
 * Why a router would not be trusted, before any connection: undefined if known_hosts has a key for it, or an authority
 * that signs its key. Only a connection shows whether the router has that key.
 */
export async function notPinned(target: SshTarget): Promise<Unreachable | undefined> {
  const { stdout, problem } = await entriesFor(hostKeyName(target), target.knownHosts);
  if (problem !== undefined) return problem;
  const keys = stdout.split('\n').filter((line) => line !== '' && !/^(#|@revoked\b)/.test(line));
  if (keys.length > 0) return undefined;
  return {
    message: `${target.knownHosts} has no host key for ${hostKeyName(target)}`,
    fix: howToPin(target),
  };
}

/** ssh-keygen reads the file as ssh does: with hashed names, patterns and markers. The time limit is for a pipe in its place, which never ends. */
async function entriesFor(name: string, file: string): Promise<{ stdout: string; problem?: Unreachable }> {
  const bounds = { seconds: 20, bytes: 2 ** 22 };
  const { code, stdout, stderr, wasKilled } = await outputOf('ssh-keygen', ['-F', name, '-f', file], bounds);
  if (code === undefined) {
    const fix = 'Install it: apt-get install openssh-client';
    return { stdout, problem: { message: 'ssh-keygen is not installed', fix } };
  }
  if (!wasKilled) return { stdout };
  return {
    stdout,
    problem: { message: `${file} cannot be read: ${stderr}`, fix: 'Check what is at that path.' },
  };
}
