import {
  askBird,
  bootLab,
  converged,
  findLab,
  forgetLab,
  hostFolder,
  type Lab,
  labsFolder,
  rememberLab,
} from '../lab/index.ts';
import { type OwnFolder, startProgram } from '../machine/index.ts';
import { routerFiles } from '../routers/index.ts';
import { NOENCAP } from '../topology/own-command.ts';
import { listed } from '../topology/suggest.ts';
import { documentOf } from './document.ts';
import type { Body } from './documents/index.ts';
import { EXIT, type ExitCode } from './exit.ts';
import { readInput } from './input.ts';
import { type LabOptions, prepareLab, refuseLab } from './lab-input.ts';
import { refuse } from './refusal.ts';
import type { Terminal } from './terminal.ts';

/** `lab up`: a lab that stays until `lab down`. */
export async function labUp(options: Pick<LabOptions, 'topology'>, terminal: Terminal): Promise<ExitCode> {
  const prepared = await prepareLab({ ...options, fail: [], keep: true }, terminal);
  if ('code' in prepared) return prepared.code;
  const { fabric, programs } = prepared;
  const folder = folderFor(fabric.name, terminal);
  if ('code' in folder) return folder.code;
  const booted = await bootLab({ fabric, routerFiles, programs });
  if ('message' in booted) return refuseLab(booted, terminal);
  const { unsettled } = await converged(booted);
  await remember(booted, folder);
  if (unsettled !== undefined)
    terminal.complain(`The lab has ${unsettled}: check again before you trust what you see.`);
  const hosts = booted.plan.hosts.map(({ name }) => name);
  if (terminal.json)
    terminal.print(documentOf('lab up', { ok: true, network: fabric.name, hosts, unsettled }));
  terminal.say(`The lab of ${fabric.name} is up: ${listed(hosts, 'and')}.
  ${NOENCAP} lab routes HOST
  ${NOENCAP} lab birdc HOST show route
  ${NOENCAP} lab exec HOST -- ping 192.0.2.1
  ${NOENCAP} lab down`);
  return EXIT.fine;
}

/** Where a lab that stays is remembered. Two of one name could not be told apart. */
export function folderFor(name: string, terminal: Terminal): OwnFolder | { readonly code: ExitCode } {
  const folder = labsFolder();
  if ('message' in folder) return { code: refuseLab(folder, terminal) };
  if (findLab(folder, name) === undefined) return folder;
  const message = `A lab of ${name} is already up`;
  return { code: refuse({ code: 'lab', message, fix: `Run: ${NOENCAP} lab down` }, terminal) };
}

export async function labDown(options: Pick<LabOptions, 'topology'>, terminal: Terminal): Promise<ExitCode> {
  return withRunning(options, terminal, async ({ holder }, name, folder) => {
    await holder.end();
    forgetLab(folder, name);
    if (terminal.json) terminal.print(documentOf('lab down', { ok: true, network: name }));
    terminal.say(`The lab of ${name} is down.`);
    return EXIT.fine;
  });
}

/** `lab exec HOST -- COMMAND`: in the network namespace of a host, with this terminal. A node's pod is `<node>+pod`. */
export async function labExec(
  options: Pick<LabOptions, 'topology'>,
  host: string,
  command: readonly string[],
  terminal: Terminal,
): Promise<ExitCode> {
  return withHost(options, host, terminal, async ({ holder }) => {
    const args = [...holder.enter, 'nsenter', `--net=/run/netns/${host}`, ...command];
    const child = startProgram('nsenter', args, { stdio: 'inherit' });
    const code = await new Promise<number>((done) => child.on('close', (status) => done(status ?? 1)));
    return code as ExitCode;
  });
}

/** `lab birdc HOST WORDS`: asks each BIRD of the host. */
export async function labBirdc(
  options: Pick<LabOptions, 'topology'>,
  host: string,
  words: readonly string[],
  terminal: Terminal,
): Promise<ExitCode> {
  return withHost(options, host, terminal, async ({ holder, daemons }) => {
    const replies: Body<'lab birdc'>['replies'][number][] = [];
    for (const daemon of daemons) {
      const reply = await askBird(holder.path(`${hostFolder(host)}/${daemon}.ctl`), words.join(' '));
      replies.push({ daemon, code: reply?.code ?? null, text: reply?.text ?? '' });
      if (terminal.json) continue;
      if (daemons.length > 1) terminal.print(`# ${daemon}`);
      terminal.print(reply?.text ?? `${daemon} does not answer.\n`);
    }
    const ok = replies.every(({ code }) => code !== null && code < 8000);
    if (terminal.json) terminal.print(documentOf('lab birdc', { ok, host, replies }));
    return ok ? EXIT.fine : EXIT.doesNotHold;
  });
}

export async function labRoutes(
  options: Pick<LabOptions, 'topology'>,
  host: string,
  terminal: Terminal,
): Promise<ExitCode> {
  return withHost(options, host, terminal, async ({ holder }) => {
    const { stdout } = await holder.run(`ip -n ${host} route; ip -n ${host} -6 route`);
    const routes = stdout.split('\n').filter((line) => line !== '');
    if (terminal.json) terminal.print(documentOf('lab routes', { ok: true, host, routes }));
    else terminal.print(stdout);
    return EXIT.fine;
  });
}

type Running = NonNullable<ReturnType<typeof findLab>>;

async function withRunning(
  { topology }: Pick<LabOptions, 'topology'>,
  terminal: Terminal,
  action: (running: Running, name: string, folder: OwnFolder) => Promise<ExitCode>,
): Promise<ExitCode> {
  const read = await readInput(topology, terminal);
  if (!read.ok) return EXIT.badInput;
  const { name } = read.input.fabric;
  const folder = labsFolder();
  if ('message' in folder) return refuseLab(folder, terminal);
  const running = findLab(folder, name);
  if (running !== undefined) return action(running, name, folder);
  return refuse({ code: 'lab', message: `No lab of ${name} is up`, fix: `Run: ${NOENCAP} lab up` }, terminal);
}

async function withHost(
  options: Pick<LabOptions, 'topology'>,
  host: string,
  terminal: Terminal,
  action: (running: { holder: Running['holder']; daemons: readonly string[] }) => Promise<ExitCode>,
): Promise<ExitCode> {
  return withRunning(options, terminal, async ({ holder, hosts }) => {
    const found = hosts.find(({ name }) => host === name || host === `${name}+pod`);
    if (found !== undefined) return action({ holder, daemons: host === found.name ? found.daemons : [] });
    const names = listed(
      hosts.map(({ name }) => name),
      'and',
    );
    const message = `No host of the lab is named ${JSON.stringify(host)}`;
    return refuse({ code: 'unknown-name', message, fix: `Known: ${names}.` }, terminal);
  });
}

/** So that later commands find it. */
export async function remember(booted: Lab, folder: OwnFolder): Promise<void> {
  await booted.holder.stay();
  const hosts = booted.plan.hosts.map(({ name, daemons }) => ({
    name,
    daemons: daemons.map((one) => one.name),
  }));
  rememberLab(folder, booted.fabric.name, booted.holder, hosts);
}
