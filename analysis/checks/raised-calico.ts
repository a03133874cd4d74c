import { carriesMetric, FIRST_WITH_METRIC } from '../../fabric/index.ts';
import { type Analysis, analyse, type Pair } from '../analysis.ts';
import { andMore, type Check, nodeText } from '../finding.ts';
import { verdictOf } from '../simulator/policy.ts';
import { linksUsed, traces, traceText } from '../trace.ts';

/**
 * NE413: what raising Calico to v3.32 does to the ways of packets, before anybody does it. A block has one origin, and all paths to
 * it the LOCAL_PREF that this gave them: only where a BGPFilter lets some of them out earlier than others do they come apart.
 */
export const raisedCalico: Check = (analysis) => {
  const { fabric, network } = analysis;
  if (carriesMetric(fabric)) return [];
  const early = fabric.calico.filters.filter((filter) =>
    network.blocks.some(({ prefix }) => verdictOf([filter], 'export', prefix) === 'Accept'),
  );
  const [first] = early;
  if (first === undefined) return [];
  const raised = analyse(
    { ...fabric, calico: { ...fabric.calico, version: FIRST_WITH_METRIC } },
    [],
    analysis.split,
  );
  const after = new Map(raised.pairs.map((pair) => [keyOf(pair), pair]));
  const moved = analysis.pairs.flatMap((pair): [Pair, Pair][] => {
    const then = after.get(keyOf(pair));
    return then === undefined || linksOf(analysis, pair) === linksOf(raised, then) ? [] : [[pair, then]];
  });
  const [example] = moved;
  if (example === undefined) return [];
  const [now, then] = example;
  return [
    {
      id: 'NE413',
      severity: 'info',
      path: [...first.path, 'export'],
      says: `with Calico v3.32 packets from ${nodeText(analysis, now.from.index)} to ${nodeText(analysis, now.to.index)}${andMore(moved.length - 1, 'pair')} take other ways`,
      evidence: [
        `now: ${waysText(analysis, now)}`,
        `then: ${waysText(raised, then)}`,
        `${early.map(({ name }) => `filter ${name}`).join(' and ')} would let blocks out with LOCAL_PREF 100, and all other sessions with 2147482623`,
      ],
      mend: 'Reject what must not leave, and leave the rest to Calico, before calico.version is raised.',
    },
  ];
};

const keyOf = ({ from, block }: Pair): string => `${from.name} ${block.prefix.text}`;

const linksOf = ({ network }: Analysis, { ways, from }: Pair): string =>
  [...linksUsed(network, ways, from.index)].sort().join();

/** The first few, which is enough to see where they part. */
const MOST_SHOWN = 4;

function waysText({ network, simulation }: Analysis, { ways, from }: Pair): string {
  const found = traces(network, simulation.underlay, ways, from.index).map((one) => traceText(network, one));
  const all = [...new Set(found)];
  return `${all.slice(0, MOST_SHOWN).join(', or ')}${all.length > MOST_SHOWN ? ', or others' : ''}`;
}
