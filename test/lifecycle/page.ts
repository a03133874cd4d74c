import { readFileSync } from 'node:fs';
import type { Rehearsal } from '../../lab/index.ts';
import type { Review } from '../../review/index.ts';
import type { Step, Story } from './story.ts';

/** The test writes what is between these lines with NOENCAP_WRITE_PAGE=1; people write the rest of the page. */
const begin = ({ name }: Story) => `<!-- what the lab measured: ${name} -->\n`;
const END = '<!-- its end -->\n';

/** The result of a step in the lab. */
export interface Gone {
  readonly step: Step;
  readonly review: Review;
  readonly rehearsal: Rehearsal;
}

/** The page with its measurements replaced by these. */
export function pageWith(story: Story, gone: readonly Gone[]): string {
  const [before, , after] = parts(story);
  return `${before}\n${table(gone)}\n\n${after}`;
}

/** The page's table of the story without its measured numbers, which differ in every run. */
export const tableOf = (story: Story): string => masked(parts(story)[1]);

export const masked = (text: string): string => text.replace(/\d+ of \d+|\d+ ms/g, '…').trim();

export function table(gone: readonly Gone[]): string {
  const rows = gone.map(({ step, review, rehearsal }, index) => [
    `${index + 1}. ${step.does}`,
    `${FIRST[delivered(review)]}${installed(review)}`,
    sessionsOf(rehearsal),
    allowed(step),
    lostIn(rehearsal),
  ]);
  const head = ['step', 'who gets it', 'sessions', 'may lose', 'the lab lost'];
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(head), `|${'---|'.repeat(head.length)}`, ...rows.map(line)].join('\n');
}

/** The `diff` blocks above the story's table and below that of another story. */
export function diffsOf(story: Story): string[] {
  const [before] = parts(story);
  const own = before.slice(before.lastIndexOf(END) + 1);
  return [...own.matchAll(/^```diff\n([\s\S]*?)^```$/gm)].map(([, text = '']) => text);
}

function parts(story: Story): [before: string, table: string, after: string] {
  const page = readFileSync(story.page, 'utf8');
  const from = page.indexOf(begin(story));
  const to = page.indexOf(END, from);
  if (from === -1 || to === -1) throw new Error(`${story.page} has no place for ${begin(story).trim()}`);
  const inside = from + begin(story).length;
  return [page.slice(0, inside), page.slice(inside, to), page.slice(to)];
}

type Delivered = Review['order']['first'] | 'only routers' | 'only cluster' | 'nobody';

function delivered({ order, objects, files }: Review): Delivered {
  const routers = files.some(({ path }) => path.startsWith('routers/'));
  const cluster = objects.length > 0;
  if (routers && cluster) return order.first;
  return routers ? 'only routers' : cluster ? 'only cluster' : 'nobody';
}

const FIRST: Readonly<Record<Delivered, string>> = {
  either: 'routers and cluster, in any order',
  routers: 'routers, then cluster',
  cluster: 'cluster, then routers',
  apart: 'routers and cluster, as close together as can be',
  'only routers': 'routers',
  'only cluster': 'cluster',
  nobody: 'nobody',
};

/** Nodes whose own K3s configuration is changed or new. */
function installed({ files }: Review): string {
  const own = files.filter(
    ({ path, change }) => /^nodes\/[^/]+\/config\.yaml$/.test(path) && change !== 'deleted',
  );
  return own.length === 0 ? '' : `; install.sh on ${own.length === 1 ? 'one node' : `${own.length} nodes`}`;
}

function sessionsOf({ sessions }: Rehearsal): string {
  const counts = (['new', 'reset', 'gone', 'kept'] as const)
    .map((what) => [what, sessions.filter(({ change }) => change === what).length] as const)
    .filter(([, count]) => count > 0);
  return counts.map(([what, count]) => `${count} ${what}`).join(', ');
}

function allowed({ loses }: Step): string {
  if (loses === 'none') return 'nothing';
  const pairs = loses.pairs === 'all' ? 'all pairs' : loses.pairs.join(', ');
  return `${pairs}, because ${loses.because}`;
}

function lostIn({ pairs }: Rehearsal): string {
  const sum = (key: 'sent' | 'lost') => pairs.reduce((all, pair) => all + pair[key], 0);
  const gap = Math.max(0, ...pairs.map((pair) => pair.gap));
  return `${sum('lost')} of ${sum('sent')} packets, ${gap} ms in a row`;
}
