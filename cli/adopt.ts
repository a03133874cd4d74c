import { existsSync, linkSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import {
  type Adopted,
  adopt as adoptNetwork,
  type Compared,
  type Comparison,
  compare,
  concerns,
  type Note,
  type Problem,
  placeIn,
  problemText,
} from '../adopt/index.ts';
import { smallestPodMtu } from '../analysis/index.ts';
import { buildFabric } from '../fabric/index.ts';
import { operatorManifestFaults } from '../repository/input.ts';
import { render } from '../repository/render.ts';
import { loadApp } from '../repository/user-app.ts';
import { pathText } from '../topology/fault.ts';
import { valueSource } from '../topology/source.ts';
import { type AdoptOptions, readInput } from './adopt-input.ts';
import { adoptedText, comparisonText, notesText } from './adopt-text.ts';
import { documentOf } from './document.ts';
import type { Body } from './documents/index.ts';
import { EXIT, type ExitCode } from './exit.ts';
import { placeIn as placeInFile, printFaults, type Refusal, refuse } from './refusal.ts';
import { counted, type Terminal } from './terminal.ts';

/** Creates a topology from a running network, and shows what its rendering would change. Changes nothing there. */
export async function adopt(options: AdoptOptions, terminal: Terminal): Promise<ExitCode> {
  const wrong = wrongOptions(options);
  if (wrong !== undefined) return refuse(wrong, terminal);
  const read = await readInput(options);
  if ('message' in read) return refuse(read, terminal, exitOf(read));
  const adopted = adoptNetwork(read.given);
  if (!adopted.ok) return report(adopted.problems, terminal, adopted.notes);
  const topologyFile = options.out ?? 'topology.yaml';
  const faults = operatorManifestFaults(adopted.topology, topologyFile);
  if (faults.length > 0)
    return report(
      faults.map((one) => ({ ...one, source: valueSource(topologyFile), at: undefined })),
      terminal,
    );
  const fabric = buildFabric(adopted.topology, smallestPodMtu);
  const { files } = render(fabric, read.manifest, await loadApp());
  const comparison = compare(adopted.today, adopted.notes, fabric, files);
  const { out } = options;
  if (out !== undefined && !write(out, adopted.text, options.force)) {
    return refuse(alreadyThere(out), terminal);
  }
  const { unexplained, interrupted } = concerns(comparison);
  const isFine = unexplained + interrupted === 0;
  if (terminal.json) terminal.print(document(isFine, adopted, comparison));
  else say(adopted, comparison, out, terminal);
  return isFine ? EXIT.fine : EXIT.doesNotHold;
}

function say(
  adopted: Extract<Adopted, { ok: true }>,
  comparison: Comparison,
  out: string | undefined,
  terminal: Terminal,
): void {
  const text = [
    ...comparisonText(adopted.notes, comparison, terminal.width),
    '',
    adoptedText(comparison, out),
  ].join('\n');
  if (out !== undefined) {
    terminal.report(text);
    return;
  }
  // The topology alone is on stdout, so that it can go into a file or through a pipe.
  terminal.print(adopted.text);
  terminal.complain(text);
}

function wrongOptions({ cluster, live, router, out, force }: AdoptOptions): Refusal | undefined {
  const usage = (message: string, fix: string): Refusal => ({ code: 'usage', message, fix });
  if (live && cluster.length > 0)
    return usage('Two views of a cluster may contradict each other', 'Use either --live or --cluster.');
  if (!live && cluster.length === 0) {
    const fix = `Use --cluster FILE, or --live to ask kubectl. To create a FILE: kubectl get -o yaml ${KINDS} > cluster.yaml`;
    return usage('No running cluster is named', fix);
  }
  const odd = router.find((one) => !/^[^=/]+=./.test(one));
  if (odd !== undefined)
    return usage(
      `--router ${odd} names no folder`,
      "Write NAME=FOLDER, FOLDER a copy of the router's /etc/bird.",
    );
  const names = router.map((one) => one.slice(0, one.indexOf('=')));
  const twice = names.find((name, index) => names.indexOf(name) < index);
  if (twice !== undefined)
    return usage(`--router ${twice}: this router is already named`, 'Name each router once.');
  if (out !== undefined && !/\.ya?ml$/.test(out))
    return usage(`${out} is not a YAML file name`, 'It must end in .yaml.');
  return out !== undefined && !force && existsSync(out) ? alreadyThere(out) : undefined;
}

const alreadyThere = (out: string): Refusal => ({
  code: 'file',
  message: `${out} already exists`,
  fix: 'Name another file, or use --force to replace it.',
});

/** What is missing of kubectl or the cluster is no fault of the input. */
const exitOf = ({ code }: Refusal): ExitCode =>
  code === 'cluster-environment' ? EXIT.environment : EXIT.badInput;

/** The kinds that adopt reads, as one word for kubectl. */
const KINDS = [
  'nodes',
  'installations.operator.tigera.io',
  'ippools.crd.projectcalico.org',
  'bgppeers.crd.projectcalico.org',
  'bgpconfigurations.crd.projectcalico.org',
  'bgpfilters.crd.projectcalico.org',
  'blockaffinities.crd.projectcalico.org',
  'servicecidrs.networking.k8s.io',
].join(',');

/** Atomically, and never over an existing file; false if there is one. */
function write(out: string, text: string, force: boolean): boolean {
  mkdirSync(dirname(out), { recursive: true });
  const staged = join(dirname(out), `.${basename(out)}.noencap-${process.pid}`);
  writeFileSync(staged, text, { flag: 'wx' });
  try {
    if (force) renameSync(staged, out);
    else linkSync(staged, out);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    return false;
  } finally {
    rmSync(staged, { force: true });
  }
}

function report(problems: readonly Problem[], terminal: Terminal, notes: readonly Note[] = []): ExitCode {
  terminal.complain(problems.map(problemText).join('\n\n'));
  if (notes.length > 0) terminal.complain(['', ...notesText(notes, terminal.width)].join('\n'));
  terminal.complain(`\n${counted(problems.length, 'fault')}; nothing was written.`);
  printFaults(
    problems.map(({ code, source, path, at, message, fix }) => ({
      code,
      message,
      fix,
      place: placeInFile(source.file, at, pathText(path)),
    })),
    terminal,
    { notes: notes.map(noteAsJson) },
  );
  return EXIT.badInput;
}

type Document = Body<'adopt'>;

const document = (
  ok: boolean,
  { text, notes }: Extract<Adopted, { ok: true }>,
  { compared, todo }: Comparison,
): string =>
  documentOf('adopt', {
    ok,
    topology: text,
    notes: notes.map(noteAsJson),
    compared: compared.map(comparedAsJson),
    manualSteps: todo,
  });

const noteAsJson = ({ what, message, at }: Note): Document['notes'][number] => ({
  subject: what,
  message,
  ...(at === undefined ? {} : { place: placeInFile(at.source.file, placeIn(at), '') }),
});

const comparedAsJson = ({ where, what, change, details }: Compared): Document['compared'][number] => ({
  where,
  what,
  change,
  differences: details.map(({ field, before, after, because }) => ({
    field,
    before,
    after,
    explanation: because && { code: because.id, message: because.message },
  })),
});
