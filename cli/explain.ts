import { type Analysis, type Block, type Explanation, explain as explanationOf } from '../analysis/index.ts';
import { contains, parseAddress, parsePrefix } from '../topology/address.ts';
import { listed } from '../topology/suggest.ts';
import {
  type AnalysisOptions,
  machineNamed,
  prepareAnalysis,
  refuse,
  type Unknown,
} from './analysis-input.ts';
import { documentOf } from './document.ts';
import { EXIT, type ExitCode } from './exit.ts';
import type { Terminal } from './terminal.ts';

/** `noencap explain NODE PREFIX`: every route that a speaker has to a block, and the step that put it where it is. */
export function explain(
  options: AnalysisOptions,
  name: string,
  target: string,
  terminal: Terminal,
): ExitCode {
  const prepared = prepareAnalysis('explain', options, [name, target], terminal);
  if ('code' in prepared) return prepared.code;
  const { analysis } = prepared;
  const machine = machineNamed(analysis, name, ['node', 'router']);
  if ('says' in machine) return refuse('explain', machine, terminal);
  const blocks = blocksOf(analysis, target);
  if ('says' in blocks) return refuse('explain', blocks, terminal);
  const all = blocks.map((block) => explanationOf(analysis, machine, block));
  const ok = all.every(leadsOn);
  if (terminal.json) terminal.print(documentOf('explain', { ok, failed: options.fail, explanations: all }));
  else {
    for (const one of all) {
      const speak = leadsOn(one) ? terminal.say : terminal.report;
      speak(`${explanationText(one, terminal.colour)}\n`);
    }
  }
  return ok ? EXIT.fine : EXIT.doesNotHold;
}

const leadsOn = ({ kernel }: Explanation): boolean =>
  kernel.by !== 'no route' && kernel.by !== 'unreachable route';

/** The blocks that a prefix or an address lies in, or those of a node. */
function blocksOf({ network }: Analysis, target: string): readonly Block[] | Unknown {
  const address = parseAddress(target);
  const parsed = parsePrefix(target);
  const found = network.blocks.filter(({ prefix, node }) =>
    address !== undefined
      ? contains(prefix, address)
      : parsed.ok
        ? contains(prefix, parsed.prefix)
        : network.machines[node]?.name === target,
  );
  if (found.length > 0) return found;
  const nodes = network.machines.filter(({ kind }) => kind === 'node').map(({ name }) => name);
  return {
    says: `${JSON.stringify(target)} is in no node's block, and no node is called so`,
    mend: `Name a block, an address of a pod, or a node: ${listed(nodes, 'or')}.`,
  };
}

function explanationText(
  { speaker, prefix, node, routes, refusals, kernel }: Explanation,
  { bold, dim, green }: Terminal['colour'],
): string {
  return [
    bold(`${prefix} (pods of ${node}) at ${speaker}`),
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
              `        ${route.verdict === 'shared' ? 'shares the traffic; behind only' : 'lost'} by ${route.step.name}: ${route.step.own} against ${route.step.best}`,
            ]),
      ];
    }),
    ...refusals.map((line) => `  no    ${line}`),
    `  kernel: ${kernelText(kernel)}`,
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
