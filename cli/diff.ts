import { appendFileSync, existsSync, statSync } from 'node:fs';
import type { Fabric } from '../fabric/index.ts';
import { aboutWhat, detailsOf } from '../github/run.ts';
import { type BaseState, readBase } from '../repository/base-state.ts';
import { compareDist, currentText, READ_WHOLE } from '../repository/dist.ts';
import { git } from '../repository/git.ts';
import type { Input } from '../repository/input.ts';
import { render } from '../repository/render.ts';
import { readIfThere, trustFiles } from '../repository/trust-files.ts';
import { type ClusterApp, loadApp } from '../repository/user-app.ts';
import { type Review, review, type State } from '../review/index.ts';
import { reviewMarkdown, SUMMARY_LIMIT } from '../review/markdown/markdown.ts';
import { pathText } from '../topology/fault.ts';
import { jsonText } from '../topology/foreign.ts';
import type { Source } from '../topology/index.ts';
import { NOENCAP } from '../topology/own-command.ts';
import { EXIT, type ExitCode } from './exit.ts';
import { readInput } from './input.ts';
import { placeIn, refuse } from './refusal.ts';
import { losses, rehearsed, unsureLoss, WORST } from './rehearse.ts';
import { reviewText } from './review-text.ts';
import { counted, type Terminal } from './terminal.ts';

export interface DiffOptions {
  readonly topology: string;
  readonly out: string;
  /** A git revision or a folder; undefined: where this branch left the main branch. */
  readonly base: string | undefined;
  /** Also make the change in the lab, and report what it lost. */
  readonly rehearse: boolean;
  /** An authorized person has accepted the dangers. */
  readonly accept: boolean;
}

/** Shows what the change from the base to the working tree does to cluster, routers, nodes, sessions and packets. */
export async function diff(options: DiffOptions, terminal: Terminal): Promise<ExitCode> {
  const read = await readInput(options.topology, terminal);
  if (!read.ok) return EXIT.badInput;
  const app = await loadApp();
  const head = headOf(options, read.input, app);
  const base = await readBase(options, head.state.files);
  if ('message' in base) return refuse({ code: 'base', ...base }, terminal);
  const before = beforeOf(base, read.input.fabric, app);
  const lab = options.rehearse
    ? await inLab(before.state.fabric, read.input.fabric, terminal)
    : NOT_REHEARSED;
  const result = review(before.state, head.state, {
    accepted: options.accept,
    rehearsal: lab.rehearsal,
    unknown: [...before.unknown, ...lab.unknown],
    notes: [...before.notes, ...head.notes],
  });
  if (terminal.json) terminal.print(`${jsonText(result)}\n`);
  else terminal.report(reviewText(result, terminal.colour, terminal.width));
  annotate(result, options.topology, terminal);
  summarise(result);
  return result.ok ? EXIT.fine : EXIT.doesNotHold;
}

/** Dangers as annotations of the topology, which is what somebody must change. */
function annotate({ dangers, accepted }: Review, file: string, terminal: Terminal): void {
  for (const { severity, message, fix } of dangers) {
    const level = severity === 'error' && !accepted ? 'error' : 'warning';
    terminal.annotate({ level, file, title: 'danger', message: `${message}. ${fix}` });
  }
}

/** Puts the review on the page of a workflow's run, where forks see it as well. The file may have text of earlier steps of the same job. */
function summarise(result: Review): void {
  const { GITHUB_STEP_SUMMARY: file } = process.env;
  if (file === undefined || file === '') return;
  const limit = SUMMARY_LIMIT - (existsSync(file) ? statSync(file).size : 0);
  const { text } = reviewMarkdown(result, { limit, unit: 'bytes', details: detailsOf(process.env) });
  if (Buffer.byteLength(text) <= limit) appendFileSync(file, text);
}

interface Noted {
  readonly state: State;
  readonly notes: readonly string[];
}

interface Before extends Noted {
  /** What cannot be compared with it, and why. */
  readonly unknown: readonly string[];
}

/** What the working tree's topology renders, and other files in the output folder, which its readers use too. */
function headOf(
  { out, topology }: DiffOptions,
  { fabric, operatorManifest, source }: Input,
  app: ClusterApp,
): Noted {
  const rendered = render(fabric, operatorManifest, app).files;
  const { added, changed, removed, stray } = compareDist(out, rendered);
  const files = new Map([
    ...rendered,
    ...stray
      .filter((path) => READ_WHOLE.test(path))
      .map((path): [string, string] => [path, currentText(out, path)]),
  ]);
  const stale = added.length + changed.length + removed.length;
  const message = `${out} is stale: ${counted(stale, 'file')} ${stale === 1 ? 'differs' : 'differ'} from what the topology renders, which is what is compared here. Run ${NOENCAP} synth, and commit it.`;
  return {
    state: {
      ...headCalled(),
      fabric,
      files,
      trust: trustFiles(topology, readIfThere),
      placeOf: placesIn(source),
    },
    notes: stale === 0 ? [] : [message],
  };
}

/** The pull request that a workflow runs for, whose merge is checked out there; else what is here, and its commit if nothing is edited. */
function headCalled(): { readonly name: string; readonly commit: string | undefined } {
  const about = aboutWhat(process.env, undefined);
  if ('pullRequest' in about) return { name: `pull request ${about.pullRequest}`, commit: about.head };
  const isClean = git('status', '--porcelain', '--untracked-files=no') === '';
  if (!isClean) return { name: 'the working tree', commit: undefined };
  return { name: git('rev-parse', '--abbrev-ref', 'HEAD') ?? 'HEAD', commit: git('rev-parse', 'HEAD') };
}

/** The base's own output folder is what its cluster and routers have; where it has none, what its topology renders. */
function beforeOf(
  { name, commit, topology, files, trust }: BaseState,
  head: Fabric,
  app: ClusterApp,
): Before {
  if (topology === undefined) {
    const withoutTopology = { name, commit, files: files ?? new Map(), trust, placeOf: placeless };
    return {
      state: { ...withoutTopology, fabric: emptied(head) },
      unknown: [],
      notes: [`${name} has no topology: everything is new.`],
    };
  }
  if ('fault' in topology) {
    const note = `The topology of ${name} has faults, so only files and their effect on sessions are compared: ${topology.fault}`;
    return {
      state: { name, commit, fabric: head, files: files ?? new Map(), trust, placeOf: placeless },
      unknown: [note],
      notes: [],
    };
  }
  const { fabric, source } = topology;
  const called = { name, commit, fabric, trust, placeOf: placesIn(source) };
  if (files !== undefined) return { state: { ...called, files }, unknown: [], notes: [] };
  const manifest = fabric.calico.operatorManifest;
  if (manifest === undefined) {
    const note = `${name} has no rendered files: what its topology renders is compared instead.`;
    return { state: { ...called, files: render(fabric, undefined, app).files }, unknown: [], notes: [note] };
  }
  const note = `${name} has no rendered files, and its operator manifest was not read: all files are shown as new.`;
  return { state: { ...called, files: new Map() }, unknown: [note], notes: [] };
}

interface InLab {
  readonly rehearsal: Review['rehearsal'];
  readonly unknown: readonly string[];
}

const NOT_REHEARSED: InLab = { rehearsal: null, unknown: [] };

async function inLab(base: Fabric, head: Fabric, terminal: Terminal): Promise<InLab> {
  const result = await rehearsed(base, head, terminal);
  if ('message' in result) {
    return {
      rehearsal: null,
      unknown: [`The lab could not rehearse the change: ${result.message}. ${result.fix}`],
    };
  }
  const { sessions, failures, differences } = result;
  const { sent: allSent, lost: allLost, unsure, lossy } = losses(result);
  const rehearsal = {
    sent: allSent,
    lost: allLost,
    gap: lossy[0]?.gap ?? 0,
    worst: lossy.slice(0, WORST).map(({ from, to, sent, lost, gap }) => ({ from, to, sent, lost, gap })),
    reset: sessions.filter(({ change }) => change === 'reset').map(({ id }) => id),
    failures: [...failures.map(({ message }) => message), ...differences],
  };
  const again = 'Run it again when the machine has less to do.';
  const unknown = unsure === 0 ? [] : [`In the lab ${unsureLoss(unsure)}. ${again}`];
  return { rehearsal, unknown };
}

/** Of a topology that has no file, or cannot be read. */
const placeless: State['placeOf'] = (path) => ({ path: pathText(path) });

const placesIn =
  (source: Source): State['placeOf'] =>
  (path) =>
    placeIn(source.file, source.locate(path), pathText(path));

/** The same network without any machine. */
const emptied = (fabric: Fabric): Fabric => ({
  ...fabric,
  regions: [],
  routers: [],
  nodes: [],
  hosts: [],
  peerings: [],
  sessions: [],
  segments: fabric.segments && [],
});
