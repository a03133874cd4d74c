import { hostKeyName } from '../fabric/index.ts';
import { startProgram } from '../machine/index.ts';
import { howToPin, type SshTarget, type Unreachable } from './ssh-target.ts';

/**
 * Why a router would not be trusted, before anything is connected: undefined if known_hosts has a key for it, or an authority
 * that signs its key. Whether the router has that key, only a connection shows.
 */
export async function notPinned(target: SshTarget): Promise<Unreachable | undefined> {
  const { said, problem } = await found(hostKeyName(target), target.knownHosts);
  if (problem !== undefined) return problem;
  const keys = said.split('\n').filter((line) => line !== '' && !/^(#|@revoked\b)/.test(line));
  if (keys.length > 0) return undefined;
  return { says: `${target.knownHosts} has no host key of ${hostKeyName(target)}`, mend: howToPin(target) };
}

/** ssh-keygen reads the file as ssh does: with hashed names, patterns and marks. */
const found = (name: string, file: string): Promise<{ said: string; problem?: Unreachable }> =>
  new Promise((done) => {
    const child = startProgram('ssh-keygen', ['-F', name, '-f', file], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    let said = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      said += text;
    });
    child.on('error', () => {
      const problem = {
        says: 'ssh-keygen is not installed',
        mend: 'Install it: apt-get install openssh-client',
      };
      done({ said, problem });
    });
    child.on('close', () => done({ said }));
  });
