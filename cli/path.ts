import { isWhole, type PodPath, podPaths } from '../analysis/index.ts';
import { type AnalysisOptions, machineNamed, prepareAnalysis, refuse } from './analysis-input.ts';
import { columns } from './columns.ts';
import { documentOf } from './document.ts';
import { EXIT, type ExitCode } from './exit.ts';
import { counted, type Terminal } from './terminal.ts';

/** `noencap path A B`: every hop of packets from pods on one node to those on another, by which route, and its MTU. */
export function path(options: AnalysisOptions, from: string, to: string, terminal: Terminal): ExitCode {
  const prepared = prepareAnalysis('path', options, [from, to], terminal);
  if ('code' in prepared) return prepared.code;
  const { analysis } = prepared;
  const [source, target] = [
    machineNamed(analysis, from, ['node', 'router']),
    machineNamed(analysis, to, ['node']),
  ];
  if ('says' in source) return refuse('path', source, terminal);
  if ('says' in target) return refuse('path', target, terminal);
  if (source === target) {
    const says = `${from} and ${to} are one node`;
    return refuse(
      'path',
      { says, mend: 'Name two: packets between pods of one node never leave it.' },
      terminal,
    );
  }
  const paths = podPaths(analysis, source, target);
  const ok = paths.length > 0 && paths.every(({ fate }) => isWhole(fate));
  if (terminal.json)
    terminal.print(documentOf('path', { ok, failed: options.fail, paths: paths.map(asJson) }));
  else {
    for (const one of paths) {
      const speak = isWhole(one.fate) ? terminal.say : terminal.report;
      speak(`${pathText(one, terminal.colour)}\n`);
    }
  }
  return ok ? EXIT.fine : EXIT.doesNotHold;
}

/** JSON has no infinity: an MTU that no underlay gives is left out. */
const asJson = ({ fate, ...rest }: PodPath): object => ({
  ...rest,
  arrives: fate.arrives,
  dropped: fate.dropped,
  loops: fate.loops,
  turns: fate.turns,
  ...(fate.arrives && Number.isFinite(fate.hops[1]) ? { hops: fate.hops } : {}),
  ...(Number.isFinite(fate.mtu[0]) ? { mtu: fate.mtu[0] } : {}),
});

function pathText(
  { from, to, prefix, fate, ways, more }: PodPath,
  { bold, red, green, dim }: Terminal['colour'],
): string {
  const [least, most] = fate.hops;
  const length = least === most ? counted(most, 'hop') : `${least} to ${most} hops`;
  const mtu = Number.isFinite(fate.mtu[0]) ? `, path MTU ${fate.mtu[0]}` : '';
  const verdict = isWhole(fate)
    ? green(`${length}${mtu}`)
    : red(fate.arrives ? 'some of the packets are lost' : 'lost');
  return [
    `${bold(`${from} to ${to}`)} (${prefix}): ${verdict}${fate.turns ? '; turns around on the way' : ''}`,
    ...ways.flatMap((way, index) => [
      ...(ways.length > 1 ? [`  way ${index + 1} of ${more ? 'many' : ways.length}, chosen by flow`] : []),
      ...columns(
        way.hops.map(({ machine, rule, segment, mtu: own }, at) => [
          `${at}`,
          machine,
          rule,
          segment === undefined ? '' : `> ${way.hops[at + 1]?.machine ?? ''} on ${segment}`,
          own === undefined ? '' : `MTU ${own}`,
        ]),
      ).map((line) => `  ${line}`),
      ...(way.end === 'arrives' ? [] : [dim(`  here it ends: ${way.end}`)]),
    ]),
    ...(more ? ['  and more ways that are as good'] : []),
  ].join('\n');
}
