import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Fabric } from '../fabric/index.ts';
import { compareDist, currentText, type DistChange, outRefusal } from '../repository/dist.ts';
import { type HiddenChange, hiddenChanges } from '../repository/hidden-changes.ts';
import { type Rendered, render } from '../repository/render.ts';
import { loadApp } from '../repository/user-app.ts';
import { type Written, writeDist } from '../repository/write-dist.ts';
import { printable } from '../topology/fault.ts';
import { NOENCAP } from '../topology/own-command.ts';
import { shellWord } from '../topology/shell-word.ts';
import { documentOf } from './document.ts';
import { EXIT, type ExitCode } from './exit.ts';
import { readInput } from './input.ts';
import { patch } from './patch.ts';
import { type Refusal, refuse } from './refusal.ts';
import { counted, type Terminal } from './terminal.ts';

export interface SynthOptions {
  readonly topology: string;
  readonly out: string;
  /** Compare only; a stale dist is an error with its diff. */
  readonly check: boolean;
}

/** Renders the topology into the output folder, or with `check` proves that this was done. */
export async function synth(options: SynthOptions, terminal: Terminal): Promise<ExitCode> {
  const read = await readInput(options.topology, terminal);
  if (!read.ok) return EXIT.badInput;
  const { fabric, operatorManifest } = read.input;
  const refusal = outRefusal(options.out);
  if (refusal !== undefined) return refuse({ code: 'file', ...refusal }, terminal);
  const rendered = render(fabric, operatorManifest, await loadApp());
  const change: Written = options.check
    ? compareDist(options.out, rendered.files)
    : writeDist(options.out, rendered.files);
  if (change.foreign.length > 0) return refuse(inTheWay(options.out, change.foreign), terminal);
  if (options.check) return check(options, rendered, change, terminal);

  mirrorForCdk8s(rendered);
  if (terminal.json)
    terminal.print(
      documentOf('synth', {
        ok: true,
        ...summary(fabric, rendered, change),
        extra: change.stray,
        ...(change.left === undefined ? {} : { leftBehind: change.left }),
      }),
    );
  else terminal.say(summaryText(fabric, rendered, change, options.out));
  if (change.left !== undefined) terminal.complain(leftBehind(options.out, change.left));
  if (change.stray.length > 0) terminal.complain(strays(options.out, change.stray));
  return EXIT.fine;
}

function check(options: SynthOptions, rendered: Rendered, change: DistChange, terminal: Terminal): ExitCode {
  const stale = [...change.added, ...change.changed, ...change.removed].sort();
  const paths = [options.topology, ...[...rendered.files.keys()].map((path) => join(options.out, path))];
  const hidden = hiddenChanges(paths);
  const fresh = stale.length + change.stray.length + hidden.length === 0;
  if (terminal.json) {
    const { added, changed, removed, stray } = change;
    const files = { added, changed, removed };
    terminal.print(documentOf('synth --check', { ok: fresh, files, extra: stray, hidden }));
  } else if (fresh) {
    terminal.say(`${options.out} is up to date with ${options.topology}.`);
  } else if (stale.length > 0) {
    for (const path of stale) terminal.print(patchOf(path, options.out, rendered.files.get(path)));
    terminal.complain(
      `${options.out} is stale: ${counted(stale.length, 'file')} ${stale.length === 1 ? 'differs' : 'differ'}. Run: ${command(options)}, and commit ${options.out}.`,
    );
  }
  if (change.stray.length > 0) terminal.complain(strays(options.out, change.stray));
  if (hidden.length > 0) terminal.complain(hiddenText(hidden));
  return fresh ? EXIT.fine : EXIT.doesNotHold;
}

/** What to type to render what was compared. */
const command = ({ topology, out }: SynthOptions): string =>
  [
    `${NOENCAP} synth`,
    ...(topology === 'topology.yaml' ? [] : ['-t', topology]),
    ...(out === 'dist' ? [] : ['-o', out]),
  ].join(' ');

function patchOf(path: string, out: string, text: string | undefined): string {
  const before = currentText(out, path);
  return patch(path, before === '' ? undefined : before, text);
}

const inTheWay = (out: string, foreign: readonly string[]): Refusal => ({
  code: 'file',
  message: 'These files are in the way, and noencap did not write them',
  details: foreign.map((path) => join(out, path)),
  fix: 'Move them away, or delete them. Nothing was written.',
});

const leftBehind = (out: string, left: string): string =>
  `${out} is written. The old one holds files of another user, who may have run noencap here, as with sudo, and could not be removed:
  ${printable(left)}
Remove it: sudo rm -r ${shellWord(left)}`;

function strays(out: string, stray: readonly string[]): string {
  const list = stray.map((path) => `  ${printable(join(out, path))}`).join('\n');
  return `noencap did not write these files, but readers of ${out} use them with the rest:\n${list}\nDelete them, or keep them elsewhere.`;
}

/** Folders have thousands of files, and one line in .gitattributes for all. */
const MOST_HIDDEN = 10;

function hiddenText(hidden: readonly HiddenChange[]): string {
  const list = hidden
    .slice(0, MOST_HIDDEN)
    .map(({ path, attribute }) => `  ${printable(path)} (${printable(attribute)})`);
  const more = hidden.length > MOST_HIDDEN ? `\n  and ${hidden.length - MOST_HIDDEN} more` : '';
  return `git hides changes in these files from reviewers, because of an attribute in a .gitattributes file:
${list.join('\n')}${more}
Remove that attribute. To find the file that sets it: git check-attr --all, and .gitattributes in their folders and above.`;
}

/** `cdk8s synth` expects the manifests in a folder that it names, and lists them from there. */
function mirrorForCdk8s(rendered: Rendered): void {
  const out = process.env.CDK8S_OUTDIR;
  if (out === undefined) return;
  for (const [path, text] of rendered.files) {
    if (!path.startsWith('cluster/') && !path.startsWith('gitops/')) continue;
    mkdirSync(dirname(join(out, path)), { recursive: true });
    writeFileSync(join(out, path), text);
  }
}

function summary(fabric: Fabric, rendered: Rendered, change: DistChange) {
  return {
    network: fabric.name,
    nodes: fabric.nodes.length,
    routers: fabric.routers.filter((router) => !router.planned).length,
    plannedRouters: fabric.routers.filter((router) => router.planned).length,
    sessions: {
      reflector: fabric.sessions.filter((session) => session.kind === 'reflector').length,
      backbone: fabric.sessions.filter((session) => session.kind === 'backbone').length,
      mesh: meshCount(fabric),
    },
    objects: Object.fromEntries(rendered.objects),
    gitops: Object.fromEntries(rendered.gitops),
    files: {
      added: change.added,
      changed: change.changed,
      removed: change.removed,
      unchanged: change.unchanged.length,
    },
  };
}

function meshCount(fabric: Fabric): number {
  if (!fabric.bgp.nodeToNodeMesh) return 0;
  return fabric.pods.families
    .map((family) => fabric.nodes.filter((node) => node.address[family] !== undefined).length)
    .reduce((sum, nodes) => sum + (nodes * (nodes - 1)) / 2, 0);
}

function summaryText(fabric: Fabric, rendered: Rendered, change: DistChange, out: string): string {
  const { sessions, ...counts } = summary(fabric, rendered, change);
  const planned = counts.plannedRouters === 0 ? '' : ` (and ${counts.plannedRouters} planned)`;
  const seconds = (performance.now() / 1000).toFixed(2);
  const { added, changed, removed } = change;
  const news =
    added.length + changed.length + removed.length === 0
      ? 'nothing changed'
      : `${added.length} added, ${changed.length} changed, ${removed.length} removed`;
  return [
    `${fabric.name}: ${counted(fabric.regions.length, 'region')}, ${counted(counts.nodes, 'node')}, ${counted(counts.routers, 'router')}${planned}`,
    `  sessions  ${sessions.reflector} reflector, ${sessions.backbone} backbone, ${sessions.mesh} in Calico's own mesh`,
    `  cluster   ${kindsText(rendered.objects)}`,
    `  gitops    ${kindsText(rendered.gitops)}`,
    `  routers   ${counted(filesBelow(rendered, 'routers/'), 'file')}`,
    `  nodes     ${counted(filesBelow(rendered, 'nodes/'), 'file')}`,
    `${out}: ${counted(rendered.files.size, 'file')}, ${news} (${seconds} s)`,
  ].join('\n');
}

function kindsText(counts: ReadonlyMap<string, number>): string {
  const total = [...counts.values()].reduce((a, b) => a + b, 0);
  const kinds = [...counts].map(([kind, count]) => (count === 1 ? kind : `${count} ${kind}`));
  return `${counted(total, 'object')}: ${kinds.join(', ')}`;
}

const filesBelow = (rendered: Rendered, folder: string): number =>
  [...rendered.files.keys()].filter((path) => path.startsWith(folder)).length;
