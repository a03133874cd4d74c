import { NOENCAP } from '../topology/own-command.ts';
import type { Refused } from './holder.ts';

/** Network namespaces are Linux's: elsewhere, the container that has them. `root` is noencap's own folder, from the working folder. */
export function needsLinux(platform: NodeJS.Platform, root: string): Refused | undefined {
  if (platform === 'linux') return undefined;
  const within = root === '' || root === '.' ? '' : `${root.replaceAll('\\', '/')}/`;
  return {
    message: 'the lab needs Linux: it runs BIRD in network namespaces',
    fix: `Run it in a container: ${build(within)} && ${run(within)}`,
  };
}

const build = (within: string): string =>
  `docker build -t noencap -f ${within}.devcontainer/Containerfile ${within}.devcontainer`;

/** What namespaces and their /proc need, and a container does not have by default. */
export const RIGHTS = [
  '--cap-add=NET_ADMIN',
  '--cap-add=SYS_ADMIN',
  '--security-opt=seccomp=unconfined',
  '--security-opt=apparmor=unconfined',
  '--security-opt=systempaths=unconfined',
] as const;

/** A clone's packages contain programs of the system that installed them: the container has its own. */
const run = (within: string): string =>
  NOENCAP === 'bin/noencap'
    ? `docker run --rm ${RIGHTS.join(' ')} -v .:/work -v /work/node_modules noencap "npm ci && scripts/setup-lab.sh && bin/noencap lab"`
    : `docker run --rm ${RIGHTS.join(' ')} -v .:/work noencap "${within}scripts/setup-lab.sh && npx noencap lab"`;
