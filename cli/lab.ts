import { spawn } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Fabric } from '../fabric/index.ts';
import {
  askBird,
  bootLab,
  breakIt,
  converged,
  type Failing,
  type Failure,
  failing,
  failingNames,
  findLab,
  findPrograms,
  forgetLab,
  hostFolder,
  judge,
  type Lab,
  type Probed,
  probe,
  type Refused,
  rememberLab,
  without,
} from '../lab/index.ts';
import { routerFiles } from '../routers/index.ts';
import { listed } from '../topology/suggest.ts';
import { EXIT, type ExitCode } from './exit.ts';
import { faultsAsJson, readInput } from './input.ts';
import { labReport, labVerdict } from './lab-report.ts';
import { runSteps } from './progress.ts';
import type { Terminal } from './terminal.ts';

export interface LabOptions {
  readonly topology: string;
  /** Routers, segments and sessions to break once all is up. */
  readonly fail: readonly string[];
  /** The lab goes on after the run. */
  readonly keep: boolean;
}

/** What a run of a lab found. */
export interface LabRun {
  readonly fabric: Fabric;
  readonly failed: readonly Failing[];
  readonly failures: readonly Failure[];
  /** True of this network and no failure: it was asked for. */
  readonly notes: readonly Failure[];
  readonly probed: readonly Probed[];
  readonly established: ReadonlySet<string>;
  readonly approximate: boolean;
  readonly seconds: number;
}

/** `noencap lab`: boots the topology, holds it against what must be, and tears it down. */
export async function lab(options: LabOptions, terminal: Terminal): Promise<ExitCode> {
  const prepared = prepare(options, terminal);
  if ('code' in prepared) return prepared.code;
  const { fabric, programs, failed } = prepared;
  const started = performance.now();
  let booted: Lab | undefined;
  const untie = onSignal(async () => booted?.holder.end());
  try {
    let run: Omit<LabRun, 'seconds'> | undefined;
    const found = { refused: undefined as Refused | undefined };
    await runSteps(
      [
        {
          title: 'Build the network',
          run: async () => {
            const result = await bootLab({ fabric, routerFiles, programs, lasting: options.keep });
            if ('says' in result) found.refused = result;
            else booted = result;
          },
        },
        {
          title: 'Wait for sessions and routes',
          run: async (say) => {
            if (booted !== undefined)
              await converged(booted, { progress: (missing) => say(`${missing} missing`) });
          },
        },
        ...(failed.length === 0
          ? []
          : [
              {
                title: `Break ${listed(
                  failed.map(({ name }) => name),
                  'and',
                )}`,
                run: async (say: (detail: string) => void) => {
                  if (booted === undefined) return;
                  for (const one of failed) await breakIt(booted, one);
                  const left = without(booted, failed);
                  await converged(left, {
                    within: patience(fabric),
                    progress: (missing) => say(`${missing} to settle`),
                  });
                },
              },
            ]),
        {
          title: 'Send packets between all pods',
          run: async () => {
            if (booted !== undefined) run = await look(booted, failed, programs.approximate);
          },
        },
      ],
      terminal,
    );
    if (found.refused !== undefined) return refuse(found.refused, EXIT.environment, terminal);
    if (run === undefined || booted === undefined) throw new Error('the lab found nothing');
    const done: LabRun = { ...run, seconds: (performance.now() - started) / 1000 };
    const logs = done.failures.length === 0 ? undefined : keepLogs(booted);
    if (options.keep) remember(booted);
    say(done, logs, options, terminal);
    return done.failures.length === 0 ? EXIT.fine : EXIT.doesNotHold;
  } finally {
    untie();
    if (!options.keep) await booted?.holder.end();
  }
}

/** A dead router is noticed by the hold time at the latest, and OSPF's; then routes move. Milliseconds. */
const patience = (fabric: Fabric): number => (fabric.bgp.holdTime + 15) * 1000;

async function look(
  booted: Lab,
  failed: readonly Failing[],
  approximate: boolean,
): Promise<Omit<LabRun, 'seconds'>> {
  const left = failed.length === 0 ? booted : without(booted, failed);
  const seen = await converged(left, { within: 2000 });
  const probed = await probe(left);
  const all = judge(left, seen, probed);
  // The field report's reflectors set themselves as next hop: neighbours' packets turn around, as was asked.
  const asked = (one: Failure) => one.kind === 'hairpin' && left.fabric.bgp.reflectorNextHop === 'self';
  const down = new Set(
    all.filter(({ kind }) => kind === 'session').map(({ says }) => says.split(' ')[0] ?? ''),
  );
  return {
    fabric: left.fabric,
    failed,
    failures: all.filter((one) => !asked(one)),
    notes: all.filter(asked),
    probed,
    established: new Set(left.expected.sessions.map(({ id }) => id).filter((id) => !down.has(id))),
    approximate,
  };
}

function say(run: LabRun, logs: string | undefined, options: LabOptions, terminal: Terminal): void {
  if (terminal.json) {
    terminal.print(`${JSON.stringify({ version: 1, command: 'lab', ...labReport(run) }, null, 2)}\n`);
    return;
  }
  terminal.say(labVerdict(run, terminal.colour));
  if (logs !== undefined) {
    const host = run.failures[0]?.hosts[0] ?? '';
    const flags = options.topology === 'topology.yaml' ? '' : ` -t ${options.topology}`;
    terminal.say(`Logs of all daemons: ${logs}
Look closer:
  bin/noencap lab up${flags} && bin/noencap lab birdc${flags} ${host} show protocols all
  bin/noencap lab routes${flags} ${host}`);
  }
}

function remember(booted: Lab): void {
  const hosts = booted.plan.hosts.map(({ name, daemons }) => ({
    name,
    daemons: daemons.map((one) => one.name),
  }));
  rememberLab(booted.fabric.name, booted.holder.pid, hosts);
}

/** Where the logs of a lab that failed stay, one folder for the fabric: the next failure replaces them. */
function keepLogs({ fabric, plan, holder }: Lab): string {
  const folder = join(tmpdir(), `noencap-lab-logs-${process.getuid?.() ?? 0}-${fabric.name}`);
  rmSync(folder, { recursive: true, force: true });
  for (const { name } of plan.hosts) {
    mkdirSync(join(folder, name), { recursive: true, mode: 0o700 });
    const from = holder.path(hostFolder(name));
    cpSync(from, join(folder, name), {
      recursive: true,
      filter: (file) => !/\.(ctl|pid)$|password/.test(file),
    });
  }
  return folder;
}

/** `lab up`: a lab that stays until `lab down`. */
export async function labUp(options: Pick<LabOptions, 'topology'>, terminal: Terminal): Promise<ExitCode> {
  const prepared = prepare({ ...options, fail: [], keep: true }, terminal);
  if ('code' in prepared) return prepared.code;
  const { fabric, programs } = prepared;
  if (findLab(fabric.name) !== undefined) {
    return refuse(
      { says: `A lab of ${fabric.name} is up already`, mend: 'Run: bin/noencap lab down' },
      EXIT.badInput,
      terminal,
    );
  }
  const booted = await bootLab({ fabric, routerFiles, programs, lasting: true });
  if ('says' in booted) return refuse(booted, EXIT.environment, terminal);
  remember(booted);
  await converged(booted);
  if (terminal.json)
    terminal.print(
      `${JSON.stringify({ version: 1, command: 'lab up', ok: true, name: fabric.name }, null, 2)}\n`,
    );
  terminal.say(`The lab of ${fabric.name} is up: ${listed(
    booted.plan.hosts.map(({ name }) => name),
    'and',
  )}.
  bin/noencap lab routes HOST
  bin/noencap lab birdc HOST show route
  bin/noencap lab exec HOST -- ping 192.0.2.1
  bin/noencap lab down`);
  return EXIT.fine;
}

export async function labDown(options: Pick<LabOptions, 'topology'>, terminal: Terminal): Promise<ExitCode> {
  return withRunning(options, terminal, async ({ holder }, name) => {
    await holder.end();
    forgetLab(name);
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
    const child = spawn('nsenter', args, { stdio: 'inherit' });
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
    let code: ExitCode = EXIT.fine;
    for (const daemon of daemons) {
      const reply = await askBird(holder.path(`${hostFolder(host)}/${daemon}.ctl`), words.join(' '));
      if (daemons.length > 1) terminal.print(`# ${daemon}`);
      terminal.print(reply?.text ?? `${daemon} does not answer.\n`);
      if (reply === undefined || reply.code >= 8000) code = EXIT.doesNotHold;
    }
    return code;
  });
}

export async function labRoutes(
  options: Pick<LabOptions, 'topology'>,
  host: string,
  terminal: Terminal,
): Promise<ExitCode> {
  return withHost(options, host, terminal, async ({ holder }) => {
    const { stdout } = await holder.run(`ip -n ${host} route; ip -n ${host} -6 route`);
    terminal.print(stdout);
    return EXIT.fine;
  });
}

type Running = NonNullable<ReturnType<typeof findLab>>;

async function withRunning(
  { topology }: Pick<LabOptions, 'topology'>,
  terminal: Terminal,
  action: (running: Running, name: string) => Promise<ExitCode>,
): Promise<ExitCode> {
  const read = readInput(topology, terminal);
  if (!read.ok) return EXIT.badInput;
  const { name } = read.input.fabric;
  const running = findLab(name);
  if (running !== undefined) return action(running, name);
  return refuse(
    { says: `No lab of ${name} is up`, mend: 'Run: bin/noencap lab up' },
    EXIT.badInput,
    terminal,
  );
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
    return refuse(
      { says: `No host of the lab is called ${JSON.stringify(host)}`, mend: `Known: ${names}.` },
      EXIT.badInput,
      terminal,
    );
  });
}

type Prepared =
  | { readonly code: ExitCode }
  | {
      readonly fabric: Fabric;
      readonly programs: Exclude<ReturnType<typeof findPrograms>, Refused>;
      readonly failed: readonly Failing[];
    };

/** Everything that can be refused before anything is started. */
function prepare(options: LabOptions, terminal: Terminal): Prepared {
  const read = readInput(options.topology, terminal);
  if (!read.ok) {
    if (terminal.json)
      terminal.print(
        `${JSON.stringify({ version: 1, command: 'lab', ok: false, faults: faultsAsJson(read.faults, read.source) }, null, 2)}\n`,
      );
    return { code: EXIT.badInput };
  }
  const { fabric } = read.input;
  if (fabric.segments === undefined || fabric.nodes.length === 0) {
    const says = `The lab has nothing to wire: ${options.topology} has no ${fabric.nodes.length === 0 ? 'nodes' : 'underlay'}`;
    return {
      code: refuse(
        { says, mend: 'Describe the segments under underlay.segments, and the nodes on them.' },
        EXIT.badInput,
        terminal,
      ),
    };
  }
  const failed: Failing[] = [];
  for (const name of options.fail) {
    const one = failing(fabric, name);
    if (one === undefined) {
      const says = `Nothing that can fail is called ${JSON.stringify(name)}`;
      return {
        code: refuse(
          { says, mend: `Known: ${listed(failingNames(fabric), 'and')}.` },
          EXIT.badInput,
          terminal,
        ),
      };
    }
    failed.push(one);
  }
  const programs = findPrograms(join(rootFolder(), '.'));
  if ('says' in programs) return { code: refuse(programs, EXIT.environment, terminal) };
  return { fabric, programs, failed };
}

/** noencap's own folder, whatever the working folder is: bin/noencap is the script that runs. */
function rootFolder(): string {
  const script = process.argv[1] ?? '';
  const root = join(script, '..', '..');
  return existsSync(join(root, 'package.json')) ? root : '.';
}

function refuse({ says, mend }: Refused, code: ExitCode, terminal: Terminal): ExitCode {
  terminal.complain(`${says}.\n${mend}`);
  if (terminal.json)
    terminal.print(
      `${JSON.stringify({ version: 1, command: 'lab', ok: false, refused: `${says}. ${mend}` }, null, 2)}\n`,
    );
  return code;
}

/** Ctrl-C and kill tear the lab down before they end us; kill -9 does it too, by the holder's own means. */
function onSignal(action: () => Promise<void> | undefined): () => void {
  const end = (signal: NodeJS.Signals) => {
    const code = signal === 'SIGINT' ? 130 : 143;
    Promise.resolve(action()).then(() => process.exit(code));
  };
  process.once('SIGINT', end).once('SIGTERM', end);
  return () => void process.off('SIGINT', end).off('SIGTERM', end);
}
