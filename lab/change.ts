import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { askBird } from './birdc.ts';
import { addresses, converged, type Lab, must, placeFiles } from './boot.ts';
import { hostFolder, type LabHost, type LabInterface, type LabPlan } from './plan.ts';
import { rollNodes } from './roll.ts';
import { batch, startScript, wiringScript } from './wiring.ts';

/** What one step of a change did, for people. */
export interface Changed {
  readonly says: string;
}

/**
 * Turns a running lab into another one the way production would: new machines are plugged in and started; addresses and
 * files of the others change in place; each router is reconfigured after the other, then the nodes, all at once as Calico
 * does it (or one after the other restarted, where its version changes), or the other way round where the cluster is `first`;
 * machines that are no more are pulled out last, when the others have found their ways without them. Returns the lab that it is
 * then, and what was done.
 */
export async function changeLab(
  lab: Lab,
  next: Omit<Lab, 'holder' | 'machineOf'>,
  first: 'routers' | 'cluster' = 'routers',
): Promise<{ lab: Lab; done: Changed[] }> {
  const { holder } = lab;
  const old = new Map(lab.plan.hosts.map((host) => [host.name, host]));
  const now = new Map(next.plan.hosts.map((host) => [host.name, host]));
  const added = next.plan.hosts.filter(({ name }) => !old.has(name));
  const stayed = next.plan.hosts.filter(({ name }) => old.has(name));
  const gone = lab.plan.hosts.filter(({ name }) => !now.has(name));
  const done: Changed[] = [];

  await plugIn(lab, next.plan, added);
  await must(
    holder,
    stayed.map((host) => rewire(old.get(host.name) as LabHost, host)).join('\n'),
    'The rewiring failed',
  );
  placeFiles(holder, { ...next.plan, hosts: added });
  if (added.length > 0) {
    await must(
      holder,
      startScript({ ...next.plan, hosts: added }, next.programs),
      'New daemons could not be started',
    );
    done.push({ says: `started ${added.map(({ name }) => name).join(', ')}` });
  }
  const changed = stayed.filter((host) => differs(old.get(host.name) as LabHost, host));
  const routers = changed.filter(({ kind }) => kind === 'router').map((router) => [router]);
  const others = changed.filter(({ kind }) => kind !== 'router');
  const isRolled = lab.fabric.calico.version !== next.fabric.calico.version;
  const cluster = async () => {
    if (isRolled) await rollNodes({ ...lab, ...next }, stayed, done);
    else await configured(others);
  };
  const configured = async (hosts: readonly LabHost[]) => {
    if (hosts.length === 0) return;
    await reconfigure(lab, next.plan, hosts);
    done.push({ says: `configured ${hosts.map(({ name }) => name).join(', ')}` });
  };
  if (first === 'cluster') await cluster();
  for (const router of routers) await configured(router);
  if (first === 'routers') await cluster();
  const changedLab = { ...next, holder, machineOf: await addresses(holder, next.plan) };
  if (gone.length > 0) {
    await converged(changedLab, { within: UNTIL_UNUSED });
    await pullOut(lab, gone, next.plan);
    done.push({ says: `removed ${gone.map(({ name }) => name).join(', ')}` });
  }
  return { lab: changedLab, done };
}

/** Milliseconds: a machine whose links the IGP of the others prefers until it goes is used for as long as it is there. */
const UNTIL_UNUSED = 10_000;

const differs = (before: LabHost, after: LabHost): boolean =>
  JSON.stringify([...before.files]) !== JSON.stringify([...after.files]);

/** New segments, the ports of what is new on the old ones, and everything of new machines with their pods. */
async function plugIn({ plan, holder }: Lab, next: LabPlan, added: readonly LabHost[]): Promise<void> {
  const known = new Set(plan.segments.flatMap(({ ports }) => ports.map(({ port }) => port)));
  const bridges = new Set(plan.segments.map(({ bridge }) => bridge));
  const names = new Set(added.map(({ name }) => name));
  const part: LabPlan = {
    segments: next.segments.map((segment) => ({
      ...segment,
      ports: segment.ports.filter(({ port }) => !known.has(port)),
    })),
    hosts: added,
    pods: next.pods.filter(({ node }) => names.has(node)),
  };
  await must(holder, wiringScript(part, bridges), 'New machines could not be wired');
  const before = new Map(plan.segments.map(({ name, mtu }) => [name, mtu]));
  const resized = next.segments.filter(({ name, mtu }) => before.has(name) && before.get(name) !== mtu);
  const ports = resized.flatMap(({ mtu, ports: all }) =>
    all.map(({ port }) => `link set ${port} mtu ${mtu}`),
  );
  await must(holder, batch(undefined, ports), 'MTUs could not be changed');
}

/** Addresses, MTUs and default routes of a host that stays. */
function rewire(before: LabHost, after: LabHost): string {
  const old = new Map(before.interfaces.map((one) => [one.segment, one]));
  const now = new Set(after.interfaces.map(({ segment }) => segment));
  const texts = (one: LabInterface | undefined) =>
    (one?.addresses ?? []).map(({ address, length }) => `${address.text}/${length}`);
  const lines = after.interfaces.flatMap((one) => {
    const earlier = old.get(one.segment);
    const [had, has] = [texts(earlier), texts(one)];
    return [
      ...has.filter((text) => !had.includes(text)).map((text) => `addr add ${text} dev ${one.name}`),
      ...had.filter((text) => !has.includes(text)).map((text) => `addr del ${text} dev ${one.name}`),
      ...(earlier === undefined ? [`link set ${one.name} up`] : []),
      ...(earlier !== undefined && earlier.mtu !== one.mtu ? [`link set ${one.name} mtu ${one.mtu}`] : []),
    ];
  });
  const left = before.interfaces
    .filter(({ segment }) => !now.has(segment))
    .map(({ name }) => `link del ${name}`);
  const own = (host: LabHost) =>
    host.loopback.map(({ text, family }) => `${text}/${family === 'ipv4' ? 32 : 128}`);
  const loopback = [
    ...own(after)
      .filter((text) => !own(before).includes(text))
      .map((text) => `addr add ${text} dev lo`),
    ...own(before)
      .filter((text) => !own(after).includes(text))
      .map((text) => `addr del ${text} dev lo`),
  ];
  const via = after.defaultVia.map(({ text }) => text).join();
  const routes =
    via === before.defaultVia.map(({ text }) => text).join()
      ? []
      : after.defaultVia.map(({ text }) => `route replace default via ${text} proto static`);
  return batch(after.name, [...lines, ...left, ...loopback, ...routes]);
}

/** Files first, all of them; then every daemon is told, and what it says to it is an error or none. */
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
    throw new Error(`${refused.name} refuses its new configuration: ${refused.reply?.text ?? 'no answer'}`);
}

async function pullOut({ holder, plan }: Lab, gone: readonly LabHost[], next: LabPlan): Promise<void> {
  const names = new Set(gone.map(({ name }) => name));
  const pods = plan.pods.filter(({ node }) => names.has(node));
  const ports = new Set(next.segments.flatMap((segment) => segment.ports.map(({ port }) => port)));
  const left = plan.segments.flatMap((segment) => segment.ports).filter(({ port }) => !ports.has(port));
  const kills = gone.flatMap(({ name, daemons }) =>
    daemons.map((daemon) => `kill "$(cat ${hostFolder(name)}/${daemon.name}.pid)" || :`),
  );
  const commands = [
    ...kills,
    ...left.map(({ port }) => `ip link del ${port} 2>/dev/null || :`),
    ...[...names, ...pods.map(({ netns }) => netns)].map((name) => `ip netns del ${name}`),
  ];
  await holder.run(commands.join('\n'));
}
