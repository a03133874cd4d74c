import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { calicoNodeChanges, type Fabric } from '../fabric/index.ts';
import { askBird } from './birdc.ts';
import { addresses, hasIpv6, must, placeFiles } from './boot.ts';
import type { Changed } from './changed.ts';
import { begin, daemonsBesides, killed } from './daemons.ts';
import { settled } from './in-between.ts';
import type { Lab } from './lab.ts';
import { hostFolder, type LabHost, type LabPlan, type LabPod } from './model.ts';
import { plugIn, pullOut, rewire, unwire } from './rewire.ts';
import { rollNodes } from './roll.ts';
import { converged } from './settle.ts';
import { letPass } from './waits.ts';
import { batch, podChange, podRemade, startScript } from './wiring.ts';

/** An intermediate state of the cluster: its nodes' files, and the nodes that are absent. */
export interface Between {
  readonly plan: LabPlan;
  readonly away: ReadonlySet<string>;
}

/** How a change is delivered. */
export interface Delivered {
  readonly first: 'routers' | 'cluster';
  /** Splits routers that all get something into groups delivered at the same time, in the order of delivery. */
  readonly waves: (fabric: Fabric, routers: readonly string[]) => readonly (readonly string[])[];
}

/**
 * Turns a running lab into another one the way production would: new machines are plugged in and started, and new addresses
 * added; the files of the others change in place; routers are reconfigured wave by wave, each when the previous one has settled, then
 * the nodes, all at once as Calico does it (or restarted one after the other, if the operator replaces calico-node), or in reverse order
 * if the cluster is `first`; removed addresses and machines are unplugged last, when the others have converged without them.
 * A state `between` the two lasts for some seconds. Returns the resulting lab, and what was done.
 */
export async function changeLab(
  lab: Lab,
  next: Omit<Lab, 'holder' | 'machineOf' | 'hasIpv6'>,
  { first, waves }: Delivered,
  between: Between | undefined,
): Promise<{ lab: Lab; done: Changed[] }> {
  const { holder } = lab;
  const old = new Map(lab.plan.hosts.map((host) => [host.name, host]));
  const now = new Map(next.plan.hosts.map((host) => [host.name, host]));
  const added = next.plan.hosts.filter(({ name }) => !old.has(name));
  const stayed = next.plan.hosts.filter(({ name }) => old.has(name));
  const gone = lab.plan.hosts.filter(({ name }) => !now.has(name));
  const done: Changed[] = [];
  const inBetween = { ...lab, ...next, hasIpv6: lab.hasIpv6 || hasIpv6(next.plan) };

  await plugIn(lab, next.plan, added);
  await must(
    holder,
    [
      ...stayed.map((host) => rewire(old.get(host.name) as LabHost, host)),
      ...podsThatStay(lab.plan, next.plan).flatMap(([before, after]) => podChange(before, after)),
    ].join('\n'),
    'The rewiring failed',
  );
  placeFiles(holder, { ...next.plan, hosts: added });
  if (added.length > 0) {
    await must(
      holder,
      startScript({ ...next.plan, hosts: added }, next.programs),
      'New daemons could not be started',
    );
    done.push({ message: `started ${added.map(({ name }) => name).join(', ')}` });
  }
  await begin(lab, next, daemonsBesides(old, stayed));
  const changed = stayed.filter((host) => differs(old.get(host.name) as LabHost, host));
  const routers = changed.filter(({ kind }) => kind === 'router');
  const others = changed.filter(({ kind }) => kind !== 'router');
  const isRolled = calicoNodeChanges(lab.fabric, next.fabric).length > 0;
  const felix = new Map(
    podsThatStay(lab.plan, next.plan).map(([before, after]) => [after.node, podRemade(before, after)]),
  );
  const has = new Set(next.plan.hosts.map(({ name }) => name));
  for (const { name, kind } of stayed)
    if (kind === 'node' || routers.some((one) => one.name === name)) has.delete(name);
  const settle = async (delivered: readonly LabHost[]) => {
    for (const { name } of delivered) has.add(name);
    await settled(inBetween, lab.fabric, next.fabric, has);
  };
  const cluster = async () => {
    const touched = between === undefined ? [] : await throughBetween(lab, next, between, done);
    if (isRolled) await rollNodes(inBetween, stayed, felix, done, settle);
    else await configured(stayed.filter((host) => others.includes(host) || touched.includes(host.name)));
    if (first === 'cluster' && routers.length > 0) await settle(stayed.filter(({ kind }) => kind === 'node'));
  };
  const configured = async (hosts: readonly LabHost[]) => {
    if (hosts.length === 0) return;
    await reconfigure(lab, next.plan, hosts);
    done.push({ message: `configured ${hosts.map(({ name }) => name).join(', ')}` });
  };
  if (first === 'cluster') await cluster();
  for (const wave of waves(
    next.fabric,
    routers.map(({ name }) => name),
  )) {
    const delivered = routers.filter(({ name }) => wave.includes(name));
    await configured(delivered);
    await settle(delivered);
  }
  if (first === 'routers') await cluster();
  const changedLab = { ...inBetween, machineOf: await addresses(holder, next.plan) };
  const unwired = stayed
    .map((host) => ({ name: host.name, commands: unwire(old.get(host.name) as LabHost, host) }))
    .filter(({ commands }) => commands.length > 0);
  const ended = daemonsBesides(
    now,
    lab.plan.hosts.filter(({ name }) => now.has(name)),
  );
  if (gone.length + unwired.length + ended.length === 0) return { lab: changedLab, done };
  await converged(changedLab, { patience: UNTIL_UNUSED });
  const script = unwired.map(({ name, commands }) => batch(name, commands)).join('\n');
  await must(
    holder,
    [script, ...ended.flatMap(killed)].join('\n'),
    'Old addresses and links could not be removed',
  );
  await pullOut(lab, gone, next.plan);
  if (gone.length > 0) done.push({ message: `removed ${gone.map(({ name }) => name).join(', ')}` });
  return { lab: changedLab, done };
}

/** Minimum milliseconds of an engine from one wave to the next, and of a node from stop to restart. */
const WAVE = 3000;

/**
 * Nodes absent in between stop and restart; the others get their intermediate files. Returns those whose files
 * changed.
 */
async function throughBetween(
  lab: Lab,
  next: Pick<Lab, 'fabric' | 'plan' | 'programs'>,
  { plan, away }: Between,
  done: Changed[],
): Promise<string[]> {
  const old = new Map(lab.plan.hosts.map((host) => [host.name, host]));
  const felt = plan.hosts.filter(
    (host) => host.kind === 'node' && differs(old.get(host.name) as LabHost, host),
  );
  const gone = next.plan.hosts
    .filter(({ name }) => away.has(name))
    .map((host) => ({ ...host, daemons: host.daemons.filter(({ role }) => role === 'calico') }));
  const end = gone.flatMap(({ name, daemons }) => [
    ...daemons.map(
      (daemon) =>
        `kill -KILL "$(cat ${hostFolder(name)}/${daemon.name}.pid)"; rm -f ${hostFolder(name)}/${daemon.name}.ctl`,
    ),
    ...lab.fabric.pods.pools.map(
      ({ cidr }) =>
        `ip -n ${name} ${cidr.family === 'ipv6' ? '-6' : '-4'} route flush root ${cidr.text} proto bird`,
    ),
  ]);
  await must(lab.holder, ['set -eu', ...end].join('\n'), 'A node could not be removed from the cluster');
  if (felt.length > 0) await reconfigure(lab, plan, felt);
  const names = [...felt, ...gone].map(({ name }) => name);
  done.push({ message: `configured ${names.join(', ')} as in between` });
  await letPass(lab, WAVE);
  placeFiles(lab.holder, { ...next.plan, hosts: gone });
  if (gone.length > 0) {
    await must(
      lab.holder,
      startScript({ ...next.plan, hosts: gone }, next.programs),
      'A node could not rejoin',
    );
  }
  return names;
}

/** Milliseconds: a machine whose links the others' IGP prefers is used until it goes. */
const UNTIL_UNUSED = 10_000;

function podsThatStay(before: LabPlan, after: LabPlan): [LabPod, LabPod][] {
  const podByNode = new Map(before.pods.map((pod) => [pod.node, pod]));
  return after.pods.flatMap((pod): [LabPod, LabPod][] => {
    const earlier = podByNode.get(pod.node);
    return earlier === undefined ? [] : [[earlier, pod]];
  });
}

const differs = (before: LabHost, after: LabHost): boolean =>
  JSON.stringify([...before.files]) !== JSON.stringify([...after.files]);

/** All files first; then every daemon is reconfigured and its reply checked. */
async function reconfigure({ holder }: Lab, plan: LabPlan, hosts: readonly LabHost[]): Promise<void> {
  for (const { name, files } of hosts) {
    for (const path of readdirSync(holder.path(hostFolder(name)), { recursive: true, encoding: 'utf8' })) {
      if (path.endsWith('.conf') && !files.has(path)) rmSync(join(holder.path(hostFolder(name)), path));
    }
  }
  placeFiles(holder, { ...plan, hosts });
  const replies = await Promise.all(
    hosts.flatMap(({ name, daemons }) =>
      daemons.map(async (daemon) => {
        const reply = await askBird(holder.path(`${hostFolder(name)}/${daemon.name}.ctl`), 'configure');
        return { name, reply };
      }),
    ),
  );
  const refused = replies.find(({ reply }) => reply === undefined || reply.code >= 8000);
  if (refused !== undefined)
    throw new Error(`${refused.name} rejects its new configuration: ${refused.reply?.text ?? 'no answer'}`);
}
