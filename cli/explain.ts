import {
  type Analysis,
  absenceText,
  type Explanation,
  explainAddress,
  explain as explanationOf,
  type Machine,
  type Owner,
  ownerOf,
  type PodTarget,
  podPaths,
  type Target,
  targetBlocks,
  targetOf,
} from '../analysis/index.ts';
import type { Fabric } from '../fabric/index.ts';
import { NOENCAP } from '../topology/own-command.ts';
import { listed } from '../topology/suggest.ts';
import {
  type AnalysisOptions,
  machineNamed,
  noBlocks,
  prepareAnalysis,
  serviceText,
  whyNoWay,
} from './analysis-input.ts';
import { takenText } from './blocks-input.ts';
import { documentOf } from './document.ts';
import type { Body } from './documents/index.ts';
import { EXIT, type ExitCode } from './exit.ts';
import { ownerAsJson, ownerText } from './owner-text.ts';
import { type Refusal, refuse } from './refusal.ts';
import type { Terminal } from './terminal.ts';

/**
 * `noencap explain NODE PREFIX`: every route that a speaker has to a block, and the step that put it where it is; `noencap explain ADDRESS`:
 * whose it is.
 */
export async function explain(
  options: AnalysisOptions,
  first: string,
  second: string | undefined,
  terminal: Terminal,
): Promise<ExitCode> {
  const [name, target] = second === undefined ? [undefined, first] : [first, second];
  const isAlone = name === undefined;
  if (isAlone && (options.fail.length > 0 || options.on !== undefined)) {
    const message = '--fail and --on need a node or router whose routes are asked for';
    return refuse({ code: 'usage', message, fix: `Name it before ${target}.` }, terminal);
  }
  const prepared = await prepareAnalysis(options, isAlone ? [target] : [name, target], terminal);
  if ('code' in prepared) return prepared.code;
  const { analysis, fabric, failed, taken } = prepared;
  const owner = ownerOf(fabric, target);
  // Of a block it says more than the routes do only if a cluster was asked.
  const shown = isAlone || taken !== undefined ? owner : undefined;
  const about = shown === undefined ? {} : { owner: ownerAsJson(shown) };
  const base = { failed, blocks: [], addresses: [], cluster: taken, ...about };
  if (isAlone) {
    if (owner === undefined) {
      if (targetOf(fabric, target)?.kind === 'service') return refuse(ofService(target), terminal);
      return refuse(nobodysAddress(target), terminal);
    }
    if (terminal.json) terminal.print(documentOf('explain', { ...base, ok: true }));
    else speakOf(fabric, target, owner, taken, terminal);
    return EXIT.fine;
  }
  const machine = machineNamed(analysis, name, ['node', 'router']);
  if ('message' in machine) return refuse(machine, terminal);
  const wanted = targetOf(fabric, target, options.on);
  if (wanted === undefined && shown !== undefined) {
    if (terminal.json) terminal.print(documentOf('explain', { ...base, ok: false }));
    else {
      terminal.report(
        `${ownerText(fabric, target, shown, terminal.colour)}\n  way    none is known: ${whyNoWay(shown)}\n`,
      );
      if (taken !== undefined) terminal.say(takenText(taken));
    }
    return EXIT.doesNotHold;
  }
  if (wanted === undefined) return refuse(nothingAt(analysis, target), terminal);
  if (wanted.kind !== 'pods') return explainOther(failed, analysis, machine, wanted, terminal);
  const blocks = targetBlocks(analysis.network, wanted);
  const all = blocks.map((block) => explanationOf(analysis, machine, block));
  const ok = all.length > 0 && all.every(leadsOn);
  if (terminal.json) terminal.print(documentOf('explain', { ...base, ok, blocks: all.map(asJson) }));
  else {
    if (shown !== undefined) terminal.say(`${ownerText(fabric, target, shown, terminal.colour)}\n`);
    if (all.length === 0) terminal.report(noBlocks(wanted.machine));
    for (const one of all) {
      const speak = leadsOn(one) ? terminal.say : terminal.report;
      speak(`${explanationText(one, terminal.colour)}\n`);
    }
    if (taken !== undefined) {
      for (const way of waysText(analysis, machine, wanted)) terminal.say(way);
      terminal.say(takenText(taken));
    }
  }
  return ok ? EXIT.fine : EXIT.doesNotHold;
}

function speakOf(
  fabric: Fabric,
  target: string,
  owner: Owner,
  taken: Parameters<typeof takenText>[0] | undefined,
  terminal: Terminal,
): void {
  terminal.report(`${ownerText(fabric, target, owner, terminal.colour)}\n`);
  if (taken !== undefined) terminal.say(takenText(taken));
}

/** Every machine on each way, in a line; what becomes of the packets that do not arrive. */
const waysText = (analysis: Analysis, machine: Machine, wanted: PodTarget): string[] =>
  machine.name === wanted.machine
    ? []
    : podPaths(analysis, machine, wanted).flatMap(({ prefix, ways }) =>
        ways.map(
          ({ hops, end }) =>
            `  way to ${prefix}: ${hops.map((hop) => hop.machine).join(' > ')}${end === 'arrives' ? '' : ` (${end})`}`,
        ),
      );

const ofService = (target: string): Refusal => ({
  code: 'unknown-name',
  message: `${target} is an address of a service, which no machine has`,
  fix: `kubectl get services,endpointslices -A -o wide | grep -F ${target} says which.`,
});

const nobodysAddress = (target: string): Refusal => ({
  code: 'unknown-name',
  message: `${JSON.stringify(target)} is no address of a pod or machine, and no block`,
  fix: `Name one, or a node or router whose routes to it are asked for: ${NOENCAP} explain SPEAKER ${target}.`,
});

const leadsOn = ({ kernel }: Explanation): boolean =>
  kernel.by !== 'no route' && kernel.by !== 'unreachable route';

/** What no session brings: an address of a machine, or of a service. */
function explainOther(
  failed: Document['failed'],
  analysis: Analysis,
  machine: Machine,
  wanted: Exclude<Target, { kind: 'pods' }>,
  terminal: Terminal,
): ExitCode {
  const { text } = wanted.address;
  if (wanted.kind === 'service') {
    if (terminal.json)
      terminal.print(documentOf('explain', { ok: true, failed, service: text, blocks: [], addresses: [] }));
    else terminal.say(`${serviceText(text, machine.name)}\n`);
    return EXIT.fine;
  }
  const one = explainAddress(analysis, machine, wanted.machine, wanted.address);
  const ok = one.hops.length > 0 || machine.name === wanted.machine;
  const { by: route, ...rest } = one;
  if (terminal.json)
    terminal.print(documentOf('explain', { ok, failed, blocks: [], addresses: [{ ...rest, route }] }));
  else {
    const via = one.hops.length === 0 ? '' : `, via ${hopsText(one.hops)}`;
    const answer = `${terminal.colour.bold(`${text} (${one.owner}) at ${one.speaker}`)}\n  kernel: ${one.by}${via}\n`;
    if (ok) terminal.say(answer);
    else terminal.report(answer);
  }
  return ok ? EXIT.fine : EXIT.doesNotHold;
}

function nothingAt({ network }: Analysis, target: string): Refusal {
  const nodes = network.machines.filter(({ kind }) => kind === 'node').map(({ name }) => name);
  return {
    code: 'unknown-name',
    message: `${JSON.stringify(target)} is not inside any node's block, and no node has that name`,
    fix: `Name a block, the address of a pod, machine or service, or a node: ${listed(nodes, 'or')}.`,
  };
}

type Document = Body<'explain'>;

const asJson = (one: Explanation): Document['blocks'][number] => ({
  speaker: one.speaker,
  prefix: one.prefix,
  assumed: one.assumed,
  node: one.node,
  routes: one.routes.map(({ way, clusters, verdict, step, ...route }) => ({
    ...route,
    nextHopBy: way,
    clusterList: clusters,
    verdict: verdict === 'shared' ? 'equal' : verdict,
    decidedBy: step && { step: step.name, best: step.best, own: step.own },
  })),
  notReceived: one.absences.map((absence) => ({ ...absence, message: absenceText(absence) })),
  kernel: { route: one.kernel.by, hops: one.kernel.hops },
  coveringBlock: one.covering,
});

function explanationText(
  { speaker, prefix, assumed, node, routes, absences, kernel, covering }: Explanation,
  { bold, dim, green }: Terminal['colour'],
): string {
  return [
    bold(`${prefix}${assumed ? ' (assumed)' : ''} (pods of ${node}) at ${speaker}`),
    ...routes.flatMap((route) => {
      const mark = { best: green('best'), shared: green('equal'), lost: 'lost' }[route.verdict];
      const who =
        route.from === undefined
          ? 'its own block'
          : `from ${route.from} (${route.kind}), next hop ${route.nextHop} ${route.hops.length === 0 ? 'unreachable' : `by ${hopsText(route.hops)}`}`;
      return [
        `  ${mark.padEnd(5)} ${who}`,
        ...(route.from === undefined
          ? []
          : [
              dim(
                `        LOCAL_PREF ${route.localPref}; CLUSTER_LIST ${route.clusters.join(' ') || 'empty'}; next hop resolved by: ${route.way}`,
              ),
            ]),
        ...(route.step === undefined
          ? []
          : [
              `        ${route.verdict === 'shared' ? 'shares the traffic; loses only' : 'lost'} by ${route.step.name}: ${route.step.own} against ${route.step.best}`,
            ]),
      ];
    }),
    ...absences.map((absence) => `  no    ${absenceText(absence)}`),
    `  kernel: ${kernelText(kernel)}${covering === undefined ? '' : `, by the block ${covering}`}`,
  ].join('\n');
}

const kernelText = ({ by, hops }: Explanation['kernel']): string =>
  by === 'pod'
    ? 'delivers to its own pods'
    : hops.length === 0
      ? by
      : `${by === 'bgp' ? 'BGP route' : by}, via ${hopsText(hops)}`;

const hopsText = (hops: Explanation['kernel']['hops']): string =>
  hops.map(({ machine, segment }) => (segment === '' ? machine : `${machine} on ${segment}`)).join(' and ');
