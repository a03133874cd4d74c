import { bgpStates } from '../bird/answers/protocols.ts';
import { type RibRoute, ribRoutes } from '../bird/answers/routes.ts';
import { askBird } from './birdc.ts';
import type { Lab } from './lab.ts';
import { hostFolder } from './model.ts';

/** By host: the BGP routes of its routers' tables, or of both daemons of a node. */
export async function readRibs(lab: Lab): Promise<ReadonlyMap<string, readonly RibRoute[]>> {
  const tables = new Map(lab.fabric.routers.map(({ name, bird }) => [name, Object.values(bird.tables)]));
  const asked = lab.plan.hosts.flatMap((host) =>
    host.daemons
      .filter(({ role }) => role !== 'igp')
      .map(async ({ name, role }): Promise<[string, RibRoute[]]> => {
        const socket = lab.holder.path(`${hostFolder(host.name)}/${name}.ctl`);
        const ask = async (command: string) => (await askBird(socket, command))?.text ?? '';
        const peers = new Map(
          bgpStates(await ask('show protocols all')).map((state) => [state.name, state.neighbor]),
        );
        const shown =
          role === 'router'
            ? (tables.get(host.name) ?? []).map((table) => ask(`show route all table ${table}`))
            : [ask('show route all')];
        return [host.name, (await Promise.all(shown)).flatMap((text) => ribRoutes(text, peers))];
      }),
  );
  const ribs = new Map<string, RibRoute[]>();
  for (const [host, routes] of await Promise.all(asked))
    ribs.set(host, [...(ribs.get(host) ?? []), ...routes]);
  return ribs;
}
