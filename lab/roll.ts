import { must, placeFiles } from './boot.ts';
import type { Changed } from './changed.ts';
import type { Lab } from './lab.ts';
import { hostFolder, type LabHost } from './model.ts';
import { startCommand } from './wiring.ts';

/** Seconds that a pod takes to be replaced, at least. */
const AWAY = 1;

/**
 * The effect of a new version or setting of calico-node: the DaemonSet replaces it on one node after the other (maxUnavailable 1). The
 * old BIRD is killed without closing its sessions, so its peers keep its routes (RFC 4724 section 4.2); the kernel keeps its
 * routes (`persist`); the new one starts with `-R`, which waits for its peers before it removes any. `felix`: what the new
 * calico-node does to the node's own routes before that. `settle`: the next node waits until what can be up by then is up.
 */
export async function rollNodes(
  lab: Lab,
  hosts: readonly LabHost[],
  felix: ReadonlyMap<string, readonly string[]>,
  done: Changed[],
  settle: (replaced: readonly LabHost[]) => Promise<void>,
): Promise<void> {
  const { holder, plan, programs } = lab;
  for (const host of hosts.filter(({ kind }) => kind === 'node')) {
    const calicoDaemons = host.daemons.filter(({ role }) => role === 'calico');
    placeFiles(holder, { ...plan, hosts: [host] });
    const at = (name: string, end: string) => `${hostFolder(host.name)}/${name}.${end}`;
    const commands = [
      ...calicoDaemons.map(({ name }) => `kill -KILL "$(cat ${at(name, 'pid')})"; rm -f ${at(name, 'ctl')}`),
      `sleep ${AWAY}`,
      ...(felix.get(host.name) ?? []),
      ...calicoDaemons.map((daemon) => startCommand(host.name, daemon, programs)),
    ];
    await must(
      holder,
      ['set -eu', ...commands].join('\n'),
      `calico-node on ${host.name} could not be rolled`,
    );
    done.push({ message: `replaced calico-node on ${host.name} with ${lab.fabric.calico.version}` });
    await settle([host]);
  }
}
