import {
  type Analysis,
  addressPath,
  isWhole,
  type Machine,
  type PodPath,
  podPaths,
  targetOf,
} from '../analysis/index.ts';
import type { Fabric } from '../fabric/index.ts';
import { parseAddress, parsePrefix } from '../topology/address.ts';
import {
  type AnalysisOptions,
  machineNamed,
  noBlocks,
  prepareAnalysis,
  serviceText,
  unknownTarget,
} from './analysis-input.ts';
import { takenText } from './blocks-input.ts';
import { columns } from './columns.ts';
import { documentOf } from './document.ts';
import type { Body } from './documents/index.ts';
import { EXIT, type ExitCode } from './exit.ts';
import { type Refusal, refuse } from './refusal.ts';
import { counted, type Terminal } from './terminal.ts';

/**
 * `noencap path A B`: every hop of packets from pods on one node, or from a machine, to pods or to an address of a machine, by which route,
 * and its MTU.
 */
export async function path(
  options: AnalysisOptions,
  from: string,
  to: string,
  terminal: Terminal,
): Promise<ExitCode> {
  const prepared = await prepareAnalysis(options, [from, to], terminal);
  if ('code' in prepared) return prepared.code;
  const { analysis, fabric, failed, taken } = prepared;
  const source = sourceNamed(analysis, fabric, from);
  if ('message' in source) return refuse(source, terminal);
  const target = targetOf(fabric, to, options.on);
  if (target === undefined) return refuse(noTarget(analysis, fabric, to), terminal);
  if (target.kind === 'service') {
    const message = serviceText(to, source.name);
    if (terminal.json) terminal.print(documentOf('path', { ok: true, failed, service: to, paths: [] }));
    else terminal.say(`${message}\n`);
    return EXIT.fine;
  }
  const machine = analysis.network.machines.find(({ name }) => name === target.machine) as Machine;
  if (source === machine) {
    const what = target.kind === 'pods' ? 'node' : 'machine';
    const fix = `Name two: packets within one ${what} take no path.`;
    return refuse({ code: 'usage', message: `${from} and ${to} are the same ${what}`, fix }, terminal);
  }
  const paths =
    target.kind === 'pods'
      ? podPaths(analysis, source, target)
      : [addressPath(analysis, source, machine, target.address)];
  const ok = paths.length > 0 && paths.every(({ fate }) => isWhole(fate));
  if (terminal.json)
    terminal.print(documentOf('path', { ok, failed, paths: paths.map(asJson), cluster: taken }));
  else {
    if (paths.length === 0) terminal.report(noBlocks(machine.name));
    for (const one of paths) {
      const text = `${pathText(one, terminal.colour)}\n`;
      if (isWhole(one.fate)) terminal.say(text);
      else terminal.report(text);
    }
    const isMasked = fabric.pods.natOutgoing && target.kind === 'machine' && source.kind === 'node';
    if (isMasked)
      terminal.say(`  packets from pods arrive there with an address of ${source.name} (pods.natOutgoing)\n`);
    if (taken !== undefined) terminal.say(takenText(taken));
  }
  return ok ? EXIT.fine : EXIT.doesNotHold;
}

/** Where packets begin: a machine by its name or an address of it, the node of a pod by the pod's address. */
function sourceNamed(analysis: Analysis, fabric: Fabric, text: string): Machine | Refusal {
  const target = targetOf(fabric, text);
  if (target?.kind === 'service') {
    return {
      code: 'usage',
      message: `${text} is a service address, which sends no packets`,
      fix: 'Name the node of its pod.',
    };
  }
  return machineNamed(analysis, target?.machine ?? text, ['node', 'router', 'host']);
}

/** The error for an unknown node name or an address without an owner. */
function noTarget(analysis: Analysis, fabric: Fabric, text: string): Refusal {
  if (parseAddress(text) !== undefined || parsePrefix(text).ok) return unknownTarget(fabric, text);
  const named = machineNamed(analysis, text, ['node']);
  return 'message' in named ? named : unknownTarget(fabric, text);
}

/** JSON has no infinity: an MTU that no underlay gives is left out. */
const asJson = ({ from, to, prefix, assumed, fate, ways, more }: PodPath): Body<'path'>['paths'][number] => ({
  from,
  to,
  prefix,
  assumed,
  arrives: fate.arrives,
  dropped: fate.dropped,
  loops: fate.loops,
  hairpin: fate.turns,
  ...(fate.arrives && Number.isFinite(fate.hops[1])
    ? { hops: { min: fate.hops[0], max: fate.hops[1] } }
    : {}),
  ...(Number.isFinite(fate.mtu[0]) ? { mtu: fate.mtu[0] } : {}),
  equalCostPaths: ways.map(({ end, mtu, hops }) => ({
    end,
    mtu,
    hops: hops.map(({ machine, rule, segment, mtu: own }) => ({ machine, route: rule, segment, mtu: own })),
  })),
  truncated: more,
});

function pathText(
  { from, to, prefix, assumed, fate, ways, more }: PodPath,
  { bold, red, green, dim }: Terminal['colour'],
): string {
  const [least, most] = fate.hops;
  const length = least === most ? counted(most, 'hop') : `${least} to ${most} hops`;
  const mtu = Number.isFinite(fate.mtu[0]) ? `, path MTU ${fate.mtu[0]}` : '';
  const verdict = isWhole(fate)
    ? green(`${length}${mtu}`)
    : red(fate.arrives ? 'some packets are lost' : 'lost');
  return [
    `${bold(`${from} to ${to}`)} (${prefix}${assumed ? ' (assumed)' : ''}): ${verdict}${fate.turns ? '; hairpins on the path' : ''}`,
    ...ways.flatMap((way, index) => [
      ...(ways.length > 1 ? [`  path ${index + 1} of ${more ? 'many' : ways.length}, chosen by flow`] : []),
      ...columns(
        way.hops.map(({ machine, rule, segment, mtu: own }, at) => [
          `${at}`,
          machine,
          rule,
          segment === undefined ? '' : `> ${way.hops[at + 1]?.machine ?? ''} on ${segment}`,
          own === undefined ? '' : `MTU ${own}`,
        ]),
      ).map((line) => `  ${line}`),
      ...(way.end === 'arrives' ? [] : [dim(`  ends here: ${way.end}`)]),
    ]),
    ...(more ? ['  and more equal-cost paths'] : []),
  ].join('\n');
}
