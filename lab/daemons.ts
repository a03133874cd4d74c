import { must, placeFiles } from './boot.ts';
import type { Lab } from './lab.ts';
import { hostFolder, type LabHost } from './model.ts';
import { startScript } from './wiring.ts';

/** The daemons that hosts have in addition to those of other hosts of the same name, with their files. */
export function daemonsBesides(others: ReadonlyMap<string, LabHost>, hosts: readonly LabHost[]): LabHost[] {
  return hosts
    .map((host) => {
      const othersDaemons = new Set(others.get(host.name)?.daemons.map(({ name }) => name));
      const files = others.get(host.name)?.files;
      return {
        ...host,
        daemons: host.daemons.filter(({ name }) => !othersDaemons.has(name)),
        files: new Map([...host.files].filter(([path]) => files?.has(path) !== true)),
      };
    })
    .filter(({ daemons }) => daemons.length > 0);
}

/** A machine that newly runs the IGP starts it before others depend on it. */
export async function begin(
  { holder }: Lab,
  { plan, programs }: Pick<Lab, 'plan' | 'programs'>,
  hosts: readonly LabHost[],
): Promise<void> {
  if (hosts.length === 0) return;
  placeFiles(holder, { ...plan, hosts });
  await must(holder, startScript({ ...plan, hosts }, programs), 'New daemons could not be started');
}

/** Ends them. */
export const killed = ({ name, daemons }: LabHost): string[] =>
  daemons.map((daemon) => `kill "$(cat ${hostFolder(name)}/${daemon.name}.pid)" || :`);
