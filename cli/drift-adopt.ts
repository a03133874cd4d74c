import { readFileSync, realpathSync } from 'node:fs';
import { parse } from 'yaml';
import { smallestPodMtu } from '../analysis/index.ts';
import {
  differences,
  disproof,
  inGit,
  type ObjectsDrift,
  objectsDrift,
  type Proposal,
  proposals,
} from '../drift/index.ts';
import type { ObjectsLook } from '../drift/live-object.ts';
import { buildFabric } from '../fabric/index.ts';
import type { Input } from '../repository/input.ts';
import { isModule } from '../repository/read-topology.ts';
import { render } from '../repository/render.ts';
import { replaceFile } from '../repository/replace-file.ts';
import { loadApp } from '../repository/user-app.ts';
import { editedText } from '../topology/edit.ts';
import { printable } from '../topology/foreign.ts';
import { formatFault, loadTopology } from '../topology/index.ts';
import { NOENCAP } from '../topology/own-command.ts';
import { documentOf } from './document.ts';
import { EXIT, type ExitCode } from './exit.ts';
import { patch } from './patch.ts';
import { type Refusal, refuse } from './refusal.ts';
import type { Terminal } from './terminal.ts';

/** Each is rendered. */
const MOST_TRIED = 100;

interface Adopted {
  readonly settings: readonly { readonly path: string; readonly value: unknown }[];
  /** What differs no longer. */
  readonly covers: readonly string[];
  /** What the engine and the operator make the same with the next sync. */
  readonly follows: readonly string[];
  readonly afterwards: string | undefined;
}

/**
 * Writes what somebody changed in the cluster into the topology, as far as the topology has words for it. Each change is tried first: what is
 * rendered with it must be what the cluster has. What is not, is not written.
 */
export async function adoptDrift(
  topology: string,
  input: Input,
  drift: ObjectsDrift,
  look: ObjectsLook,
  terminal: Terminal,
): Promise<ExitCode> {
  const refusal = unfit(topology, drift);
  if (refusal !== undefined)
    return refuse(
      refusal,
      terminal,
      refusal.code === 'cluster-environment' ? EXIT.environment : EXIT.badInput,
    );
  const before = readFileSync(topology, 'utf8');
  const found = proposals(input.fabric, parse(before), drift);
  const left = [...found.left];
  const adopted: Adopted[] = [];
  let text = before;
  let known = differences(drift);
  for (const [index, proposal] of found.proposals.entries()) {
    if (index >= MOST_TRIED) {
      left.push({
        what: settingsText(proposal),
        why: `more than ${MOST_TRIED} changes at once: render what is written, and run it again`,
      });
      continue;
    }
    const tried = await attempt(text, known, proposal, topology, input, look);
    if ('why' in tried) {
      const what = proposal.covers.length > 0 ? proposal.covers : [settingsText(proposal)];
      for (const one of what) left.push({ what: one, why: tried.why });
      continue;
    }
    adopted.push({
      settings: proposal.edits.map(({ path, value, as }) => ({
        path: [...path.slice(0, -1), as ?? path.at(-1)].join('.'),
        value,
      })),
      // More than it was meant for, perhaps: the image of the operator, with the registry.
      covers: known.filter((one) => !tried.known.includes(one)),
      follows: tried.known.filter((one) => !known.includes(one)),
      afterwards: proposal.afterwards,
    });
    text = tried.text;
    known = tried.known;
  }
  if (adopted.length > 0) replaceFile(realpathSync(topology), text);
  const resolved = new Set(adopted.flatMap(({ covers }) => covers));
  const rest = left.filter(({ what }) => !resolved.has(what));
  report({ topology, before, text, adopted, left: rest, network: input.fabric.name }, terminal);
  return rest.length > 0 ? EXIT.doesNotHold : EXIT.fine;
}

function unfit(topology: string, { unknown }: ObjectsDrift): Refusal | undefined {
  if (isModule(topology))
    return {
      code: 'usage',
      message: `${topology} is a program, which noencap does not edit`,
      fix: 'Write what drift shows into it by hand.',
    };
  const [first] = unknown;
  if (first === undefined) return undefined;
  return {
    code: 'cluster-environment',
    message: `Not everything could be read, so nothing can be proven: ${first.about.name}: ${first.message}`,
    fix: first.next === undefined ? 'Run it again when it can.' : `Next: ${first.next}`,
    details: first.evidence,
  };
}

type Tried = { readonly text: string; readonly known: string[] } | { readonly why: string };

/** What would differ with this proposal in the topology. */
async function attempt(
  text: string,
  known: readonly string[],
  proposal: Proposal,
  topology: string,
  { operatorManifest }: Input,
  look: ObjectsLook,
): Promise<Tried> {
  const edited = editedText(text, proposal.edits);
  if ('cannot' in edited) return { why: edited.cannot };
  const loaded = loadTopology({ file: topology, bytes: Buffer.from(edited.text) });
  if (!loaded.ok) {
    const [fault] = loaded.faults;
    const [line = ''] = fault === undefined ? [] : formatFault(fault, loaded.source).split('\n');
    return { why: `the topology would have a fault: ${line}` };
  }
  const fabric = buildFabric(loaded.topology, smallestPodMtu);
  const { files } = render(fabric, operatorManifest, await loadApp());
  const after = differences(objectsDrift(fabric, inGit(fabric, files), look));
  const why = disproof(proposal, known, after);
  return why === undefined ? { text: edited.text, known: after } : { why };
}

const settingsText = ({ edits }: Proposal): string =>
  edits.map(({ path, value }) => `${path.join('.')}: ${JSON.stringify(value)}`).join(', ');

interface Result {
  readonly network: string;
  readonly topology: string;
  readonly before: string;
  readonly text: string;
  readonly adopted: readonly Adopted[];
  readonly left: readonly { readonly what: string; readonly why: string }[];
}

function report({ network, topology, before, text, adopted, left }: Result, terminal: Terminal): void {
  const diff = before === text ? null : patch(topology.replace(/^\/+/, ''), before, text);
  if (terminal.json) {
    terminal.print(
      documentOf('drift --adopt', {
        ok: left.length === 0,
        network,
        adopted: adopted.map(({ settings, covers, follows, afterwards }) => ({
          settings: settings.map(({ path, value }) => ({ path, value: JSON.stringify(value) })),
          covers,
          follows,
          ...(afterwards === undefined ? {} : { afterwards }),
        })),
        left,
        diff,
      }),
    );
    return;
  }
  const { colour } = terminal;
  const lines = [
    ...(diff === null ? [] : [diff.trimEnd(), '']),
    ...adopted.flatMap(({ settings, covers, follows, afterwards }) => [
      `${colour.green('adopted')} ${printable(settings.map(({ path, value }) => `${path}: ${JSON.stringify(value)}`).join(', '))}`,
      ...covers.map((one) => `  as in the cluster: ${printable(one)}`),
      ...follows.map((one) => `  follows with the next sync: ${printable(one)}`),
      ...(afterwards === undefined ? [] : [`  by hand: ${printable(afterwards)}`]),
    ]),
    ...left.flatMap(({ what, why }) => [
      `${colour.yellow('left')} ${printable(what)}`,
      `  ${printable(why)}`,
    ]),
    ...(adopted.length + left.length === 0 ? ['There is no drift to adopt.'] : []),
    ...(adopted.length === 0
      ? []
      : ['', `Next: ${NOENCAP} synth, then ${NOENCAP} diff shows what else the change does.`]),
  ];
  terminal.report(lines.join('\n'));
}
