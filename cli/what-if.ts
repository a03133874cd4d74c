import { type Analysis, countPairs, type FailureReport } from '../analysis/index.ts';
import { columns } from './columns.ts';
import { counted, type Terminal } from './terminal.ts';

/** Every failure, or every two together, as a table: what each does to the pods. What changes nothing is only counted. */
export function whatIfText(
  analysis: Analysis,
  reports: readonly FailureReport[],
  colour: Terminal['colour'],
): string {
  const all = countPairs(analysis);
  const alone = new Map(
    reports.filter(({ failed }) => failed.length === 1).map((report) => [nameOf(report), report]),
  );
  // Of two failures together only what neither of them does alone is news.
  const news = reports.filter((report) => isNews(report, alone));
  const rows = news
    .filter(({ lost, worse }) => lost + worse > 0)
    .sort((a, b) => b.lost - a.lost || b.worse - a.worse || (nameOf(a) < nameOf(b) ? -1 : 1));
  const shown = rows.slice(0, MOST_ROWS);
  const quiet = reports.length - rows.length;
  const text = shown.map((report) => [
    `${report.failed.map(({ kind, name }) => `${kind} ${name}`).join(' + ')}${report.alike > 1 ? ` (and ${report.alike - 1} alike)` : ''}`,
    report.lost === 0 ? '-' : `${report.lost} of ${all}`,
    report.worse === 0 ? '-' : String(report.worse),
    report.moreHops === 0 ? '-' : `+${report.moreHops}`,
    report.lessMtu === 0 ? '-' : `-${report.lessMtu}`,
  ]);
  const lines = columns([['if this fails', 'pairs lost', 'worse', 'hops', 'MTU'], ...text]);
  return [
    ...lines.map((line, index) => (index === 0 ? colour.bold(line) : line)),
    ...(rows.length > shown.length ? [`and ${rows.length - shown.length} more; --json has them all`] : []),
    `${counted(quiet, 'other failure')} ${quiet === 1 ? 'changes' : 'change'} nothing${reports.length > alone.size ? ' more' : ''}.`,
  ].join('\n');
}

const MOST_ROWS = 60;

const nameOf = ({ failed }: FailureReport): string => failed.map(({ name }) => name).join(' + ');

function isNews({ failed, lost, worse }: FailureReport, alone: ReadonlyMap<string, FailureReport>): boolean {
  if (failed.length === 1) return true;
  const parts = failed.flatMap(({ name }) => alone.get(name) ?? []);
  const sum = (of: (report: FailureReport) => number) => parts.reduce((all, part) => all + of(part), 0);
  return lost > sum((part) => part.lost) || (lost === 0 && worse > sum((part) => part.worse));
}
