import {
  type Analysis,
  type ChangedPair,
  countPairs,
  type FailureReport,
  type Finding,
} from '../analysis/index.ts';
import { RECOVERY_WAIT } from '../fabric/index.ts';
import { NOENCAP } from '../topology/own-command.ts';
import { columns } from './columns.ts';
import { counted, type Terminal } from './terminal.ts';

/** Every failure, or every two together, as a table: what each does to the pods. What changes nothing is only counted. */
export function whatIfText(
  analysis: Analysis,
  reports: readonly FailureReport[],
  colour: Terminal['colour'],
): string {
  const all = countPairs(analysis);
  const rows = newEffects(reports);
  const shown = rows.slice(0, MOST_ROWS);
  const quiet = reports.length - rows.length;
  const text = shown.map((report) => [
    nameOf(report),
    report.lost === 0 ? '-' : `${report.lost} of ${all}`,
    report.worse === 0 ? '-' : String(report.worse),
    report.moreHops === 0 ? '-' : `+${report.moreHops}`,
    report.lessMtu === 0 ? '-' : `-${report.lessMtu}`,
  ]);
  const lines = columns([['if this fails', 'pairs lost', 'worse', 'hops', 'MTU'], ...text]);
  const isOfTwo = reports.some(({ failed }) => failed.length > 1);
  return [
    ...lines.map((line, index) => (index === 0 ? colour.bold(line) : line)),
    ...(rows.length > shown.length ? [`and ${rows.length - shown.length} more; --json has them all`] : []),
    `${counted(quiet, 'other failure')} ${quiet === 1 ? 'changes' : 'change'} nothing${isOfTwo ? ' more' : ''}.`,
    ...waitingText(reports),
  ].join('\n');
}

/** Redundancy does not help against it, so that it is said of failures that change nothing as well. */
function waitingText(reports: readonly FailureReport[]): string[] {
  const most = Math.max(...reports.map(({ waiting }) => waiting), 0);
  if (most === 0) return [];
  const causes = reports.filter(({ waiting }) => waiting > 0).length;
  return [
    `With ${causes} of them at least one node lacks a peer (at most ${counted(most, 'node')}). If its BIRD restarts meanwhile, it waits ${RECOVERY_WAIT} s for that peer and hides the node's pods: see docs/checks/NE208.md.`,
  ];
}

const MOST_ROWS = 60;

/** How many pairs one of them names. */
const MOST_PAIRS = 6;

/**
 * The same for SARIF and annotations, which have a place in the topology each: what single things break is NE201's already, so
 * these are of sessions and of two failures together.
 */
export function whatIfFindings(analysis: Analysis, reports: readonly FailureReport[]): Finding[] {
  const all = countPairs(analysis);
  return newEffects(reports)
    .filter(({ failed: [first, ...more] }) => more.length > 0 || first?.kind === 'session')
    .map((report) => ({
      id: 'what-if',
      severity: 'info',
      path: placeOf(analysis, report),
      message: `without ${nameOf(report)} ${report.lost} of ${all} pairs of nodes lose packets, and ${report.worse} get worse paths`,
      evidence: report.changes
        .slice(0, MOST_PAIRS)
        .map(({ from, to, becomes }) => `${from} to ${to}: ${becomes}`),
      fix: `See ${NOENCAP} check --failures for all of them.`,
      suppressed: undefined,
    }));
}

/** The place of the first failure; a session has that of its first end. */
function placeOf({ fabric, network }: Analysis, { failed: [first] }: FailureReport): Finding['path'] {
  if (first === undefined) return [];
  if (first.kind === 'segment') return ['underlay', 'segments', first.name];
  const session = network.links.find((link) => link.session.id === first.name)?.session;
  const name = session?.ends[0].speaker ?? first.name;
  const machines = [...fabric.routers, ...fabric.nodes, ...fabric.hosts];
  return machines.find((machine) => machine.name === name)?.path ?? [];
}

/** Failures with an effect, the worst first. For two failures together, only effects that neither has alone. */
function newEffects(reports: readonly FailureReport[]): FailureReport[] {
  const alone = new Map(
    reports.flatMap(({ failed, changes }) =>
      failed.length === 1 ? [[failed[0]?.name, effects(changes)]] : [],
    ),
  );
  return reports
    .filter(({ failed, changes }) => {
      if (failed.length === 1) return changes.length > 0;
      const effectsAlone = failed.map(({ name }) => alone.get(name));
      return [...effects(changes)].some((effect) => !effectsAlone.some((one) => one?.has(effect)));
    })
    .map((report) => ({ report, name: report.failed.map(({ name }) => name).join(' + ') }))
    .sort(
      (a, b) =>
        b.report.lost - a.report.lost || b.report.worse - a.report.worse || (a.name < b.name ? -1 : 1),
    )
    .map(({ report }) => report);
}

const effects = (changes: readonly ChangedPair[]): ReadonlySet<string> =>
  new Set(changes.map(({ from, prefix, becomes }) => `${from} ${prefix} ${becomes === 'worse'}`));

const nameOf = ({ failed, alike }: FailureReport): string =>
  `${failed.map(({ kind, name }) => `${kind} ${name}`).join(' + ')}${alike > 1 ? ` (and ${alike - 1} alike)` : ''}`;
