import type { Family } from '../../topology/address.ts';
import { type Analysis, type Pair, placeOf, regionOf, regionsOf } from '../analysis.ts';
import {
  andMore,
  blockText,
  type Check,
  type Found,
  grouped,
  nodeText,
  someLines,
  someOf,
} from '../finding.ts';
import type { Machine } from '../simulator/model.ts';
import { isWhole } from '../simulator/what-if.ts';
import { type Trace, traces, traceText } from '../trace.ts';
import { type Absence, absenceText, whyWithout } from '../why.ts';
import { fixOfLoop } from './loop-fixes.ts';
import { DEFAULT_ROUTER, hasNoDefault } from './sessions.ts';

/** A pair that loses packets, with its first broken path. Only one check reports each pair. */
interface Lost {
  readonly pair: Pair;
  readonly trace: Trace;
  readonly cause: 'loop' | 'not told' | 'hole' | 'other';
}

/** NE101 to NE103: packets that do not arrive; each pair under the id that its first broken path calls for. */
export const lostPackets: Check = (analysis) => {
  const lost = lostPairs(analysis);
  const by = (cause: Lost['cause']) => lost.filter((one) => one.cause === cause);
  return [
    ...unreachablePairs(analysis, by('other')),
    ...forwardingLoops(analysis, by('loop')),
    ...holesInPaths(analysis, by('hole')),
  ];
};

/** NE101: neither a loop, nor a missing route in the middle, nor a block that no session announces. */
function unreachablePairs(analysis: Analysis, lost: readonly Lost[]): Found[] {
  return [...grouped(lost, ({ pair }) => regionsOf(pair)).values()].map((pairs): Found => {
    const [{ pair, trace }] = pairs as [Lost];
    return {
      id: 'NE101',
      severity: 'error',
      path: placeOf(analysis, pair.to),
      message: `pods on ${nodeText(analysis, pair.from.index)} lose packets to those on ${nodeText(analysis, pair.to.index)}${andMore(pairs.length - 1, 'pair')}`,
      evidence: someLines(pairs.map((one) => waysText(analysis, one))),
      fix:
        trace.end === 'nobody answers'
          ? 'The next hop shares no segment with the sender: correct the address, or add the machine to the segment.'
          : hasNoDefault(analysis.network.machines[trace.machines.at(-1) ?? -1])
            ? DEFAULT_ROUTER
            : 'Connect their regions: a segment between routers of both, or machines between them that run the IGP.',
    };
  });
}

/** NE102: machines that forward packets to each other until the TTL expires. */
function forwardingLoops(analysis: Analysis, lost: readonly Lost[]): Found[] {
  return [...grouped(lost, ({ trace }) => circle(trace).sort().join()).values()].map((pairs): Found => {
    const [{ trace }] = pairs as [Lost];
    const machines = circle(trace).flatMap((machine) => analysis.network.machines[machine] ?? []);
    const names = machines.map(({ name }) => name);
    // A gateway's routes are written by hand; those of the others follow from the topology.
    const gateway = machines.find(({ kind }) => kind === 'host');
    const first = gateway ?? machines[0];
    return {
      id: 'NE102',
      severity: 'error',
      path: first === undefined ? [] : placeOf(analysis, first),
      message: `packets loop between ${names.join(' and ')}`,
      evidence: someLines(pairs.map((one) => waysText(analysis, one))),
      fix:
        gateway === undefined
          ? fixOfLoop(
              analysis,
              machines,
              pairs.map(({ pair }) => pair),
            )
          : `Correct the routes of ${gateway.name}: one to each block, via its node or via a machine whose own path to it does not lead back.`,
    };
  });
}

/** NE103: a machine on the path to pods without a route to them. It drops the packets. */
function holesInPaths(analysis: Analysis, lost: readonly Lost[]): Found[] {
  return [...grouped(lost, ({ trace }) => String(trace.machines.at(-1))).values()].map((pairs): Found => {
    const [{ pair, trace }] = pairs as [Lost];
    const machine = analysis.network.machines[trace.machines.at(-1) ?? -1] as Machine;
    if (machine.kind === 'host') return withoutRoutes(analysis, machine, pairs);
    return {
      id: 'NE103',
      severity: 'error',
      path: placeOf(analysis, machine),
      message: `${machine.name} is on the path to pods but has no BGP route to them`,
      evidence: [
        ...someLines(pairs.map((one) => waysText(analysis, one))),
        ...(machine.kind === 'router'
          ? someLines(whyWithout(analysis, machine, pair.block).map(absenceText), 3)
          : []),
      ],
      fix:
        machine.kind === 'router'
          ? 'Give it a session with a reflector of these nodes: set a backboneAddress, and add its pairs if bgp.backboneMesh is a list.'
          : 'Make it a router with a backboneAddress, or raise the cost of its segments so that pods take another path.',
    };
  });
}

/** For a machine without BGP: it has only static routes. */
function withoutRoutes(analysis: Analysis, machine: Machine, pairs: readonly Lost[]): Found {
  const blocks = [...new Set(pairs.map(({ pair }) => blockText(pair.block)))];
  return {
    id: 'NE103',
    severity: 'error',
    path: placeOf(analysis, machine),
    message: `packets to pods end at ${machine.name}, which runs no BGP and has no route to ${someOf(blocks, 3)}`,
    evidence: someLines(pairs.map((one) => waysText(analysis, one))),
    fix: `Give it routes to the blocks (hosts.${machine.name}.routes), make it a router with a backboneAddress, or route pods around it: another defaultRouter, or a higher cost on its segments.`,
  };
}

/** NE104: the underlay leads there, but the node does not learn the block. */
export const notPropagated: Check = (analysis) => {
  const without = analysis.pairs.filter(
    ({ from, ways, block }) =>
      ways.rib.routes(from.index).length === 0 &&
      leadsTo(analysis, from.index, block.node, block.prefix.family),
  );
  return [...grouped(without, regionsOf).values()].map((pairs): Found => {
    const [{ from, block }] = pairs as [Pair];
    const isMutual = pairs.some((pair) => regionOf(pair.from) !== regionOf(from));
    const isLost = pairs.some(({ fate }) => !isWhole(fate));
    const absences = whyWithout(analysis, from, block);
    const assumed = pairs.filter((pair) => pair.block.assumed).map((pair) => blockText(pair.block));
    const [here, there] = [regionOf(from), regionOf(pairs[0]?.to as Machine)];
    return {
      id: 'NE104',
      severity: isLost ? 'error' : 'warning',
      path: here === there ? placeOf(analysis, from) : ['regions', here],
      message:
        here === there
          ? `${nodeText(analysis, from.index)} has no route to the pods of ${someOf(targets(pairs), 3)}`
          : isMutual
            ? `nodes of the regions ${here} and ${there} have no routes to each other`
            : `nodes of region ${here} have no routes to those of region ${there}`,
      evidence: [
        ...someLines(absences.map(absenceText)),
        // A filter may permit some blocks and not others: it matters which blocks the nodes have.
        ...(assumed.length > 0 && isFiltered(absences)
          ? [`blocks: ${someOf([...new Set(assumed)], 3)}`]
          : []),
        ...(isLost
          ? someLines(
              pairs
                .filter(({ fate }) => !isWhole(fate))
                .map((pair) => `${pair.from.name} to ${pair.to.name}: ${firstLoss(analysis, pair)}`),
              3,
            )
          : ['packets still arrive over the default route, but that path is unprotected']),
      ],
      fix: fixFor(absences),
    };
  });
};

const isFiltered = (absences: readonly Absence[]): boolean =>
  absences.some((one) => 'refusal' in one && one.refusal === 'a BGPFilter rejects it');

/** The fix for what has to be fixed first. */
function fixFor(absences: readonly Absence[]): string {
  if (isFiltered(absences)) return 'Permit the block in the filter (calico.filters).';
  if (absences.some(({ kind }) => kind === 'no peering')) {
    return 'Give these routers a backboneAddress; with bgp.backboneMesh as a list, add their pair.';
  }
  return 'Fix what keeps these sessions down.';
}

const targets = (pairs: readonly Pair[]): string[] => [...new Set(pairs.map(({ to }) => to.name))];

const firstLoss = (analysis: Analysis, { ways, from }: Pair): string => {
  const { network, simulation } = analysis;
  const all = traces(network, simulation.underlay, ways, from.index);
  const wrong = all.find(({ end }) => end !== 'arrives') ?? all[0];
  return wrong === undefined ? '' : traceText(network, wrong);
};

function lostPairs(analysis: Analysis): Lost[] {
  const { network, simulation } = analysis;
  return analysis.pairs
    .filter(({ fate, from, to }) => !isWhole(fate) && isPlaced(analysis, from) && isPlaced(analysis, to))
    .map((pair): Lost => {
      const all = traces(network, simulation.underlay, pair.ways, pair.from.index);
      const trace = all.find(({ end }) => end !== 'arrives') as Trace;
      return { pair, trace, cause: causeOf(analysis, pair, trace) };
    });
}

/** Nothing is known about a machine on no segment, so it causes no finding here: NE406 reports it. */
const isPlaced = ({ network }: Analysis, { ports }: Machine): boolean =>
  !network.hasUnderlay || ports.length > 0;

function causeOf(analysis: Analysis, { ways, from, block }: Pair, trace: Trace): Lost['cause'] {
  if (trace.end === 'loops') return 'loop';
  const leads = leadsTo(analysis, from.index, block.node, block.prefix.family);
  if (leads && ways.rib.routes(from.index).length === 0) return 'not told';
  const last = analysis.network.machines[trace.machines.at(-1) ?? -1];
  if (trace.end === 'no route' && last?.kind === 'host') return 'hole';
  return trace.end === 'no route' && trace.machines.length > 1 && leads ? 'hole' : 'other';
}

/** Whether the underlay connects one node to the other's address. */
function leadsTo({ network, simulation }: Analysis, from: number, to: number, family: Family): boolean {
  const speaker = network.machines[to]?.speaker;
  const address = speaker?.kind === 'node' ? speaker.address[family]?.text : undefined;
  const index = network.named.addresses.get(address ?? '');
  return index !== undefined && simulation.underlay.reaches(from, index);
}

/** The machines of a loop, in their order. */
function circle({ machines }: Trace): number[] {
  const last = machines.at(-1) ?? -1;
  return machines.slice(machines.indexOf(last), -1);
}

const waysText = (analysis: Analysis, { pair, trace }: Lost): string => {
  const partly = pair.fate.arrives ? 'some packets of ' : '';
  return `${partly}${pair.from.name} to ${pair.to.name}: ${traceText(analysis.network, trace)}`;
};
