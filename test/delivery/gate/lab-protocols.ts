import type { ProtocolState } from '../../../bird/answers/protocols.ts';
import { protocols as protocolsOf } from '../../../delivery/router.ts';
import { routerScript } from '../../../delivery/script/script.ts';
import { type RemoteCommand, words } from '../../../delivery/ssh/remote.ts';
import { hostFolder, type Lab } from '../../../lab/index.ts';

/** A router's protocols as its own script reports them. */
export async function protocols(lab: Lab, router: string): Promise<readonly ProtocolState[]> {
  const folder = hostFolder(router);
  const script = routerScript('protocols').replaceAll("'", `'\\''`);
  const run = (command: RemoteCommand) =>
    lab.holder.run(`sh -c '${script}' noencap ${words(command).join(' ')} </dev/null`);
  const seen = await protocolsOf(
    { run },
    { configDir: folder, mode: 'standalone', socket: `${folder}/bird.ctl` },
  );
  if (seen.failed !== undefined) throw new Error(seen.failed.message);
  return seen.done;
}
