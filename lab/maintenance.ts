import { type BootOptions, bootLab, must } from './boot.ts';
import { changeLab, type Delivered } from './change.ts';
import { cutOff, without } from './fail.ts';
import type { Refused } from './holder.ts';
import type { Lab } from './lab.ts';
import type { LabHost } from './model.ts';
import { labPlan } from './plan.ts';
import { ends, forgotten, starts } from './reboot.ts';
import { type Ride, startPings } from './rides.ts';
import { converged, type Settled, unsettled } from './settle.ts';

/** What each part of a router's maintenance costs. */
export interface Maintenance {
  readonly parts: readonly { readonly part: Part; readonly pairs: readonly Ride[] }[];
  /** Packets that the drained router still passed on within a second, while all pods pinged each other. */
  readonly passedOn: number;
}

/** In their order. `away`: the router is cut off; `back`: it starts, drained. */
export type Part = 'drain' | 'away' | 'back' | 'undrain';

export interface MaintenanceOptions extends BootOptions {
  readonly router: string;
  /** Renders the routers as `routerFiles` does, with this one drained. */
  readonly drained: BootOptions['routerFiles'];
  readonly waves: Delivered['waves'];
  readonly progress?: (step: string) => void;
}

/**
 * Boots the fabric, lets every pair of pods ping without a pause, and goes through a router's maintenance: it is drained, vanishes without a word, starts
 * as after a reboot, and is let back.
 */
export async function maintain(options: MaintenanceOptions): Promise<Maintenance | Refused> {
  const { router, drained, waves, progress = () => {}, ...boot } = options;
  progress('boot the network');
  const lab = await bootLab(boot);
  if ('message' in lab) return lab;
  try {
    const atFirst = unsettled(await converged(lab));
    if (atFirst !== undefined) return atFirst;
    const parts: { part: Part; pairs: readonly Ride[] }[] = [];
    let passedOn = 0;
    const during = async (
      part: Part,
      next: Lab,
      act: () => Promise<Settled>,
    ): Promise<Refused | undefined> => {
      progress(part);
      const pings = await startPings(lab, next);
      const settled = await act();
      if (part === 'drain') passedOn = await passedOnBy(lab, router);
      parts.push({ part, pairs: await pings.end() });
      return unsettled(settled);
    };
    const planOf = (files: BootOptions['routerFiles']) =>
      labPlan(lab.fabric, files, lab.programs.approximate ? 2 : 1, lab.plan);
    const change = async (from: Lab, files: BootOptions['routerFiles']): Promise<Lab> => {
      const next = {
        fabric: lab.fabric,
        plan: planOf(files),
        programs: lab.programs,
        expected: lab.expected,
      };
      return (await changeLab(from, next, { first: 'routers', waves }, undefined)).lab;
    };
    let left = lab;
    const drain = await during('drain', lab, async () => {
      left = await change(lab, drained);
      return converged(left);
    });
    if (drain !== undefined) return drain;
    const rest = without(left, [{ kind: 'router', name: router }]);
    const away = await during('away', rest, async () => {
      await cutOff(left, [router]);
      await forgotten(left, rest);
      return converged(rest);
    });
    if (away !== undefined) return away;
    const back = await during('back', rest, async () => {
      await must(lab.holder, startScript(left, router), `${router} could not be started again`);
      return converged(left);
    });
    if (back !== undefined) return back;
    const undrain = await during('undrain', lab, async () => converged(await change(left, boot.routerFiles)));
    return undrain ?? { parts, passedOn };
  } finally {
    await lab.holder.end();
  }
}

/** As after a reboot: the kernel has no routes of BIRD's, and its links are there before BIRD is. */
function startScript(lab: Lab, router: string): string {
  const host = lab.plan.hosts.find(({ name }) => name === router) as LabHost;
  const links = lab.plan.segments.flatMap(({ bridge, ports }) =>
    ports.filter((port) => port.host === router).map(({ port }) => `ip link set ${port} master ${bridge}`),
  );
  return ['set -u', ...ends(host), ...links, ...starts(lab, host)].join('\n');
}

/** The kernel counts what it passes on from one machine to another, and nothing of its own. */
async function passedOnBy({ holder }: Lab, router: string): Promise<number> {
  const { stdout } = await holder.run(`nsenter --net=/run/netns/${router} sh <<'END'
cat /proc/net/snmp /proc/net/snmp6; sleep 1; echo @; cat /proc/net/snmp /proc/net/snmp6
END`);
  const [before = 0, after = 0] = stdout.split('@\n').map((text) => {
    // The sixth number is ForwDatagrams.
    const [, ipv4 = 0] = /^Ip:(?: \d+){5} (\d+) /m.exec(text) ?? [];
    const [, ipv6 = 0] = /^Ip6OutForwDatagrams\s+(\d+)/m.exec(text) ?? [];
    return Number(ipv4) + Number(ipv6);
  });
  return after - before;
}
