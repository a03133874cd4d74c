import { spawnSync } from 'node:child_process';

/** Fails the test that needs a program which scripts/setup-tests.sh installs. */
export function mustHave(...programs: readonly string[]): void {
  for (const program of programs)
    if (spawnSync('sh', ['-c', `command -v ${program}`]).status !== 0)
      throw new Error(`${program} is missing. Run: scripts/setup-tests.sh`);
}
