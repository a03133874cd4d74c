import { cpSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { forecast } from '../analysis/index.ts';
import type { Fabric } from '../fabric/index.ts';
import {
  bootLab,
  borrowedFailures,
  breakIt,
  converged,
  type FailedCheck,
  type Failing,
  hostFolder,
  judge,
  type Lab,
  labsFolder,
  lostAsExpected,
  lostBorrowed,
  probe,
  probeBorrowed,
  type Refused,
  refusedRoutes,
  takenOnTrust,
  turnsByDesign,
  unsettled,
  without,
} from '../lab/index.ts';
import { routerFiles } from '../routers/index.ts';
import { NOENCAP } from '../topology/own-command.ts';
import { listed } from '../topology/suggest.ts';
import { documentOf } from './document.ts';
import { EXIT, type ExitCode } from './exit.ts';
import { type LabOptions, prepareLab, refuseLab } from './lab-input.ts';
import { failureLines, labReport, labStory, labVerdict } from './lab-report.ts';
import type { LabRun } from './lab-run.ts';
import { runSteps } from './progress.ts';
import { folderFor, remember } from './running-lab.ts';
import type { Terminal } from './terminal.ts';

/** `noencap lab`: boots the topology, checks it against the expectations, and tears it down. */
export async function lab(options: LabOptions, terminal: Terminal): Promise<ExitCode> {
  const prepared = await prepareLab(options, terminal);
  if ('code' in prepared) return prepared.code;
  const { fabric, programs, failed } = prepared;
  const folder = options.keep ? folderFor(fabric.name, terminal) : undefined;
  if (folder !== undefined && 'code' in folder) return folder.code;
  const started = performance.now();
  let booted: Lab | undefined;
  /** What is checked: the lab, or what is left of it. */
  let left: Lab | undefined;
  let kept = false;
  const untie = onSignal(async () => booted?.holder.end());
  try {
    let run: Omit<LabRun, 'seconds'> | undefined;
    const found = { refused: undefined as Refused | undefined };
    await runSteps(
      [
        {
          title: 'Build the network',
          run: async () => {
            const result = await bootLab({ fabric, routerFiles, programs, expected: forecast(fabric) });
            if ('message' in result) found.refused = result;
            else left = booted = result;
          },
        },
        {
          title: 'Wait for sessions and routes',
          run: async (say) => {
            if (booted !== undefined)
              found.refused = unsettled(
                await converged(booted, { progress: (missing) => say(`${missing} missing`) }),
              );
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
                  if (booted === undefined || found.refused !== undefined) return;
                  for (const one of failed) await breakIt(booted, one);
                  left = without(booted, failed, forecast(booted.fabric, failed));
                  found.refused = unsettled(
                    await converged(left, {
                      patience: patience(fabric),
                      progress: (missing) => say(`${missing} to settle`),
                    }),
                  );
                },
              },
            ]),
        {
          title: 'Send packets between all pods',
          run: async () => {
            if (left === undefined || found.refused !== undefined) return;
            const result = await look(left, failed, programs.approximate);
            if ('message' in result) found.refused = result;
            else run = result;
          },
        },
      ],
      terminal,
    );
    if (found.refused !== undefined) return refuseLab(found.refused, terminal);
    if (run === undefined || booted === undefined) throw new Error('the lab has no result');
    const done: LabRun = { ...run, seconds: (performance.now() - started) / 1000 };
    const logs = done.failures.length === 0 ? undefined : keepLogs(booted);
    if (folder !== undefined) await remember(booted, folder);
    kept = folder !== undefined;
    say(done, logs, options, terminal);
    return done.failures.length === 0 ? EXIT.fine : EXIT.doesNotHold;
  } finally {
    untie();
    if (!kept) await booted?.holder.end();
  }
}

/** A dead router is noticed by the hold time at the latest, and OSPF's; then routes move. Milliseconds without any change. */
const patience = (fabric: Fabric): number => (fabric.bgp.holdTime + 15) * 1000;

async function look(
  left: Lab,
  failed: readonly Failing[],
  approximate: boolean,
): Promise<Omit<LabRun, 'seconds'> | Refused> {
  const observation = await converged(left, { patience: 2000 });
  const refused = unsettled(observation);
  if (refused !== undefined) return refused;
  const probed = await probe(left);
  const answered = await probeBorrowed(left);
  const isAtRest = failed.length === 0;
  // What nothing leads to any more once something has failed is no failure of the lab.
  const lost = lostAsExpected(isAtRest ? probed : probed.filter(({ pair }) => pair.reachable));
  const all = [...judge(left, observation, probed), ...lost, ...borrowedFailures(left, answered)];
  // With nothing broken it is a forecast that the lab is held against: `check` warns of it (NE203).
  const asked = (one: FailedCheck) => (isAtRest && one.kind === 'hairpin') || turnsByDesign(left.fabric, one);
  const down = new Set(all.map(({ session }) => session));
  return {
    fabric: left.fabric,
    failed,
    failures: all.filter((one) => !asked(one)),
    notes: [
      ...takenOnTrust(left.fabric),
      ...refusedRoutes(left.fabric, observation),
      ...all.filter(asked),
      ...(isAtRest ? lostBorrowed(left) : []),
    ],
    probed,
    borrowed: { asked: askedOf(left), answered: answered.size },
    established: new Set(left.expected.sessions.map(({ id }) => id).filter((id) => !down.has(id))),
    expected: new Set(left.expected.sessions.map(({ id }) => id)),
    approximate,
  };
}

const askedOf = ({ expected: { borrowed = [] } }: Lab): number =>
  borrowed.reduce((sum, { arrives }) => sum + arrives.size, 0);

function say(run: LabRun, logs: string | undefined, options: LabOptions, terminal: Terminal): void {
  if (terminal.json) {
    terminal.print(documentOf('lab', labReport(run)));
    return;
  }
  terminal.say(labStory(run, terminal.colour));
  for (const line of failureLines(run.failures, terminal.colour)) terminal.report(line);
  terminal.say(labVerdict(run));
  if (logs !== undefined) {
    const host = run.failures[0]?.hosts[0] ?? '';
    const flags = options.topology === 'topology.yaml' ? '' : ` -t ${options.topology}`;
    terminal.say(`Logs of all daemons: ${logs}
Look closer:
  ${NOENCAP} lab up${flags} && ${NOENCAP} lab birdc${flags} ${host} show protocols all
  ${NOENCAP} lab routes${flags} ${host}`);
  }
}

/** Where the logs of a lab that failed stay, one folder for the fabric: the next failure replaces them. */
function keepLogs({ fabric, plan, holder }: Lab): string {
  const folder = labsFolder();
  if ('message' in folder) return `not kept: ${folder.message}`;
  const logs = `logs-${fabric.name}`;
  rmSync(folder.at(logs), { recursive: true, force: true });
  for (const { name } of plan.hosts) {
    mkdirSync(join(folder.at(logs), name), { recursive: true, mode: 0o700 });
    cpSync(holder.path(hostFolder(name)), join(folder.at(logs), name), {
      recursive: true,
      filter: (file) => !/\.(ctl|pid)$|password/.test(file),
    });
  }
  return join(folder.path, logs);
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
