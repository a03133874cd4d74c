import { readFileSync, realpathSync } from 'node:fs';
import { addressPath, analyse } from '../analysis/index.ts';
import type { Fabric } from '../fabric/index.ts';
import { HOST_NAMESPACE, leftBehind } from '../live/probe/names.ts';
import { isModule } from '../repository/read-topology.ts';
import { replaceFile } from '../repository/replace-file.ts';
import type { Family } from '../topology/address.ts';
import { type NumberEdit, withNumbers } from '../topology/edit-numbers.ts';
import { pathText } from '../topology/fault.ts';
import { loadTopology, type Path } from '../topology/index.ts';
import { type ExpectedWay, type MtuReport, mtuReport, type ProbeLook } from '../verify/index.ts';
import { documentOf } from './document.ts';
import { EXIT, type ExitCode } from './exit.ts';
import { readInput } from './input.ts';
import { interruptible } from './interruptible.ts';
import { type Edit, mtuText } from './mtu-text.ts';
import { runSteps } from './progress.ts';
import { type Refusal, refuse } from './refusal.ts';
import { candidates, perRegion } from './send-packets.ts';
import type { Terminal } from './terminal.ts';

export interface MtuOptions {
  readonly topology: string;
  readonly context: string | undefined;
  readonly image: string;
  readonly write: boolean;
}

/** Finds what links between nodes really carry, and what pods may send. */
export async function mtu(options: MtuOptions, terminal: Terminal): Promise<ExitCode> {
  const read = await readInput(options.topology, terminal);
  if (!read.ok) return EXIT.badInput;
  const { fabric } = read.input;
  if (options.write && isModule(options.topology)) return refuse(NO_YAML, terminal);
  const { stop, release } = interruptible(INTERRUPTED, terminal, () => leftBehind(HOST_NAMESPACE));
  const look = await sent(fabric, options, stop, terminal);
  release();
  const report = mtuReport(fabric, look, nodeWays(fabric, look));
  const edits = options.write ? written(fabric, report, options.topology) : [];
  if ('message' in edits) return refuse(edits, terminal);
  const { pods, links, unknown, pairs } = report;
  const isKnown = unknown.length === 0 && look.left === undefined && pods.least !== undefined;
  const isWrong = links.length > 0 || pods.proposed !== undefined || isTooLarge(report);
  if (terminal.json)
    terminal.print(
      documentOf('mtu', {
        ok: isKnown && !isWrong,
        network: fabric.name,
        pairs: pairs.map(({ written: has, ...pair }) => ({
          ...pair,
          ...(has === undefined ? {} : { written: has }),
        })),
        links: links.map(inDocument),
        unknown,
        pods: {
          ...(pods.now === undefined ? {} : { now: pods.now }),
          ...(pods.least === undefined ? {} : { least: pods.least }),
          ...(pods.proposed === undefined ? {} : { proposed: pods.proposed }),
          reason: pods.reason,
        },
        ...(look.left === undefined ? {} : { left: look.left }),
        edits,
      }),
    );
  else
    terminal.report(
      mtuText({ fabric, report, left: look.left, edits, topology: options.topology }, terminal.colour),
    );
  if (isWrong) return EXIT.doesNotHold;
  return isKnown ? EXIT.fine : EXIT.environment;
}

const INTERRUPTED = 'Interrupted: the pods are removed. Press Ctrl-C again to end at once, and leave them.';

const NO_YAML: Refusal = {
  code: 'usage',
  message: '--write edits a topology in YAML, and this one is a program',
  fix: 'Leave out --write, and change the numbers that it shows yourself.',
};

const isTooLarge = ({ pods: { now, least } }: MtuReport): boolean =>
  now !== undefined && least !== undefined && now > least;

async function sent(
  fabric: Fabric,
  options: MtuOptions,
  stop: AbortSignal,
  terminal: Terminal,
): Promise<ProbeLook> {
  // Only commands that write to a cluster load it.
  const { probeNodes } = await import('../live/probe/index.ts');
  let look: ProbeLook | undefined;
  const send = async (say: (what: string) => void) => {
    look = await probeNodes({
      context: options.context,
      image: options.image,
      nodes: candidates(fabric, new Set()),
      perRegion: perRegion(fabric),
      families: ['ipv4', 'ipv6'],
      stop,
      say,
    });
  };
  await runSteps([{ title: 'Packets between nodes', run: send }], terminal);
  return look as unknown as ProbeLook;
}

/** The ways to nodes' own addresses, as the simulator has them. */
function nodeWays(fabric: Fabric, { probes }: ProbeLook) {
  const apart = probes.ok ? probes.value.map(({ node }) => node) : [];
  const analysis = fabric.segments === undefined || apart.length === 0 ? undefined : analyse(fabric, apart);
  return (from: string, to: string, family: Family): readonly ExpectedWay[] => {
    const [source, target] = [from, to].map((name) =>
      analysis?.network.machines.find((one) => one.name === name),
    );
    const address = fabric.nodes.find(({ name }) => name === to)?.address[family];
    return analysis === undefined || source === undefined || target === undefined || address === undefined
      ? []
      : addressPath(analysis, source, target, address).ways.map(({ hops }) => hops);
  };
}

/** Corrects the segments that are narrower, and `pods.mtu` if it is a number that does not fit. */
function written(fabric: Fabric, { links, pods }: MtuReport, file: string): Edit[] | Refusal {
  const segments = new Map<string, number>();
  for (const { segment, found } of links)
    if (segment !== undefined) segments.set(segment, Math.min(found, segments.get(segment) ?? found));
  const edits: (NumberEdit & { readonly before: number })[] = [...segments].flatMap(([name, value]) => {
    const segment = fabric.segments?.find((one) => one.name === name);
    return segment === undefined || segment.mtu <= value
      ? []
      : [{ path: [...segment.path, 'mtu'], value, before: segment.mtu }];
  });
  const bytes = readFileSync(file);
  const text = bytes.toString('utf8');
  const { now, proposed } = pods;
  const own = { path: ['pods', 'mtu'], value: proposed ?? 0, before: now ?? 0 };
  // `auto` follows the segments.
  const isNumber = now !== undefined && proposed !== undefined && 'text' in withNumbers(text, [own]);
  const all = isNumber ? [...edits, own] : edits;
  if (all.length === 0) return [];
  const edited = withNumbers(text, all);
  if (!('text' in edited) || !Buffer.from(text, 'utf8').equals(bytes))
    return notWritten('text' in edited ? [] : edited.notThere);
  if (!loadTopology({ file, bytes: Buffer.from(edited.text) }).ok) return notWritten([]);
  replaceFile(realpathSync(file), edited.text);
  return all.map(({ path, before, value }) => ({ path: pathText(path), before, after: value }));
}

const notWritten = (path: Path): Refusal => ({
  code: 'file',
  message: `--write cannot edit ${path.length === 0 ? 'this file' : `${pathText(path)}, where no number of its own stands`}`,
  fix: 'Run it without --write, and change the numbers that it shows yourself. Nothing was changed.',
});

const inDocument = ({ segment, to, written: has, isSilent, ...link }: MtuReport['links'][number]) => ({
  ...link,
  ...(segment === undefined ? {} : { segment }),
  ...(to === undefined ? {} : { to }),
  ...(has === undefined ? {} : { written: has }),
  silent: isSilent,
});
