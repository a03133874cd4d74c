import { routerScript } from '../../delivery/index.ts';
import type { Line } from '../../delivery/ssh/remote.ts';
import { words } from '../../delivery/ssh/remote.ts';
import { hostFolder, type Lab } from '../../lab/index.ts';
import { lookOver } from '../../live/routers/look.ts';
import { shellWord } from '../../topology/shell-word.ts';
import { type Verdict, verifyRouters } from '../../verify/index.ts';
import { put } from '../delivery/bird.ts';

/** What `verify` says of the routers of a lab, over the script of `ship` without SSH. Their files are the lab's own, and not looked at. */
export async function verifyIn({ holder, plan, fabric }: Lab): Promise<Verdict[]> {
  put(holder.path('/run/noencap.sh'), routerScript());
  const routers = plan.hosts.filter(({ kind }) => kind === 'router');
  const looks = await Promise.all(
    routers.map(({ name, files }) => {
      const line: Line = {
        run: (command) =>
          holder.run(
            `nsenter --net=/run/netns/${name} sh /run/noencap.sh ${words(command).map(shellWord).join(' ')} </dev/null`,
          ),
      };
      return lookOver(line, {
        router: name,
        settings: {
          configDir: hostFolder(name),
          mode: 'standalone',
          socket: `${hostFolder(name)}/bird.ctl`,
          birdc: '/usr/sbin/birdc',
        },
        files,
        drainedFiles: () => new Map(),
        sysctls: new Map(),
        pools: fabric.pods.pools.map(({ cidr }) => cidr),
      });
    }),
  );
  return verifyRouters(fabric, looks).filter(({ kind }) => !OF_FILES.includes(kind));
}

const OF_FILES: readonly Verdict['kind'][] = [
  'files',
  'files-edited',
  'not-delivered',
  'configuration',
  'configuration-not-read',
];
