import { readFileSync } from 'node:fs';
import { STEPS } from '../../../delivery/journal.ts';
import type { Row } from './story.ts';

export const PAGE = 'docs/reliability.md';

/** The test of faults writes what is between these lines; people write the rest of the page. */
const [BEGIN, END] = ['<!-- what the test of faults saw -->\n', '<!-- its end -->\n'];

/** The page with its rows replaced by those of this run. */
export function pageWith(rows: readonly Row[]): string {
  const page = readFileSync(PAGE, 'utf8');
  const [before, after] = [page.indexOf(BEGIN), page.indexOf(END)];
  if (before === -1 || after === -1) throw new Error(`${PAGE} has no place for what the test saw`);
  const kills = rows.filter(({ ship }) => ship === 'killed');
  const others = rows.filter(({ ship }) => ship !== 'killed');
  const text = [
    '## Faults',
    table(
      ['fault', 'ship ends with', 'the router right after', 'pods', 'the next ship'],
      others.map(({ fault, ship, router, pods, next }) => [fault, ship, router, pods, next]),
    ),
    '## Ship killed at every step',
    table(
      ['ship is killed', 'the router right after', 'pods', 'the next ship'],
      [...kills]
        .sort((a, b) => stepOf(a) - stepOf(b))
        .map(({ fault, router, pods, next }) => [fault, router, pods, next]),
    ),
  ].join('\n\n');
  return `${page.slice(0, before + BEGIN.length)}\n${text}\n\n${page.slice(after)}`;
}

const stepOf = ({ fault }: Row): number => STEPS.findIndex((step) => new RegExp(`\\b${step}\\b`).test(fault));

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(head), `|${'---|'.repeat(head.length)}`, ...rows.map(line)].join('\n');
}
